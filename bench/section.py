# SPDX-License-Identifier: GPL-2.0
"""What ops.c and drive.c print, a section for each program that ran."""

import json


class Section:
    """What one program printed: see ops.c and drive.c."""

    def __init__(self):
        self.marks = {}		# start, boot, finish: ticks
        self.uptime = None	# ns of the guest's kernel's clock
        self.counts = None	# of the whole run, by name
        self.clock = None	# ticks, ns
        self.ticks = {}		# row -> ticks of one operation, the best
        self.stats = {}		# row -> counts of all repetitions together
        self.times = {}		# row -> operations of all repetitions
        self.status = None

    def read(self, line):
        """Half a line of something that died is no line."""
        try:
            self._read(line)
        except (ValueError, IndexError, ZeroDivisionError):
            pass

    def _read(self, line):
        if line.startswith("{"):
            self.counts = json.loads(line)
            return
        word, *rest = line.split()
        if word in ("start", "boot", "finish"):
            self.marks[word] = int(rest[0])
        if word == "boot":
            self.uptime = int(rest[1])
        if word == "clock":
            self.clock = tuple(map(int, rest))
        elif word == "time":
            self.ticks[rest[0]] = min(map(int, rest[2:])) / int(rest[1])
        elif word == "stats":
            self.stats[rest[0]] = list(map(int, rest[1:]))
        elif word == "end":
            self.times[rest[0]] = int(rest[1])


def understand(lines):
    sections = {"host": [], "guest": [], "hypercall": [], "boot": [],
                "counts": []}
    current = Section()
    for line in lines:
        if line.startswith("section "):
            current = Section()
            sections[line.split()[1]].append(current)
        elif line.strip():
            current.read(line)
    return sections
