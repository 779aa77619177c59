# SPDX-License-Identifier: MIT
"""tests/qemu/runner.py: boots Amber in QEMU once, and holds what came out of it.

`boot` runs a kernel to its end and returns the Guest; `start` leaves it running. Before a test looks at
anything, every run is checked for what must hold in all of them: one boot, well-formed events, a clean end,
no panic that nobody expected, a status that fits. Each run leaves a log with its command line in build/log/.
"""
import mmap
import os
import random
import re
import selectors
import shlex
import shutil
import string
import subprocess
import tempfile
import time

import events as event_rules
from elf import Elf
from machines import TOP
from qmp import Qmp

ESCAPES = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Za-z0-9]|[=>c78])")
LOG_LINE = re.compile(r"\[\d+\.\d{6}\] [a-z0-9_-]+: ")
MIXED_LINE = re.compile(r".\[\d+\.\d{6}\] [a-z0-9_-]+: |.@amber \{")
SECONDS = {"kernel": 180, "bios": 240, "uefi": 400}  # a guest that hangs costs as much; a loaded host must not
PANICS = ("panic", "sealed")
elf_cache = {}
log_number = 0


def kernel_elf(machine, broken=False):
    path = machine.elf(broken)
    if path not in elf_cache:
        elf_cache[path] = Elf(path)
    return elf_cache[path]


