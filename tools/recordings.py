#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/recordings.py: makes the terminal recordings in docs/recordings/ again, by typing into real sessions.

usage: recordings.py            all of them, by asciinema (Debian: asciinema)
       recordings.py NAME…      only these
       recordings.py --type NAME   types that session in this terminal; what asciinema calls

They are text: a line of JSON with the size, then one line for each piece of output. Run it in a tree that has been built.
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, "/usr/lib/python3/dist-packages")
import pexpect

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(TOP, "docs", "recordings")
COLUMNS, ROWS = 110, 36
KEY_SECONDS, READ_SECONDS = 0.05, 1.5 # as a person types and reads
PROMPT, GDB = "amber> ", "(gdb) "
STORE = "inject=lab_sealed_word:store8:0xdead"

# name: steps of (what is typed, what must stand there afterwards); the first one is a shell command.
RECORDINGS = {
    "boot": [("make -s run", PROMPT), ("help", PROMPT), ("ps", PROMPT), ("poweroff", None)],
    "violation": [(f"make -s run CMDLINE='lab=on ro_fault=panic initcall_trace=on {STORE}'", "sealed memory is unchanged"), ("\x01x", None),
                  ("make -s run CMDLINE='lab=on ro_fault=ignore'", PROMPT), ("lab write lab_sealed_word 0xdead", PROMPT), ("log", PROMPT),
                  ("poweroff", None)],
    "shell": [("make -s run ARCH=aarch64 CMDLINE='lab=on ro_fault=same,oops'", PROMPT), ("ro lab_sealed_word", PROMPT),
              ("lab read lab_sealed_word", PROMPT), ("lab write lab_sealed_word 0x5ea1ed", PROMPT), ("lab write lab_sealed_word 7", PROMPT),
              ("trace hello 1", PROMPT), ("maps sh", PROMPT), ("mem", PROMPT), ("poweroff", None)],
    "gdb": [("make -s debug CMDLINE='lab=on ro_fault=ignore run=\"lab write lab_sealed_word 7; poweroff\"'", GDB),
            ("hbreak arch_power_off", GDB), ("continue", GDB), ("amber violations", GDB), ("amber why 0", GDB),
            ("amber alias lab_sealed_word", GDB), ("amber walk lab_sealed_word", GDB), ("amber ps", GDB),
            ("quit", None)],
}


class Shown:
    """Standard output, whose terminal makes CR LF of LF as the session's has already done."""
    def write(self, text):
        sys.stdout.write(text.replace("\r", ""))

    def flush(self):
        sys.stdout.flush()


def type_keys(child, keys):
    for key in keys:
        child.send(key)
        time.sleep(KEY_SECONDS)


def play(steps):
    """Types one session; standard output shows it."""
    child = None
    for keys, behind in steps:
        if child is None or not child.isalive():
            print(f"$ {keys}", flush=True)
            child = pexpect.spawn("/bin/sh", ["-c", keys], cwd=TOP, encoding="utf-8", timeout=300, dimensions=(ROWS, COLUMNS))
            child.logfile_read = Shown()
        else:
            type_keys(child, keys if keys.startswith("\x01") else keys + "\r")
        child.expect_exact(behind if behind else pexpect.EOF)
        if behind is None:
            child.wait()
        time.sleep(READ_SECONDS)


def record(name):
    subprocess.run(["make", "-s", "kernels"], cwd=TOP, check=True)
    command = ["asciinema", "rec", "--quiet", "--overwrite", "--idle-time-limit", "2", "--cols", str(COLUMNS), "--rows", str(ROWS),
               "--title", f"Amber: {name}", "--env", "", "--command", f"{sys.executable} {os.path.abspath(__file__)} --type {name}",
               os.path.join(FOLDER, f"{name}.cast")]
    subprocess.run(command, check=True)


def main(args):
    typing = args[:1] == ["--type"]
    names = args[1:] if typing else args or list(RECORDINGS)
    unknown = [name for name in names if name not in RECORDINGS]
    if unknown or (typing and len(names) != 1):
        sys.exit(__doc__ + (f"\nno such recording: {', '.join(unknown)}" if unknown else ""))
    for name in names:
        if typing:
            play(RECORDINGS[name])
        else:
            record(name)


if __name__ == "__main__":
    main(sys.argv[1:])
