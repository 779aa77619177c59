# SPDX-License-Identifier: MIT
"""tests/qemu/person.py: a person at a terminal: QEMU on a terminal of its own, as `make run` starts it, driven by pexpect.

A Person is also a Guest (runner.py), so that in the end the run is checked like any other.
"""
import io
import os
import re
import select
import time
from contextlib import contextmanager

import pexpect
from machines import TOP
from runner import Guest
from shell import PROMPT, own_lines

LATE = 30  # seconds in which an answer may still come that another line's prompt was taken for
PASTE = 512  # bytes at once; what comes back is read in between, as a terminal does
COLUMNS, ROWS = 80, 25


class Child:
    """What Guest wants of a process, from pexpect's."""
    stdin = None

    def __init__(self, spawn):
        self.spawn, self.stdout = spawn, io.BytesIO()  # to be closed

    def poll(self):
        return None if self.spawn.isalive() else self.wait()

    def wait(self, timeout=None):
        del timeout
        self.spawn.wait() if self.spawn.isalive() else None
        return self.spawn.exitstatus if self.spawn.signalstatus is None else -self.spawn.signalstatus

    def kill(self):
        self.spawn.close(force=True)


class Person(Guest):
    """expect… are pexpect's, text before a match included in what the log has."""

    asked = 0

    def _start(self, keyboard):
        command = ["mon:stdio" if word == "stdio" else word for word in self.command]
        self.child = pexpect.spawn(command[0], command[1:], cwd=TOP, timeout=self.seconds, maxread=65536, dimensions=(ROWS, COLUMNS))
        self.child.delaybeforesend = self.child.delayafterread = None
        self.child.logfile_read = self
        os.set_blocking(self.child.child_fd, False)
        return Child(self.child)

    def write(self, chunk):
        """pexpect has read it."""
        self.raw += chunk

    def flush(self):
        pass

    def _read(self, seconds):
        try:
            self.child.read_nonblocking(65536, max(0, seconds))
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True

    def expect(self, *wanted):
        """Which of them comes first: a text, or a compiled expression."""
        patterns = [re.compile(re.escape(w.encode())) if isinstance(w, str) else w for w in wanted]
        try:
            return self.child.expect(patterns, timeout=max(0, self.deadline - time.monotonic()))
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise AssertionError(self.explain(f"{type(error).__name__} instead of {wanted}")) from None

    def type(self, keys):
        """Ctrl-A is QEMU's own: two of them are one."""
        keys = (keys.encode() if isinstance(keys, str) else bytes(keys)).replace(b"\x01", b"\x01\x01")
        fd = self.child.child_fd
        while keys:
            assert time.monotonic() < self.deadline, self.explain("it takes no keys any more")
            readable, writable, _ = select.select([fd], [fd], [], 1)
            if readable:  # QEMU waits until its output is read: nobody may wait for the other
                self._peek()
            if writable:
                try:
                    keys = keys[os.write(fd, keys[:PASTE]):]
                except BlockingIOError:
                    pass

    def _peek(self):
        """What is there already, kept for expect."""
        try:
            self.child.expect(re.compile(rb"(?!)"), timeout=0)
        except (pexpect.TIMEOUT, pexpect.EOF):
            pass

    def prompt(self):
        """A prompt that is the last thing there for a moment."""
        self.expect(PROMPT)
        while True:
            try:
                self.child.expect_exact(PROMPT.encode(), timeout=0.1)
            except pexpect.TIMEOUT:
                if self.text.endswith(PROMPT):
                    return
            assert time.monotonic() < self.deadline, self.explain("no prompt that stays")

    def run(self, line):
        """Types it. The lines that it printed, without the kernel's."""
        mark = len(self.raw)
        self.type((line.encode() if isinstance(line, str) else line) + b"\r")
        self.expect(re.compile(rb"\n"))
        self.prompt()
        return self.printed(mark)

    def printed(self, mark):
        return own_lines(plain(self.raw[mark:]).split("\n")[1:-1])

    def says(self, line, *expected):
        """A kernel line that comes between has a prompt behind it, too: on a busy host the answer may be late."""
        mark = len(self.raw)
        found, deadline = self.run(line), time.monotonic() + LATE
        while (found != list(expected) or not self.text.endswith(PROMPT)) and time.monotonic() < deadline:
            self.settle(0.2)
            found = self.printed(mark)
        assert found == list(expected), self.explain(f"{line!r} printed {found}, not {list(expected)}")

    def all_is_read(self):
        """What was typed before was read and obeyed, and its last prompt was printed: a line behind it has its answer. A Ctrl-C may
        still end that one: then it is asked again."""
        while True:
            self.asked += 1
            mark, answer = len(self.raw), f"help: all-is-read-{self.asked}: no such command\n"
            self.type(f"help all-is-read-{self.asked}\r")
            until = min(self.deadline, time.monotonic() + LATE)
            while answer not in (text := plain(self.raw[mark:])) or not text.endswith("\n" + PROMPT):
                if time.monotonic() > until:
                    break
                self.settle(0.05)
            else:
                self._forget()
                return
            assert until < self.deadline, self.explain("it reads no lines any more")

    def _forget(self):
        """What was printed until now isn't looked for by `expect` any more."""
        self._peek()
        self.child.buffer = self.child.string_type()

    def is_well(self):
        """Whatever was done before: a new line does what it says."""
        self.type("\x03")
        self.expect("^C")
        self.all_is_read()
        self.says("hello 7", "sh: 'hello' has ended: exit code 7")

    def power_off(self, status="ok"):
        self.type("poweroff\r")
        self.end(status)

    def end(self, status):
        self.wait_end()
        self.check(status)


def plain(raw):
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", raw.decode("utf-8", "replace")).replace("\r", "")


@contextmanager
def at_the_prompt(machine, cmdline="", **options):
    """Switches off in the end, if the test didn't."""
    with Person(machine, cmdline, keyboard=True, **options) as terminal:
        terminal.expect("amber: ready")
        terminal.prompt()
        yield terminal
        if terminal.process.poll() is None:
            terminal.power_off()
