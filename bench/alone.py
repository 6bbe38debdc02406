# SPDX-License-Identifier: GPL-2.0
"""The guest's kernel alone: the same boot on the emulated machine itself, without host
and hypervisor. What a guest's boot is compared with."""

import contextlib
import os

import console
import images
import vm
from section import Section

SECONDS = 120
# How each kernel gets a console there, for which ops.c waits.
LEGS = {
    "i386": {"kernel": lambda: os.path.join(images.build_dir("i386"), "guest",
                                            "bzImage"),
             "tty": "hvc0",
             "console": ["-device", "virtio-serial-pci,disable-legacy=on",
                         "-chardev", "stdio,id=console",
                         "-device", "virtconsole,chardev=console"]},
    "amd64": {"kernel": lambda: os.path.join(images.cache_dir(), "kernels",
                                             "vmlinuz"),
              "tty": "ttyS0", "console": ["-serial", "stdio"]},
}


def _command(config, mib, initrd):
    leg = LEGS[config.leg]
    return [config.qemu, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-nic", "none", "-accel", "tcg", "-cpu", config.cpu,
            "-smp", "1", "-m", "%dM" % mib, "-kernel", leg["kernel"](),
            "-append", "console=%s quiet panic=-1 bench_console=%s bench=nothing"
            % (leg["tty"], leg["tty"]),
            "-initrd", initrd] + leg["console"] + config.extra


def uptime(config, mib, prepare=lambda pid: None):
    """Seconds of its clock when its user space began."""
    section = Section()
    log = os.path.join(vm.LOG, "bench-alone-%s.log" % config.leg)
    command = _command(config, mib, images.bench_initrd(config.leg))
    with contextlib.closing(console.lines(command, log, SECONDS,
                                          began=prepare)) as lines:
        while section.uptime is None:
            line = next(lines, None)
            if line is None:
                raise RuntimeError("the guest's kernel alone did not boot in %d s "
                                   "(see %s)" % (SECONDS, log))
            if line:
                section.read(line)
    return section.uptime / 1e9
