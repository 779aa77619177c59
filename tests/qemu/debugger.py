# SPDX-License-Identifier: MIT
"""tests/qemu/debugger.py: drives gdb in batch mode, with the commands of tools/gdb/, at a guest of the tests' own runner."""
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from machines import TOP
from runner import Guest

SECONDS = 240
MARK = "=== said next: "


class Debugged:
    """A guest that gdb has run to its end, and what gdb printed for each command."""

    def __init__(self, guest, commands, text, errors):
        self.guest = guest
        parts = re.split(rf"^{MARK}\d+$\n?", text, flags=re.M)
        assert len(parts) == len(commands) + 1, f"gdb said only {text}\n{errors}"
        self.answers = [part.rstrip("\n").split("\n") for part in parts[1:]]
        self.commands = commands

    def said(self, command, nth=0):
        """The lines of the nth time that it was given."""
        return self.answers[[i for i, c in enumerate(self.commands) if c == command][nth]]


def gdb_command(elf, socket, commands):
    command = ["gdb-multiarch", "-nx", "-q", "-batch", elf, "-ex", "set remotetimeout 120", "-ex", "set width 0",
               "-ex", f"target remote {socket}", "-ex", "source " + os.path.join(TOP, "tools", "gdb", "amber.py")]
    for number, given in enumerate(commands):
        command += ["-ex", f"echo \\n{MARK}{number}\\n", "-ex", given]
    return command


def debugged(machine, cmdline, commands, status="ok", keep=False, **options):
    """Boots under gdb, which gives the commands from the first instruction on, and lets go of it. status: None: it doesn't end.
    keep: the caller closes the guest."""
    folder = tempfile.mkdtemp(prefix="amber-gdb-")
    socket = os.path.join(folder, "gdb")
    extra = ["-S", "-gdb", f"unix:{socket},server=on,wait=off", *options.pop("extra", ())]
    guest = Guest(machine, cmdline, extra=extra, seconds=SECONDS, **options)
    try:
        text, errors = run(guest, gdb_command(machine.elf(), socket, commands))
        if status:
            guest.wait_end()
            guest.check(status)
        result = Debugged(guest, commands, text, errors)
    except BaseException:
        guest.close()
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not keep:
        guest.close()
    return result


def run(guest, command):
    """gdb to its end; what the guest says meanwhile is read, so that it never waits for us."""
    socket = next(word.split()[-1] for word in command if word.startswith("target remote"))
    while not os.path.exists(socket):
        assert guest.process.poll() is None, guest.explain("QEMU didn't start")
        time.sleep(0.02)
    said = {}

    def gdb():
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=SECONDS, cwd=TOP)
        said["text"], said["errors"] = done.stdout, done.stderr

    thread = threading.Thread(target=gdb)
    thread.start()
    while thread.is_alive():
        guest.settle(0.05)
        thread.join(0.05)
    return said.get("text", ""), said.get("errors", "no answer in time")
