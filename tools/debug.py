#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/debug.py: QEMU together with gdb, recorded and replayed sessions (docs/debugging.md). The Makefile hands over QEMU's command line.

  debug.py debug FOLDER ELF [--at violation:N] [--cpus N] -- QEMU…    stopped at the first instruction, gdb on this terminal
  debug.py record FOLDER -- QEMU…                              a session on this terminal, recorded in FOLDER/replay.bin
  debug.py replay FOLDER ELF [--gdb] -- QEMU…                  the same once more, instruction by instruction
  debug.py console FOLDER                                      this terminal as the other end of a debugged machine's serial line

FOLDER (build/ARCH) holds the sockets and the logs. gdb and QEMU meet at a Unix socket, so that two trees, or two machines, never
get into each other's way. QEMU runs in a session of its own: Ctrl-C stops the guest, in gdb.
"""
import argparse
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import termios
import time
import tty

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMANDS = os.path.join(TOP, "tools", "gdb", "amber.py")
STARTS_WITHIN = 60  # seconds
PASS_SECONDS = 600
# The guest's clock counts instructions, so every run is the same.
SAME_EACH_TIME = ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"]
REAL_TIME = ["-icount", "shift=3"]  # for a person: the guest's clock keeps to the wall's


def with_serial(command, serial):
    at = command.index("-serial")
    return command[:at] + serial + command[at + 2:]


class Machine:
    """A QEMU that waits for gdb, ended when the block is left."""

    def __init__(self, folder, command, extra=()):
        self.socket = os.path.join(folder, "gdb.sock")
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.errors = os.path.join(folder, "debug.err")
        self.command = [*command, *extra, "-S", "-gdb", f"unix:{self.socket},server=on,wait=off"]

    def __enter__(self):
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True)
        deadline = time.monotonic() + STARTS_WITHIN
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                with open(self.errors, encoding="utf-8", errors="replace") as f:
                    sys.exit(f"debug: QEMU doesn't start: {f.read().strip()}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        if os.path.exists(self.socket):
            os.unlink(self.socket)


def gdb_command(machine, elf, options=(), commands=()):
    given = ["set remotetimeout 60", "set confirm off", f"target remote {machine.socket}", f"source {COMMANDS}", *commands]
    return ["gdb-multiarch", "-q", *options, elf, *(word for c in given for word in ("-ex", c))]


def run_gdb(command, console=""):
    """On this terminal; Ctrl-C is gdb's."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(command, check=False, env=dict(os.environ, AMBER_CONSOLE=console),
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)).returncode
    finally:
        signal.signal(signal.SIGINT, before)


# --- debug -------------------------------------------------------------------------------------------------

def debug(options, command):
    if options.at:
        return at_violation(options, command)
    console, log = os.path.join(options.folder, "console.sock"), os.path.join(options.folder, "debug.log")
    if os.path.exists(console):
        os.unlink(console)
    serial = ["-chardev", f"socket,id=serial,path={console},server=on,wait=off,logfile={log}", "-serial", "chardev:serial"]
    print(f"serial output goes to {log}; `make console` in another terminal is the other end of the serial line", flush=True)
    with Machine(options.folder, with_serial(command, serial)) as machine:
        return run_gdb(gdb_command(machine, options.elf, options.gdb), console)


def unattended(command):
    """The same command line, but a run that ends ends QEMU."""
    at = command.index("-append") + 1
    words = command[at].split()
    return command if "exit=debug" in words else command[:at] + [(command[at] + " exit=debug").strip()] + command[at + 1:]


