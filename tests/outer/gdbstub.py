# SPDX-License-Identifier: GPL-2.0
"""QEMU's gdb stub: stops the machine's only processor at an instruction."""

import os
import re
import select
import socket
import time

SCALE = float(os.environ.get("TIMEOUT_SCALE") or 4)
REGISTERS = ("rax rbx rcx rdx rsi rdi rbp rsp "
             "r8 r9 r10 r11 r12 r13 r14 r15 rip").split()


class Lost(Exception):
    """The machine does not answer any more."""


class Gdb:
    """As much of the gdb remote protocol as we need."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 10 * SCALE
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.buffer = b""
        self.running = False
        # Being connected stops the machine; it says so when it likes.
        self.ask("qSupported")
        while self._packet(0.5):
            pass

    def _send(self, text):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) % 256))

    def _packet(self, seconds):
        """The next packet, or None if there is none in time."""
        deadline = time.monotonic() + seconds
        while True:
            match = re.match(rb"[^$]*\$([^#]*)#..", self.buffer)
            if match:
                self.buffer = self.buffer[match.end():]
                self.socket.sendall(b"+")
                return match.group(1).decode()
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([self.socket], [], [], wait)[0]:
                return None
            data = self.socket.recv(4096)
            if not data:
                raise Lost("QEMU is gone")
            self.buffer += data

    def ask(self, text):
        self._send(text)
        while True:
            answer = self._packet(10 * SCALE)
            if answer is None:
                raise Lost("the gdb stub does not answer")
            if not answer.startswith("T"):
                return answer

    def go(self):
        self._send("c")
        self.running = True

    def wait(self, seconds):
        """True when it stopped by itself; False: we had to stop it."""
        stopped = self._packet(seconds)
        if stopped is None:
            self.socket.sendall(b"\x03")
            if self._packet(10 * SCALE) is None:
                raise Lost("the processor cannot be stopped")
        self.running = False
        return stopped is not None

    def run_to(self, address, seconds):
        """Run until an instruction is next.  False: it never was."""
        self.ask("Z0,%x,1" % address)
        self.go()
        hit = self.wait(seconds)
        self.ask("z0,%x,1" % address)
        return hit

    def read(self, address, length):
        return bytes.fromhex(self.ask("m%x,%x" % (address, length)))

    def write(self, address, data):
        return self.ask("M%x,%x:%s" % (address, len(data), data.hex())) == "OK"

    def registers(self):
        """General registers as gdb numbers them (see REGISTERS), then RIP."""
        text = self.ask("g")
        return [int.from_bytes(bytes.fromhex(text[i * 16:i * 16 + 16]), "little")
                for i in range(17)]

    def in_guest_kernel(self, leg):
        """In ring 1, or at an address of the upper half in ring 3. CS comes after the
        instruction pointer and the flags."""
        text = self.ask("g")
        if leg == "i386":
            return int(text[80:82], 16) & 3 == 1
        rip = int.from_bytes(bytes.fromhex(text[256:272]), "little")
        return int(text[280:282], 16) & 3 == 3 and rip >> 63 == 1

    def set_register(self, number, value):
        """A general register, all others as they are."""
        text = self.ask("g")
        new = value.to_bytes(8, "little").hex()
        return self.ask("G" + text[:number * 16] + new
                        + text[number * 16 + 16:]) == "OK"
