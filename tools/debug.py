#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/debug.py: QEMU together with gdb, recorded and replayed sessions (docs/debugging.md). The Makefile hands over QEMU's command line.

  debug.py debug FOLDER ELF [--at violation:N] -- QEMU…   stopped at the first instruction, gdb on this terminal
  debug.py debug FOLDER ELF --wait -- QEMU…               the same without gdb: it waits for a debugger of yours, for an editor's
  debug.py record FOLDER ELF -- QEMU…                     a session on this terminal, recorded in FOLDER/replay.bin
  debug.py replay FOLDER ELF [--with-gdb]                 the same once more, instruction by instruction
  debug.py console FOLDER                                 this terminal as the other end of a debugged machine's serial line

FOLDER (build/ARCH) holds the sockets and the logs. gdb and QEMU meet at a Unix socket, so that two trees, or two machines, never
get into each other's way. QEMU runs in a session of its own, so Ctrl-C is not for it, and it ends when this program does.
"""
import argparse
import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
import tty

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMANDS = os.path.join(TOP, "tools", "gdb", "amber.py")
STARTS_WITHIN = ENDS_WITHIN = 60  # seconds
PASS_SECONDS = 600
LISTENS = "00010000"  # the flag of a socket in /proc/net/unix
AT_ICOUNT = "shift=0,sleep=off"  # the guest's clock counts instructions: every recording is the same
ECHO_SECONDS = 0.05
AHEAD = 12  # keys that the UART surely has room for: both have 16 bytes
FULL_SECONDS = 2
CTRL_C, CTRL_CLOSE = b"\x03", b"\x1d"
PR_SET_PDEATHSIG = 1


def ends_with_us():
    """In the child: however this program ends, it takes the child with it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def need(program):
    if not shutil.which(program):
        sys.exit(f"debug: {program} is not installed: `make setup` installs it")


def with_serial(command, serial):
    at = command.index("-serial")
    return command[:at] + serial + command[at + 2:]


def listens(path):
    """The list has the path as it was given, which another tree's may be like: but that file is not ours."""
    if not os.path.exists(path):
        return False
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as f:
        return any(line.split()[3] == LISTENS and line.rstrip("\n").endswith(" " + path) for line in f)


def one_cpu(what, command):
    """QEMU records one CPU only; its own words ("not supported for 'smp'") would come late, behind a promise."""
    smp = re.match(r"(?:cpus=)?(\d+)", command[command.index("-smp") + 1]) if "-smp" in command else None
    if smp and int(smp[1]) != 1:
        sys.exit(f"{what}: one CPU only: QEMU can't record more (leave out SMP=)")


class Machine:
    """A QEMU, ended when the block is left. It waits for gdb, or has_pipes: runs, standard input and output are ours."""

    def __init__(self, folder, command, has_gdb=True, has_pipes=False):
        need(command[0])
        self.folder, self.errors = folder, os.path.join(folder, "debug.err")
        self.socket, self.has_pipes = None, has_pipes
        self.command = command
        if has_gdb:
            self.socket = os.path.join(folder, "gdb.sock")
            self.command = [*command, "-S", "-gdb", f"unix:{self.socket},server=on,wait=off"]

    def __enter__(self):
        self.lock = open(os.path.join(self.folder, "debug.lock"), "w", encoding="ascii")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"debug: {os.path.join(self.folder, 'gdb.sock')} is in use: another debug, record or replay runs in this tree")
        self.remove_socket()
        with open(self.errors, "wb") as errors:
            ends = (subprocess.PIPE, subprocess.PIPE) if self.has_pipes else (subprocess.DEVNULL, errors)
            self.process = subprocess.Popen(self.command, stdin=ends[0], stdout=ends[1], stderr=errors, start_new_session=True,
                                            preexec_fn=ends_with_us)
        deadline = time.monotonic() + STARTS_WITHIN
        while self.socket and not listens(self.socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"debug: QEMU doesn't start: {self.said() or 'it says nothing'}")
            time.sleep(0.02)
        return self

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as f:
            return " / ".join(line.strip() for line in f if line.strip())

    def stop(self):
        """SIGTERM, so that a recording is closed properly."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDS_WITHIN)
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def remove_socket(self):
        if self.socket:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.socket)

    def __exit__(self, *_):
        has_died = self.process.poll() is not None and self.process.returncode < 0
        self.stop()
        self.remove_socket()
        self.lock.close()
        if has_died:
            print(f"debug: QEMU has died of signal {-self.process.returncode}: {self.said() or 'it says nothing'}", file=sys.stderr)


def gdb_command(machine, elf, options=(), commands=()):
    given = ["set remotetimeout 60", "set confirm off", f"target remote {machine.socket}", f"source {COMMANDS}", *commands]
    return ["gdb-multiarch", "-q", *options, elf, *(word for c in given for word in ("-ex", c))]


def gdb_child():
    ends_with_us()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run_gdb(command, console=""):
    """On this terminal; Ctrl-C is gdb's."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(command, check=False, env=dict(os.environ, AMBER_CONSOLE=console), preexec_fn=gdb_child).returncode
    finally:
        signal.signal(signal.SIGINT, before)