def at_violation(options, command):
    """Three runs, which are the same: tools/gdb/at.py says what each is for."""
    number = re.fullmatch(r"violation:(\d+)", options.at)
    if not number:
        sys.exit(f"debug: AT={options.at}: say violation:N, N from 0 as `seq` in the record's event")
    log, found = os.path.join(options.folder, "debug.log"), os.path.join(options.folder, "at.json")
    command = with_serial(unattended(command), ["-serial", f"file:{log}"])
    for which, text in ((1, "which instruction is it"), (2, "which of its runs is it")):
        print(f"violation {number[1]}: {text}? (run {which} of 3)", flush=True)
        with Machine(options.folder, command, SAME_EACH_TIME) as machine:
            step = gdb_command(machine, options.elf, ["-batch"], [f"python at.pass_({which}, {number[1]}, {found!r})"])
            try:
                done = subprocess.run(step, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      timeout=PASS_SECONDS)
            except subprocess.TimeoutExpired:
                sys.exit(f"debug: no violation {number[1]} within {PASS_SECONDS} seconds: is it an unattended run (run=, inject=, test=)?")
        if done.returncode:
            said = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
            sys.exit("\n".join([line for line in said if line.startswith("amber: ")] or said[-5:]))
    print(f"stopping before it (run 3 of 3); serial output is in {log}", flush=True)
    with Machine(options.folder, command, SAME_EACH_TIME) as machine:
        return run_gdb(gdb_command(machine, options.elf, options.gdb, [f"python at.pass_(3, {number[1]}, {found!r})"]))


# --- record, replay ----------------------------------------------------------------------------------------

def tape(folder):
    return os.path.join(folder, "replay.bin")


def record(options, command):
    """A session as with `make run`; what comes in on the serial line is recorded with its instruction."""
    rr = ["-icount", f"shift=3,rr=record,rrfile={tape(options.folder)}"]
    with open(tape(options.folder) + ".cmd", "w", encoding="utf-8") as f:
        f.write(shlex.join(command) + "\n")
    print(f"recording to {tape(options.folder)}; Ctrl-C ends it (Ctrl-A X is not there: QEMU's monitor is not recorded)", flush=True)
    return recording(with_serial(command, ["-serial", "stdio"]) + rr)


def recording(command):
    """QEMU's -serial stdio lets Ctrl-C end it, which closes the recording properly."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(command, check=False, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def replay(options, _):
    if not os.path.exists(tape(options.folder)):
        sys.exit(f"replay: there is no {tape(options.folder)}: `make record` makes it")
    with open(tape(options.folder) + ".cmd", encoding="utf-8") as f:
        command = shlex.split(f.read())
    rr = ["-icount", f"shift=3,rr=replay,rrfile={tape(options.folder)}"]
    if not options.with_gdb:
        print(f"replaying {tape(options.folder)}; Ctrl-C ends it", flush=True)
        return recording(with_serial(command, ["-serial", "stdio"]) + rr)
    log = os.path.join(options.folder, "debug.log")
    print(f"replaying {tape(options.folder)} under gdb; serial output goes to {log}", flush=True)
    with Machine(options.folder, with_serial(command, ["-serial", f"file:{log}"]), rr) as machine:
        return run_gdb(gdb_command(machine, options.elf, options.gdb))


# --- the other end of the serial line ----------------------------------------------------------------------

def console(options, _):
    path = os.path.join(options.folder, "console.sock")
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(path)
    except OSError:
        sys.exit(f"console: nobody is at {path}: `make debug` opens it")
    print("serial line of the debugged machine; Ctrl-] ends this", flush=True)
    before = termios.tcgetattr(0) if os.isatty(0) else None
    try:
        if before:
            tty.setraw(0)
        carry(line)
    finally:
        if before:
            termios.tcsetattr(0, termios.TCSADRAIN, before)
    return 0


def carry(line):
    ends = [line, 0]
    while True:
        for end in select.select(ends, [], [])[0]:
            data = line.recv(4096) if end is line else os.read(0, 4096)
            if b"\x1d" in data or (not data and end is line):
                return
            if not data:
                ends.remove(0)
            elif end is line:
                os.write(1, data)
            else:
                line.sendall(data)


def main():
    if "--" in sys.argv:
        at = sys.argv.index("--")
        own, command = sys.argv[1:at], sys.argv[at + 1:]
    else:
        own, command = sys.argv[1:], []
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=["debug", "record", "replay", "console"])
    parser.add_argument("folder")
    parser.add_argument("elf", nargs="?")
    parser.add_argument("--at", default="")
    parser.add_argument("--with-gdb", action="store_true")
    parser.add_argument("--gdb", action="append", default=[], help="one more word for gdb")
    options = parser.parse_args(own)
    sys.exit({"debug": debug, "record": record, "replay": replay, "console": console}[options.what](options, command))


if __name__ == "__main__":
    main()
