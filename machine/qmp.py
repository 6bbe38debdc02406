# SPDX-License-Identifier: GPL-2.0
"""QEMU's control socket, for what only a machine's owner can do to it."""

import json
import socket
import threading


class Qmp:
    """One connection."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.file.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments})
                        + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise OSError(answer["error"]["desc"])

    def monitor(self, line):
        """What people type."""
        return self.command("human-monitor-command",
                            **{"command-line": line})

    def close(self):
        self.file.close()
        self.socket.close()


class NmiStorm(threading.Thread):
    """Non-maskable interrupts for every processor, `rate` times a second,
    until stop() or the end of the machine."""

    def __init__(self, path, rate):
        super().__init__(daemon=True)
        self.path, self.pause = path, 1 / rate
        self.over = threading.Event()
        self.start()

    def run(self):
        try:
            qmp = Qmp(self.path)
            while not self.over.wait(self.pause):
                qmp.command("inject-nmi")
            qmp.close()
        except (OSError, ValueError):
            pass

    def stop(self):
        self.over.set()
        self.join()
