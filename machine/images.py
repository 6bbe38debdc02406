# SPDX-License-Identifier: GPL-2.0
"""What the machines find at boot: the host's root file system and the guest's.

Both are a static busybox and a shell script as PID 1.  The host gets
whatever has been built so far, so that a part can be tried alone.
"""

import os
import sys

from cpio import Cpio

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MACHINE = os.path.join(TOP, "machine")

# What a script here is about unless told by --leg.
DEFAULT_LEG = os.environ.get("LEG") or "amd64"

# The kernel in /guest that is the guest unless told otherwise.  By the name
# guest-run knows how many consoles a kernel has.
GUEST_KERNEL = {"i386": "vmlinux", "amd64": "vmlinuz"}


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "lguest")


def host_dir(host):
    """The folder that `host.sh HOST` prepared."""
    return os.path.join(cache_dir(), "host", host)


def build_dir(leg):
    return os.path.join(TOP, "build", leg)


def _kernels(leg):
    """Files of /guest: the kernels that run there."""
    build, stock = build_dir(leg), os.path.join(cache_dir(), "kernels")
    if leg == "i386":
        return {"vmlinux": os.path.join(build, "guest/vmlinux"),
                "bzImage": os.path.join(build, "guest/bzImage")}
    return {"vmlinuz": os.path.join(stock, "vmlinuz"),
            "vmlinuz-6.12": os.path.join(stock, "vmlinuz-6.12"),
            "grub": os.path.join(stock, "grub"),
            "vmlinuz-generic": os.path.join(host_dir(leg), "vmlinuz")}


def own_kernel(leg):
    """The name in /guest of the user's kernel, if there is one."""
    path = os.environ.get("GUEST_KERNEL")
    if path and not os.path.isfile(path):
        sys.exit("lguest: GUEST_KERNEL=%s is not a file" % path)
    return path and GUEST_KERNEL[leg] + "-own"


def _base(leg, init):
    image = Cpio()
    for name in ("dev", "proc", "sys", "tmp", "run", "mnt", "root", "sbin",
                 "usr/bin", "usr/sbin"):
        image.folder(name)
    image.device("dev/console", 5, 1)
    image.file("bin/busybox", os.path.join(host_dir(leg), "busybox"))
    image.file("init", os.path.join(MACHINE, init))
    image.data("etc/passwd", "root::0:0:root:/root:/bin/sh\n"
                             "nobody:x:65534:65534:nobody:/:/bin/sh\n")
    image.data("etc/group", "root:x:0:\nnogroup:x:65534:\n")
    image.data("etc/hosts", "127.0.0.1 localhost\n")
    return image


def guest_initrd(leg):
    return _base(leg, "guest-init").bytes()


def bench_initrd(leg):
    """A file whose /init is the benchmark: see bench/ops.c."""
    folder = os.path.join(build_dir(leg), "bench")
    path = os.path.join(folder, "initrd")
    image = Cpio()
    image.folder("dev")
    image.device("dev/console", 5, 1)
    image.file("init", os.path.join(folder, "ops"))
    with open(path, "wb") as out:
        out.write(image.bytes())
    return path


def _modules(image, host, which):
    """The kernel modules that the list `which` of the host names."""
    order = []
    with open(os.path.join(host, which), encoding="ascii") as modules:
        for path in modules.read().split():
            name = os.path.basename(path)
            image.file("lib/modules/" + name, os.path.join(host, "ko", path))
            order.append(name)
    image.data("lib/modules/order." + which,
               "".join(name + "\n" for name in order))


def host_initramfs(leg, host, job):
    """For the machine `host` of a leg; `job` is what to do there: file name ->
    text, found under /job."""
    build, suffix = build_dir(leg), host[len(leg):]
    host = host_dir(host)
    image = _base(leg, "host-init")
    image.data("etc/hostname", "host\n")
    image.data("etc/profile", "export PATH=/bin:/sbin:/usr/bin:/usr/sbin\n"
                              "export HOME=/root PS1='host# '\n")
    image.file("bin/guest-run", os.path.join(MACHINE, "guest-run"))
    image.file("bin/run-cases", os.path.join(MACHINE, "run-cases"))

    _modules(image, host, "modules")
    if os.path.exists(os.path.join(host, "kvm")):
        _modules(image, host, "kvm")

    built = {"lib/lg.ko": "module%s/lg.ko" % suffix,
             "bin/lguest": "launcher/lguest",
             "bin/unframe": "machine/unframe",
             "bin/run-guest": "tests/host/run-guest"}
    files = {name: os.path.join(build, path) for name, path in built.items()}
    for name, path in _kernels(leg).items():
        files["guest/" + name] = path
    if own_kernel(leg):
        files["guest/" + own_kernel(leg)] = os.environ["GUEST_KERNEL"]
    for name, path in files.items():
        if os.path.exists(path):
            image.file(name, path)
    image.data("guest/initrd", guest_initrd(leg))

    for name in ("guests", "host"):
        image.tree("tests/" + name, os.path.join(build, "tests", name))
    image.tree("tests/linux", os.path.join(build, "tests/linux"))
    image.tree("tests/scripts", os.path.join(TOP, "tests"), ".sh")
    image.tree("bench", os.path.join(build, "bench"))

    for name, text in job.items():
        image.data("job/" + name, text)
    return image.bytes()
