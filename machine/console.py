# SPDX-License-Identifier: GPL-2.0
"""A QEMU whose serial port is its standard output: what it says, line by line.

For machines that are no host of ours (vm.py): Xen, and kernels alone.
"""

import os
import subprocess
import threading

import vm


def lines(command, log, seconds, reply=lambda line: False,
          began=lambda pid: None):
    """What the machine says, until it ends, `seconds` are over or nobody asks for
    more. A line for which `reply` is true gets a byte; `began` gets QEMU's pid."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "wb") as out, open(log + ".qemu", "wb") as errors, \
            subprocess.Popen(command, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=errors,
                             preexec_fn=vm.die_with_parent) as qemu:
        watchdog = threading.Timer(seconds, qemu.kill)
        watchdog.start()
        try:
            began(qemu.pid)
            for raw in qemu.stdout:
                out.write(raw)
                line = raw.decode(errors="replace").strip()
                if reply(line):
                    qemu.stdin.write(b"\n")
                    qemu.stdin.flush()
                yield line
        finally:
            watchdog.cancel()
            qemu.kill()
