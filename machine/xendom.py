# SPDX-License-Identifier: GPL-2.0
"""A domain on Debian's Xen, in the emulated machine.

Xen boots with the stock kernel as its domain 0, whose initramfs holds Xen's own
toolstack (xen.sh) and one more domain, which is unprivileged as ours are. xen-init
is its PID 1.
"""

import os
import subprocess
import tempfile

import console
import images
import vm
from cpio import Cpio

LEG = "amd64"
XEN_ARGS = "com1=115200,8n1 console=com1 dom0_mem=512M dom0_max_vcpus=1 noreboot guest_loglvl=all"
DOMAIN_0_ARGS = "console=hvc0 quiet panic=-1"
CONFIG = """\
type = "pv"
name = "guest"
kernel = "/guest/kernel"
memory = %d
vcpus = 1
extra = "%s"
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
"""


def folder():
    """Where Xen and its toolstack are, fetched if need be."""
    out = subprocess.run([os.path.join(images.MACHINE, "xen.sh")], check=True,
                         stdout=subprocess.PIPE, encoding="ascii").stdout
    return out.strip()


def machine_command(kernel, args, initrd, mem="1G"):
    """QEMU with the processor that all measurements are made on."""
    config = vm.peers_config(LEG)
    return [config.qemu, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-nic", "none", "-accel", "tcg", "-cpu", config.cpu,
            "-smp", "1", "-m", mem, "-serial", "stdio",
            "-kernel", kernel, "-append", args, "-initrd", initrd]


def xen_command(kernel, args, initrd):
    """The same with Xen, and this kernel as domain 0 on top of it."""
    # A comma in the arguments of a multiboot module is written twice.
    module = "%s %s,%s" % (kernel, args.replace(",", ",,"), initrd)
    return machine_command(os.path.join(folder(), "xen"), XEN_ARGS, module)


def _initramfs(xen, config, kernel, ramdisk, answer):
    image = Cpio()
    for name in ("dev", "proc", "sys", "tmp", "run", "root", "sbin", "var",
                 "usr/bin", "usr/sbin"):
        image.folder(name)
    image.device("dev/console", 5, 1)
    image.file("bin/busybox", os.path.join(xen, "busybox"))
    image.file("init", os.path.join(images.MACHINE, "xen-init"))
    image.tree("", os.path.join(xen, "root"))
    image.tree("lib/modules", os.path.join(xen, "ko"))
    image.file("lib/modules/order", os.path.join(xen, "modules"))
    image.file("guest/kernel", kernel)
    if ramdisk:
        image.file("guest/ramdisk", ramdisk)
        config += 'ramdisk = "/guest/ramdisk"\n'
    image.data("etc/xen/xl.conf", "")
    image.data("job/domain", config)
    image.data("job/answer", " ".join(answer) + "\n")
    return image.bytes()


def run(kernel, args, log, seconds, ramdisk=None, memory=256, answer=()):
    """The lines that a domain with this kernel said. `answer`: the first words
    of those that want a newline."""
    xen = folder()
    with tempfile.NamedTemporaryFile(prefix="lguest-xen.") as initrd:
        initrd.write(_initramfs(xen, CONFIG % (memory, args), kernel, ramdisk,
                                answer))
        initrd.flush()
        said = list(console.lines(xen_command(os.path.join(xen, "vmlinuz"),
                                              DOMAIN_0_ARGS, initrd.name),
                                  log, seconds))
    if "domain begins" not in said or "domain ends" not in said:
        raise RuntimeError("the domain did not come to its end (see %s)" % log)
    return said[said.index("domain begins") + 1:said.index("domain ends")]
