# SPDX-License-Identifier: GPL-2.0
"""The machine: QEMU with a stock Debian host kernel and our initramfs.

Nothing here needs root or a virtualization-capable CPU: ACCEL is tcg unless
the environment says otherwise.  Four serial ports keep apart what must not
mix: the terminal (or standard output), the kernel log, the verdicts (a
socket of ours) and standard error.  See host-init for the other end.

Environment: ACCEL (tcg, kvm), CPU, MEM, SMP, HOST_APPEND, HOST_KERNEL, KVM,
LG_PARAMS, QEMU_ARGS, EMULATOR; `make help` says more.
"""

import ctypes
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile

import images

LOG = os.path.join(images.TOP, "build", "log")
PR_SET_PDEATHSIG = 1
BOCHS_CPU = "broadwell_ult"     # has SMEP, SMAP and PCID, needs PTI

# QEMU's own emulation faults on `iretq` in user mode while SMAP is on, and lg.ko
# knows nothing of five-level page tables. REP STOSB takes it as long for a byte as
# REP STOSQ for eight, so let nobody choose that where both will do (ERMS).
LEGS = {
    "i386": {"qemu": "qemu-system-i386", "cpu": "max",
             "append": "reservetop=4M"},
    "amd64": {"qemu": "qemu-system-x86_64", "append": "",
              "cpu": "max,la57=off,smap=off,erms=off"},
}
# What the benchmark's peers were measured on.
PEERS_CPU = {"i386": "max", "amd64": "max,la57=off,smap=off"}


def number(name, default, kind=int):
    """One above 0, from the environment."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        value = 0
    if not 0 < value < 1000000:
        sys.exit("lguest: %s=%s is not a number above 0" % (name, text))
    return value


class Config:
    """What a machine is made of; the defaults come from the environment.
    `host` is the kernel's name for host.sh, the leg's own if absent."""

    def __init__(self, leg, append=None, smp=None, mem=None, share=None,
                 params=None, icount=False, host=None, cpu=None, kvm=False,
                 emulator=None):
        env = os.environ.get
        kernel = env("HOST_KERNEL")
        self.leg = leg
        self.host = host or (leg + "-" + kernel if kernel else leg)
        if not os.path.isdir(images.host_dir(self.host)):
            raise RuntimeError("no host kernel `%s` here; HOST= and HOST_KERNEL= "
                               "choose it, see `make help`" % self.host)
        self.qemu = LEGS[leg]["qemu"]
        self.accel = env("ACCEL") or "tcg"
        self.emulator = emulator or env("EMULATOR") or "qemu"
        if self.emulator not in ("qemu", "bochs"):
            raise RuntimeError("EMULATOR=%s is unknown; there are qemu and bochs"
                               % self.emulator)
        if self.emulator == "bochs":
            self.cpu = env("BOCHS_CPU") or cpu or BOCHS_CPU
        else:
            self.cpu = cpu or env("CPU") or LEGS[leg]["cpu"]
        self.kvm = kvm or env("KVM") == "1"
        self.smp = smp or number("SMP", 1)
        self.mem = mem or env("MEM") or "1G"
        if not re.fullmatch("[1-9][0-9]*[MG]", self.mem):
            raise RuntimeError("MEM=%s is not a size; say 512M or 2G" % self.mem)
        if append is None:
            append = env("HOST_APPEND", LEGS[leg]["append"])
        self.append = append
        self.share = share
        self.params = env("LG_PARAMS", "") if params is None else params
        self.icount = icount
        try:
            self.extra = shlex.split(env("QEMU_ARGS", ""))
        except ValueError as error:
            raise RuntimeError("QEMU_ARGS=%s: %s"
                               % (env("QEMU_ARGS"), error)) from None

    def mib(self):
        """The memory's size in MiB."""
        return int(self.mem[:-1]) * {"M": 1, "G": 1024}[self.mem[-1]]


def peers_config(leg):
    """The benchmark's: one processor, that of its peers unless CPU= says another."""
    return Config(leg, smp=1, cpu=os.environ.get("CPU") or PEERS_CPU[leg])


# Found before there are threads: a child of one may not look for it.
_prctl = ctypes.CDLL(None).prctl


