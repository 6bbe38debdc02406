# SPDX-License-Identifier: GPL-2.0
"""Archives in the format of an initramfs ("newc" cpio), without root.

The machine's root file systems are made anew for every boot: it takes less
time than to find out whether an old one would still do.
"""

import os
import stat


class Cpio:
    """Collects files, writes one archive.  Parent folders come by themselves."""

    def __init__(self):
        self.entries = {}

    def _add(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.strip("/")
        parent = os.path.dirname(name)
        if parent and parent not in self.entries:
            self._add(parent, stat.S_IFDIR | 0o755)
        self.entries[name] = (mode, data, rdev)

    def data(self, name, data, mode=0o644):
        if isinstance(data, str):
            data = data.encode()
        self._add(name, stat.S_IFREG | mode, data)

    def folder(self, name):
        self._add(name, stat.S_IFDIR | 0o755)

    def link(self, name, target):
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self._add(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def file(self, name, path):
        """The file at `path` of the outer machine, under `name`."""
        with open(path, "rb") as source:
            self.data(name, source.read(), os.stat(path).st_mode & 0o777)

    def tree(self, name, path, suffix=""):
        """Every file below `path` whose name ends in `suffix`."""
        for folder, _, files in os.walk(path):
            for each in files:
                if each.endswith(suffix):
                    full = os.path.join(folder, each)
                    self.file(os.path.join(name, os.path.relpath(full, path)),
                              full)

    def bytes(self):
        out = bytearray()
        for ino, (name, (mode, data, rdev)) in enumerate(self.entries.items(),
                                                         start=1):
            self._write(out, name, ino, mode, data, rdev)
        self._write(out, "TRAILER!!!", 0, 0, b"", (0, 0))
        return bytes(out)

    @staticmethod
    def _write(out, name, ino, mode, data, rdev):
        fields = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1],
                  len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields)
        out += name.encode() + b"\0"
        out += bytes(-len(out) % 4)
        out += data
        out += bytes(-len(out) % 4)
