# SPDX-License-Identifier: GPL-2.0
"""The machine once more, in Bochs: slower than QEMU by far, and stricter.

Bochs checks segment limits and types, keeps global TLB entries, has PCID, SMEP,
SMAP and CET where its model of a CPU has them, and refuses what is not canonical.
The kernel, the initramfs and what goes through the four serial ports are those
of vm.py. The kernel is unpacked here, where it takes a second and not
minutes, so what starts it is bochs-boot.S and no boot loader.

Environment: BOCHS_CPU (a model: `bochs -help cpu`; not all boot a stock kernel).
"""

import lzma
import os
import socket
import struct
import subprocess

import images
import vm

SECTOR = 512
MIB = 1024 * 1024
IPS = 50_000_000        # so many instructions are a second in the machine

# A reset is the end, and the kernel's own tests of RSA take ten minutes. Models of
# CPUs of 2015 and later tell the frequency of the real one's TSC: a second would be
# as long as fifty.
APPEND = "reboot=triple cryptomgr.notests tsc_early_khz=%d" % (IPS // 1000)

# Places in the boot sector.
ENTRY, PARTS = 0x1b0, 0x1bc
# Places in memory.
PAGE_TABLES, BOOT_PARAMS, COMMAND_LINE = 0x70000, 0x90000, 0x91000
# Bochs' BIOS: the end of conventional memory, and ACPI's tables at the top.
LOW_END, ACPI_SIZE = 0x9f000, 0x10000
E820_RAM, E820_RESERVED, E820_ACPI = 1, 2, 3
PT_LOAD = 1

CONFIG = """\
display_library: term
memory: guest={mem}, host={mem}
cpu: model={cpu}, count=1, ips={ips}, reset_on_triple_fault=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0-master: type=disk, mode=flat, path={disk}, \
cylinders={cylinders}, heads=16, spt=63
boot: disk
{serial}
log: {log}.bochs
panic: action=fatal
error: action=report
info: action=ignore
clock: sync=none, time0=utc
plugin_ctrl: sb16=0, es1370=0, speaker=0, gameport=0, parallel=0
sound: waveoutdrv=dummy
"""


def _unpack(bzimage):
    """The ELF image in a bzImage of Debian's: xz, and lately zstd."""
    start = (bzimage[0x1f1] + 1) * SECTOR
    offset, length = struct.unpack_from("<II", bzimage, 0x248)
    payload = bzimage[start + offset:start + offset + length - 4]
    if payload.startswith(b"\xfd7zXZ"):
        return lzma.decompress(payload)
    return subprocess.run(["zstd", "-dc"], input=payload, check=True,
                          stdout=subprocess.PIPE).stdout


def _segments(elf):
    """Entry point, and (address, bytes) of what is to be loaded."""
    if elf[4] == 2:
        entry, table = struct.unpack_from("<QQ", elf, 24)
        size, count = struct.unpack_from("<HH", elf, 54)
        # type, (flags), offset, (virtual address), address, size
        layout, fields = "<IIQQQQ", (0, 2, 4, 5)
    else:
        entry, table = struct.unpack_from("<II", elf, 24)
        size, count = struct.unpack_from("<HH", elf, 42)
        layout, fields = "<IIIII", (0, 1, 3, 4)
    loaded = []
    for at in range(table, table + size * count, size):
        header = struct.unpack_from(layout, elf, at)
        kind, offset, address, length = (header[each] for each in fields)
        if kind == PT_LOAD:
            loaded.append((address, elf[offset:offset + length]))
    return entry, loaded


def _boot_params(bzimage, mem, initramfs):
    """What a boot loader tells the kernel; initramfs is (address, bytes)."""
    params = bytearray(4096)
    end = 0x202 + bzimage[0x201]
    params[0x1f1:end] = bzimage[0x1f1:end]
    params[0x210] = 0xff        # a loader of no name
    struct.pack_into("<II", params, 0x218, initramfs[0], len(initramfs[1]))
    struct.pack_into("<I", params, 0x228, COMMAND_LINE)
    ranges = [(0, LOW_END, E820_RAM), (LOW_END, MIB, E820_RESERVED),
              (MIB, mem - ACPI_SIZE, E820_RAM), (mem - ACPI_SIZE, mem, E820_ACPI)]
    params[0x1e8] = len(ranges)
    for number, (start, end, kind) in enumerate(ranges):
        struct.pack_into("<QQI", params, 0x2d0 + 20 * number,
                         start, end - start, kind)
    return bytes(params)


def _page_tables():
    """The first GiB where it is, in pages of 2 MiB."""
    tables = bytearray(3 * 4096)
    struct.pack_into("<Q", tables, 0, PAGE_TABLES + 0x1003)
    struct.pack_into("<Q", tables, 0x1000, PAGE_TABLES + 0x2003)
    for number in range(512):
        struct.pack_into("<Q", tables, 0x2000 + 8 * number,
                         (number << 21) + 0x83)
    return bytes(tables)


def _boot_sector(linked):
    """Assembled each time, into the file `linked`: that takes no time."""
    source = os.path.join(images.MACHINE, "bochs-boot.S")
    subprocess.run(["gcc", "-m32", "-nostdlib", "-static", "-Wl,-Ttext=0x7c00",
                    "-Wl,--oformat=binary", "-Wl,--build-id=none",
                    "-o", linked, source], check=True)
    with open(linked, "rb") as sector:
        return bytearray(sector.read())


def _disk(sector, bzimage, mem, initramfs, command_line):
    """The bytes of the disk that boots all that by the boot sector `sector`."""
    top = (mem - ACPI_SIZE - len(initramfs)) & ~0xfff
    entry, parts = _segments(_unpack(bzimage))
    parts += [(BOOT_PARAMS, _boot_params(bzimage, mem, (top, initramfs))),
              (COMMAND_LINE, command_line.encode() + b"\0"),
              (PAGE_TABLES, _page_tables()), (top, initramfs)]
    is_64 = struct.unpack_from("<H", bzimage, 0x236)[0] & 1
    struct.pack_into("<III", sector, ENTRY, entry, BOOT_PARAMS,
                     PAGE_TABLES if is_64 else 0)
    disk = []
    for number, (address, data) in enumerate(parts):
        sectors = -(-len(data) // SECTOR)
        struct.pack_into("<II", sector, PARTS + 8 * number, address, sectors)
        disk.append(data.ljust(sectors * SECTOR, b"\0"))
    return b"".join([bytes(sector)] + disk)


class Machine(vm.Machine):
    """One boot in Bochs; used like one in QEMU."""

    def _listen(self, name):
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        server.settimeout(0.2)
        return server

    def _serial(self):
        """The same four ports, in the same order."""
        dev = {number: "mode=socket-client, dev=localhost:%d"
               % server.getsockname()[1] for number, server in
               ((1, self._out), (3, self.control), (4, self._err))}
        dev[2] = "mode=file, dev=" + self.log
        return "\n".join("com%d: enabled=1, %s" % each
                         for each in sorted(dev.items()))

    def _command(self, config, initramfs):
        mem = config.mib() * MIB
        with open(os.path.join(images.host_dir(config.host), "vmlinuz"),
                  "rb") as kernel, open(initramfs, "rb") as root:
            disk = _disk(_boot_sector(self._path("boot")), kernel.read(), mem,
                         root.read(),
                         self.command_line(config) + " " + APPEND)
        cylinder = 16 * 63 * SECTOR
        cylinders = len(disk) // cylinder + 1
        with open(self._path("disk"), "wb") as out:
            out.write(disk.ljust(cylinders * cylinder, b"\0"))
        with open(self._path("bochsrc"), "w", encoding="ascii") as out:
            out.write(CONFIG.format(
                mem=config.mib(), cpu=config.cpu, ips=IPS, log=self.log,
                disk=self._path("disk"), cylinders=cylinders,
                serial=self._serial()))
        with open(self._path("go"), "w", encoding="ascii") as out:
            out.write("c\n")    # Debian's Bochs is one with a debugger
        # Its display is a terminal that nobody sees, but it wants to be there.
        return ["env", "TERM=dumb", "bochs", "-q",
                "-f", self._path("bochsrc"), "-rc", self._path("go")]


def make_machine(config, *args, **options):
    """In the emulator that `config` wants."""
    kind = Machine if config.emulator == "bochs" else vm.Machine
    return kind(config, *args, **options)