class Guest:
    """One QEMU process. With memory_file its RAM can be read by `physical`, also when it has ended."""

    def __init__(self, machine, cmdline="", *, raw=False, broken="", boot="kernel", memory="128M", memory_file=False,
                 qmp=False, keyboard=False, extra=(), seconds=None, debug_exit=True, **options):
        self.machine, self.broken, self.boot_way = machine, bool(broken), boot
        self.nonce = ""
        if not raw:
            self.nonce = "".join(random.choices(string.ascii_letters + string.digits, k=12))
            break_ = f"break={broken}" if broken and "break=" not in cmdline else ""
            words = ["exit=debug" if debug_exit else "", f"nonce={self.nonce}", break_, cmdline]
            cmdline = " ".join(w for w in words if w)
        elif given := re.findall(r"(?:^| )nonce=(\w+)", cmdline):
            self.nonce = given[-1]
        self.cmdline, self.seconds = cmdline, seconds or SECONDS[boot]
        self.folder = tempfile.mkdtemp(prefix="amber-")
        self.ram = None
        extra = list(extra)
        if memory_file:
            self.ram = self._ram_file(memory)
            extra += ["-object", f"memory-backend-file,id=ram,mem-path={self.folder}/ram,size={memory},share=on",
                      "-machine", "memory-backend=ram"]
        if qmp:
            extra += ["-qmp", f"unix:{self.folder}/qmp,server=on,wait=off"]
        self.command = machine.command(cmdline, broken=self.broken, boot=boot, memory=memory, extra=extra, **options)
        self.raw, self.status = b"", None
        self.errors = open(os.path.join(self.folder, "stderr"), "w+b")
        self.process = self._start(keyboard)
        self.deadline = time.monotonic() + self.seconds
        self.qmp = Qmp(f"{self.folder}/qmp") if qmp else None

    def _start(self, keyboard):
        return subprocess.Popen(self.command, stdin=subprocess.PIPE if keyboard else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=self.errors, cwd=TOP)

    def _ram_file(self, memory):
        bytes_ = int(memory.rstrip("MG")) << (30 if memory.endswith("G") else 20)
        with open(f"{self.folder}/ram", "w+b") as f:
            f.truncate(bytes_)
            return mmap.mmap(f.fileno(), bytes_)

    # --- what came out -------------------------------------------------------------------------------

    @property
    def text(self):
        return ESCAPES.sub("", self.raw.decode("utf-8", "replace")).replace("\r", "").replace("\0", "")

    @property
    def lines(self):
        return self.text.split("\n")

    @property
    def finished_lines(self):
        """Without a line that is still coming."""
        return self.lines[:-1]

    @property
    def events(self):
        return [event_rules.parse(line, self.nonce) for line in self.finished_lines if line.startswith("@amber ")]

    def named(self, name):
        return [e for e in self.events if e["event"] == name]

    def one(self, name):
        found = self.named(name)
        assert len(found) == 1, self.explain(f"{len(found)} events `{name}` instead of one")
        return found[0]

    @property
    def violations(self):
        return self.named("violation")

    @property
    def people_lines(self):
        """The lines that are for people: neither events nor self-test results."""
        return [line for line in self.finished_lines if line and not line.startswith("@amber ")]

    @property
    def left_out(self):
        """Records that the kernel has counted but not printed; it says so in the end."""
        found = [m for line in self.people_lines if (m := re.search(r"\] ro: (\d+) records were not printed in all$", line))]
        return int(found[-1][1]) if found else 0

    @staticmethod
    def is_kernel_line(line):
        return bool(LOG_LINE.match(line))

    def said(self, text):
        return any(text in line for line in self.people_lines)

    # --- waiting -------------------------------------------------------------------------------------

    def _read(self, seconds):
        """Some more output; False when there will be none."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0, seconds)):
                return True
        chunk = os.read(self.process.stdout.fileno(), 65536)
        self.raw += chunk
        return bool(chunk)

    def wait_for(self, condition, what, seconds=None):
        """Reads until condition() is true. A guest that ends before that, or hangs, fails the test at once."""
        deadline = min(self.deadline, time.monotonic() + seconds) if seconds else self.deadline
        while not condition():
            assert time.monotonic() < deadline, self.explain(f"no {what} within {seconds or self.seconds} s")
            if not self._read(deadline - time.monotonic()):
                assert condition(), self.explain(f"QEMU ended before {what}")

    def wait_line(self, text):
        self.wait_for(lambda: text in self.text, f"line with {text!r}")

    def wait_event(self, name):
        self.wait_for(lambda: f'@amber {{"event":"{name}"' in self.text and self.named(name), f"event {name}")
        return self.named(name)[-1]

    def wait_ready(self):
        self.wait_for(lambda: any(re.search(r"\bready\b", line) for line in self.people_lines), "`ready`")

    def has_prompt(self):
        """And nothing behind it."""
        return self.text.endswith("\namber> ")

    def wait_prompt(self):
        """The first one is there; whoever has printed it waits, and the machine idles."""
        self.wait_for(self.has_prompt, "prompt")
        self.settle(0.2)

    def wait_end(self):
        while self._read(self.deadline - time.monotonic()):
            assert time.monotonic() < self.deadline, self.explain(f"it did not end within {self.seconds} s")
        self.status = self.process.wait(timeout=120)

    def type(self, keys):
        """To the serial line; needs keyboard=True."""
        self.process.stdin.write(keys)
        self.process.stdin.flush()

    def settle(self, seconds):
        """Reads what comes in that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._read(end - time.monotonic()):
            pass

    # --- memory --------------------------------------------------------------------------------------

    def physical(self, address, count):
        offset = address - self.machine.ram_base
        assert 0 <= offset <= len(self.ram) - count, f"{address:#x} is not RAM"
        return self.ram[offset:offset + count]

    def image_physical(self, address):
        """The physical address of an address in the image."""
        from machines import IMAGE_BASE
        return address - IMAGE_BASE + self.machine.image_physical

    def symbol(self, name):
        return kernel_elf(self.machine, self.broken).symbol(name)

    def read_symbol(self, name, count):
        return self.physical(self.image_physical(self.symbol(name)), count)

    # --- the end -------------------------------------------------------------------------------------

    def check(self, status):
        """The rules for every run. status: the kernel's, None for a guest that has not ended."""
        try:
            self._check(status)
        except AssertionError as error:
            raise AssertionError(self.explain(str(error))) from None

    def _check(self, status):
        ended = status is not None
        events = self.events
        event_rules.check_order(events, ended, self.left_out)
        if self.boot_way == "kernel":
            self._check_lines()
        panics = [e for e in events if e["event"] == "panic"]
        assert bool(panics) == (status in PANICS), f"panic: {panics}" if panics else "no panic event"
        if ended:
            last = [line for line in self.lines if line.strip()][-1]
            assert last.startswith("@amber "), f"the last line is not the exit event: {last}"
            assert events[-1]["status"] == status, f"the status is {events[-1]['status']}, not {status}"
            if "exit=debug" in self.cmdline:
                expected = self.machine.statuses[status]
                assert self.status == expected, f"QEMU's status is {self.status}, not {expected}"

    def _check_lines(self):
        """Each has time and area. Behind `ready` console and shell write what they like, but not into lines of the kernel; so
        does the program `attacks`."""
        ktap, has_shell = "test=" in self.cmdline, "init=attacks" in self.cmdline
        for line in self.finished_lines:
            if not line or ktap:
                continue
            if has_shell:
                assert not MIXED_LINE.search(line) or line.startswith("@amber "), f"lines are mixed: {line!r}"
            else:
                assert LOG_LINE.match(line) or line.startswith("@amber "), f"a line without time and area: {line!r}"
            has_shell |= line.endswith("] amber: ready")

    def explain(self, what):
        return f"{what}\n  log: {self.save_log()}\n  last lines:\n" + "\n".join("    " + x[:300] for x in self.lines[-14:])

    def save_log(self):
        """The run's log; its path. Named after the running test."""
        global log_number
        test = re.sub(r"[^\w.-]+", "-", os.environ.get("PYTEST_CURRENT_TEST", "run").split(" ")[0]).strip("-")
        if not hasattr(self, "log"):
            log_number += 1
            self.log = os.path.join("build", "log", f"{test[-100:]}-{os.getpid()}-{log_number}.log")
        path = os.path.join(TOP, self.log)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.errors.seek(0)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"# {shlex.join(self.command)}\n# status {self.status}\n{self.text}\n")
            f.write(self.errors.read().decode("utf-8", "replace"))
        return self.log

    def close(self):
        if self.qmp:
            self.qmp.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()
        if self.raw or self.status:
            self.save_log()
        self.errors.close()
        if self.ram:
            self.ram.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def start(machine, cmdline="", **options):
    """A running guest, for a `with` block; nothing is waited for or checked yet."""
    return Guest(machine, cmdline, **options)


def boot(machine, cmdline="", status="ok", keep=False, **options):
    """Boots, runs to the end, checks; status is what the kernel is expected to end with. keep: the caller
    closes the guest (it wants to read its memory)."""
    guest = Guest(machine, cmdline, **options)
    try:
        guest.wait_end()
        guest.check(status)
    except BaseException:
        guest.close()
        raise
    if not keep:
        guest.close()
    return guest


shared_runs = {}


def boot_shared(machine, cmdline="", status="ok", **options):
    """The same run for all tests that ask for it with the same arguments."""
    key = (machine.name, cmdline, status, tuple(sorted(options.items())))
    if key not in shared_runs:
        shared_runs[key] = boot(machine, cmdline, status, **options)
    return shared_runs[key]