# --- debug -------------------------------------------------------------------------------------------------

def debug(options, command):
    if not options.wait:
        need("gdb-multiarch")
    if options.at:
        return at_violation(options, command)
    console, log = os.path.join(options.folder, "console.sock"), os.path.join(options.folder, "debug.log")
    serial = ["-chardev", f"socket,id=serial,path={console},server=on,wait=off,logfile={log}", "-serial", "chardev:serial"]
    print(f"serial output goes to {log}; `make console` in another terminal is the other end of the serial line", flush=True)
    with Machine(options.folder, with_serial(command, serial)) as machine:
        if options.wait:
            print(f"waiting for a debugger at {machine.socket}; Ctrl-C ends it", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                machine.process.wait()
            return 0
        return run_gdb(gdb_command(machine, options.elf, options.gdb), console)


def unattended(command):
    """The same command line, but a run that ends ends QEMU."""
    at = command.index("-append") + 1
    words = command[at].split()
    return command if "exit=debug" in words else command[:at] + [(command[at] + " exit=debug").strip()] + command[at + 1:]


def at_violation(options, command):
    """The run is recorded, then replayed twice: tools/gdb/at.py says what for. A replay is the same whatever gdb does meanwhile."""
    number = re.fullmatch(r"violation:(\d{1,9})", options.at)
    if not number:
        sys.exit(f"debug: AT={options.at}: say violation:N, N from 0 as `seq` in the record's event")
    one_cpu(f"debug: AT={options.at}", command)
    number, tape, log = int(number[1]), os.path.join(options.folder, "at.bin"), os.path.join(options.folder, "debug.log")
    command = with_serial(unattended(command), ["-serial", f"file:{log}"]) + ["-rtc", "base=2020-01-01,clock=vm"]
    print(f"violation {number}: recording the run", flush=True)
    pc = recorded_pc(options.folder, command + ["-icount", f"{AT_ICOUNT},rr=record,rrfile={tape}"], log, number)
    print(f"violation {number}: replaying it, counting how often the store at {pc:#x} runs before", flush=True)
    command += ["-icount", f"{AT_ICOUNT},rr=replay,rrfile={tape}"]
    with Machine(options.folder, command) as machine:
        runs = counted(gdb_command(machine, options.elf, ["-nx", "-batch"], [f"python at.count_pass({number}, {pc:#x}, {tape + '.runs'!r})"]),
                       tape + ".runs")
    print(f"replaying it once more, up to run {runs} since the record before; serial output is in {log}", flush=True)
    with Machine(options.folder, command) as machine:
        return run_gdb(gdb_command(machine, options.elf, options.gdb, [f"python at.stop_pass({number}, {pc:#x}, {runs})"]))


def events_in(log):
    with contextlib.suppress(OSError), open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
        found = []
        for line in text.split("\n")[:-1]:
            if line.startswith("@amber "):
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line.removeprefix("@amber ")))
        return [event for event in found if event.get("event") == "violation"], text
    return [], ""