def die_with_parent():
    """For a child process: the end of the thread that made it is its own."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Machine:
    """One boot.  `terminal`: this terminal is the machine's; otherwise its
    output is read from `stdout` and `stderr` (non-blocking files)."""

    def __init__(self, config, job, terminal=False, log="host.log"):
        os.makedirs(LOG, exist_ok=True)
        self.log = os.path.join(LOG, log)
        self.terminal = terminal
        self.folder = tempfile.TemporaryDirectory(prefix="lguest-vm.")
        self.stdout = self.stderr = None
        self.control = self._listen("control")
        self._out = None if terminal else self._listen("out")
        self._err = self._listen("err")

        env = dict(job.pop("env", {}))
        env.setdefault("LG_PARAMS", config.params)
        env["SHARE"] = "1" if config.share else ""
        env["KVM"] = "1" if config.kvm else ""
        job["env"] = "".join("%s=%s\n" % (name, shlex.quote(str(value)))
                             for name, value in env.items())
        initramfs = os.path.join(self.folder.name, "initramfs")
        with open(initramfs, "wb") as out:
            out.write(images.host_initramfs(config.leg, config.host, job))

        self.process = subprocess.Popen(
            self._command(config, initramfs),
            stdin=None if terminal else subprocess.DEVNULL,
            stdout=None if terminal else subprocess.DEVNULL,
            stderr=open(self.log + ".qemu", "wb"),
            preexec_fn=die_with_parent)
        self.control = self._accept(self.control)
        if not terminal:
            self.stdout = self._accept(self._out)
        self.stderr = self._accept(self._err)

    def qmp_path(self):
        return self._path("qmp")

    def _path(self, name):
        return os.path.join(self.folder.name, name)

    def _listen(self, name):
        server = socket.socket(socket.AF_UNIX)
        server.bind(self._path(name))
        server.listen(1)
        server.settimeout(0.2)
        return server

    def _accept(self, server):
        """QEMU connects when it starts, or dies and says why."""
        while True:
            try:
                connection, _ = server.accept()
                break
            except socket.timeout:
                if self.process.poll() is not None:
                    with open(self.log + ".qemu", encoding="utf-8") as log:
                        raise RuntimeError("QEMU: " + log.read().strip()) from None
        server.close()
        connection.setblocking(False)
        return connection

    @staticmethod
    def command_line(config):
        return "console=ttyS1,115200 panic=-1 " + config.append

    def _command(self, config, initramfs):
        host = images.host_dir(config.host)
        accel = config.accel
        if accel == "tcg" and config.smp > 1 and not config.icount:
            accel = "tcg,thread=multi"
        command = [
            config.qemu, "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot", "-nic", "none",
            "-name", "lguest-host", "-accel", accel, "-cpu", config.cpu,
            "-smp", str(config.smp), "-m", config.mem,
            "-kernel", os.path.join(host, "vmlinuz"), "-initrd", initramfs,
            "-append", self.command_line(config),
            "-chardev", "stdio,id=tty,signal=off" if self.terminal else
            "socket,id=tty,path=" + self._path("out"),
            "-serial", "chardev:tty",
            "-serial", "file:" + self.log,
            "-chardev", "socket,id=control,path=" + self._path("control"),
            "-serial", "chardev:control",
            "-chardev", "socket,id=err,path=" + self._path("err"),
            "-serial", "chardev:err",
            "-qmp", "unix:" + self._path("qmp") + ",server=on,wait=off",
        ]
        if config.icount:
            command += ["-icount", "shift=0,sleep=off"]
        if config.share:
            # The other model tells by a loop in AML where interrupts of PCI go: half a
            # minute there, and ACPICA gives up after that. No routes, no share.
            if config.host.endswith("-debug"):
                command += ["-machine", "q35"]
            command += [
                "-fsdev", "local,id=share,security_model=none,path="
                + os.path.abspath(config.share).replace(",", ",,"),
                "-device", "virtio-9p-pci,fsdev=share,mount_tag=share"]
        return command + config.extra

    def end(self):
        """Power off the hard way; harmless when it is off already."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        for each in (self.control, self.stdout, self.stderr):
            if each:
                each.close()
        self.folder.cleanup()