def recorded_pc(folder, command, log, number):
    """Until the run ends or the record is printed: the program counter of its store."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(log)
    deadline = time.monotonic() + PASS_SECONDS
    with Machine(folder, command, has_gdb=False) as machine:
        while True:
            is_over = machine.process.poll() is not None
            records, text = events_in(log)
            for event in records:
                if event["seq"] == number:
                    return int(event["pc"], 16)
            count = f"{len(records)} record{'' if len(records) == 1 else 's'}"
            if is_over and '"event":"exit"' not in text:
                sys.exit(f"debug: QEMU has ended with status {machine.process.returncode}: {machine.said() or 'it says nothing'}")
            if is_over:
                sys.exit(f"debug: there is no violation {number} in this run: it has ended after {count}")
            if text.endswith("\namber> "):
                sys.exit(f"debug: there is no violation {number} before the prompt, only {count}; AT= is for a run that ends by itself "
                         "(CMDLINE with run=…;poweroff, inject= or test=)")
            if time.monotonic() > deadline:
                sys.exit(f"debug: no violation {number} within {PASS_SECONDS} seconds, only {count}")
            time.sleep(0.05)


def counted(command, path):
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=PASS_SECONDS, preexec_fn=ends_with_us)
    except subprocess.TimeoutExpired:
        sys.exit(f"debug: the replay has not come to the record within {PASS_SECONDS} seconds")
    if done.returncode:
        said = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
        sys.exit("\n".join([line.replace("amber: ", "debug: ", 1) for line in said if line.startswith("amber: ")] or said[-5:]))
    with open(path, encoding="ascii") as f:
        return int(f.read())


# --- record, replay ----------------------------------------------------------------------------------------

class Tape:
    """FOLDER/replay.bin, and beside it which machine and which kernel it is of."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "replay.bin")
        self.about, self.new = self.path + ".json", self.path + ".new"

    @staticmethod
    def kernel(command):
        """And of the boot module, if there is one."""
        digest = hashlib.sha256()
        for option in ("-kernel", "-initrd"):
            if option in command:
                with open(command[command.index(option) + 1], "rb") as f:
                    digest.update(f.read())
        return digest.hexdigest()

    def keep(self, command, kernel):
        """A session that came to its end takes the place of the one before."""
        with open(self.about, "w", encoding="utf-8") as f:
            json.dump({"command": command, "kernel": kernel}, f)
        os.replace(self.new, self.path)

    def command(self):
        try:
            with open(self.about, encoding="utf-8") as f:
                about = json.load(f)
            command, recorded = about["command"], about["kernel"]
            os.stat(self.path)
        except OSError:
            sys.exit(f"replay: there is no {self.path}: `make record` makes it")
        except (ValueError, KeyError, TypeError):
            sys.exit(f"replay: {self.about} is damaged: `make record` once more")
        if self.kernel(command) != recorded:
            sys.exit(f"replay: {self.path} is of another build of the kernel: `make record` once more")
        return command

    @staticmethod
    def icount(way, path):
        return ["-icount", f"shift=3,rr={way},rrfile={path}"]


def on_terminal(folder, command, is_replay):
    """The serial line on this terminal until the machine ends or Ctrl-A X is typed (replay: also Ctrl-C). What is typed is for the
    guest. By pipes: with a socket QEMU 7.2 replays something else than it has recorded."""
    with Machine(folder, with_serial(command, ["-serial", "stdio"]), has_gdb=False, has_pipes=True) as machine:
        with raw_terminal():
            has_ended = carry(machine.process.stdout.fileno(), machine.process.stdin.fileno(), is_replay)
        if has_ended:
            with contextlib.suppress(subprocess.TimeoutExpired):
                machine.process.wait(ENDS_WITHIN)
        status, said = machine.stop(), machine.said()
    if said and (is_replay or status == 1):
        sys.exit(f"{'replay' if is_replay else 'record'}: QEMU says: {said}")
    return status


def record(options, command):
    """A session as with `make run`; what comes in on the serial line is recorded with its instruction."""
    one_cpu("record", command)
    tape = Tape(options.folder)
    kernel = tape.kernel(command)
    print(f"recording to {tape.path}; Ctrl-A X ends it", flush=True)
    status = on_terminal(options.folder, command + tape.icount("record", tape.new), False)
    tape.keep(command, kernel)
    print(f"QEMU has ended with status {status}; `make replay` shows it once more", flush=True)
    return 0


def replay(options, _):
    tape = Tape(options.folder)
    command = tape.command() + tape.icount("replay", tape.path)
    if not options.with_gdb:
        print(f"replaying {tape.path}; Ctrl-C ends it", flush=True)
        on_terminal(options.folder, command, True)
        return 0
    need("gdb-multiarch")
    log = os.path.join(options.folder, "debug.log")
    print(f"replaying {tape.path} under gdb; serial output goes to {log}", flush=True)
    with Machine(options.folder, with_serial(command, ["-serial", f"file:{log}"])) as machine:
        return run_gdb(gdb_command(machine, options.elf, options.gdb))


# --- the other end of the serial line ----------------------------------------------------------------------

def serial_line(path):
    """(the connection, what has to stay open as long); None if it is taken: QEMU lets a second one wait, unheard."""
    line, lock = socket.socket(socket.AF_UNIX), open(path + ".lock", "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    line.connect(path)
    return line, lock


def console(options, _):
    path = os.path.join(options.folder, "console.sock")
    try:
        found = serial_line(path)
    except OSError:
        sys.exit(f"console: nobody is at {path}: `make debug` opens it")
    if not found:
        sys.exit(f"console: {path} is taken: by another console, or by `amber type` in gdb")
    line = found[0]
    print("serial line of the debugged machine; Ctrl-] ends this", flush=True)
    with raw_terminal():
        carry(line.fileno(), line.fileno())
    return 0


@contextlib.contextmanager
def raw_terminal():
    before = termios.tcgetattr(0) if os.isatty(0) else None
    try:
        if before:
            tty.setraw(0)
        yield
    finally:
        if before:
            termios.tcsetattr(0, termios.TCSADRAIN, before)


def is_end(data, before, replays):
    """Ctrl-], or Ctrl-A and then x; where nothing can be typed Ctrl-C as well."""
    return CTRL_CLOSE in data or re.search(b"\x01[xX]", before + data) or (replays and CTRL_C in data)


def carry(out, into, replays=False):
    """`out` to this terminal, keys to `into`, until either end closes; has the machine's? Keys go one at a time, the next one when
    something has come back or after a while, which is longer when many had no echo, since the machine may not run at all: QEMU 7.2
    stops reading its serial line while recording once the UART is full."""
    ends, before, keys, sent, unheard = [out, 0], b"", b"", 0.0, 0
    while True:
        pause = ECHO_SECONDS if unheard < AHEAD else FULL_SECONDS
        ready = select.select(ends, [], [], pause if keys else None)[0]
        if out in ready:
            data = read_some(out)
            if not data:
                return True
            write_all(data)
            unheard = 0
        if 0 in ready:
            data = read_some(0)
            if not data:
                ends.remove(0)
            if is_end(data, before, replays):
                return False
            before = data[-1:]
            keys += b"" if replays else data
        if keys and (out in ready or time.monotonic() >= sent + pause):
            with contextlib.suppress(BrokenPipeError):  # the machine has ended: its last words are read first
                os.write(into, keys[:1])
            keys, sent, unheard = keys[1:], time.monotonic(), unheard + 1


def read_some(end):
    try:
        return os.read(end, 4096)
    except ConnectionResetError:
        return b""


def write_all(data):
    while data:
        data = data[os.write(1, data):]


def ended_by(number, _):
    """Blocks are left in order, so QEMU ends."""
    sys.exit(128 + number)


def main():
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    own, command = sys.argv[1:at], sys.argv[at + 1:]
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=["debug", "record", "replay", "console"])
    parser.add_argument("folder")
    parser.add_argument("elf", nargs="?")
    parser.add_argument("--at", default="")
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--with-gdb", action="store_true")
    parser.add_argument("--gdb", action="append", default=[], help="one more word for gdb")
    options = parser.parse_args(own)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended_by)
    if options.elf and not os.path.exists(options.elf):
        sys.exit(f"{options.what}: there is no {options.elf}: `make` builds it")
    try:
        sys.exit({"debug": debug, "record": record, "replay": replay, "console": console}[options.what](options, command))
    except OSError as error:
        sys.exit(f"{options.what}: {error.filename}: {error.strerror}" if error.filename else f"{options.what}: {error}")


if __name__ == "__main__":
    main()
