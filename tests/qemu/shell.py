# SPDX-License-Identifier: MIT
"""tests/qemu/shell.py: the prompt as a user meets it: `session` boots and types, `unattended` boots with run=.

What a command printed is what stands between its own line and the next prompt, without the kernel's lines if wanted.
"""
import re
from contextlib import contextmanager

from runner import LOG_LINE, Guest, boot

PROMPT = "amber> "


class Session:
    def __init__(self, guest, behind):
        self.guest = guest
        guest.wait_line(behind)
        self.wait_prompt(guest.text.index(behind))

    def wait_prompt(self, mark):
        """Until a prompt is the last thing that stands there."""
        guest = self.guest
        guest.wait_for(lambda: len(guest.text) > mark and guest.text[mark:].endswith(PROMPT), "prompt")

    def send(self, keys):
        self.guest.type(keys.encode())

    def command(self, line, end="\r"):
        """Types it and waits for the next prompt. The lines in between."""
        mark = len(self.guest.text)
        self.send(line + end)
        self.guest.wait_for(lambda: "\n" in self.guest.text[mark:], "the line's end")
        self.wait_prompt(mark)
        return self.guest.text[mark:].split("\n")[1:-1]

    def wait_running(self, mark):
        """fuzz says so: it prints, and threads of its die."""
        self.guest.wait_for(lambda: re.search(r"\] (fuzz: |user: thread 'fuzz')", self.guest.text[mark:]), "a word of the program's")

    def says(self, line, expected, end="\r"):
        """The command prints just that, but for lines of the kernel."""
        found = own_lines(self.command(line, end))
        wanted = [expected] if isinstance(expected, str) else expected
        assert found == wanted, self.guest.explain(f"{line!r} printed {found}, not {wanted}")

    def power_off(self, status="ok"):
        self.send("poweroff\r")
        self.guest.wait_end()
        self.guest.check(status)


def own_lines(lines):
    """Without the kernel's, and without the prompts that came again behind them."""
    return [line for line in lines if line != PROMPT and not LOG_LINE.match(line) and not line.startswith("@amber ") and line]


@contextmanager
def session(machine, cmdline="", behind="amber: ready", **options):
    """At the prompt that comes behind that text; switches off in the end, if the test didn't."""
    with Guest(machine, cmdline, keyboard=True, **options) as guest:
        shell = Session(guest, behind)
        yield shell
        if guest.process.poll() is None:
            shell.power_off()


def commands_of(guest):
    """Of a boot with run=: (command, its lines) in order."""
    found = []
    for line in guest.lines:
        if line.startswith(PROMPT):
            found.append((line[len(PROMPT):], []))
        elif found:
            found[-1][1].append(line)
    return found


def unattended(machine, commands, status="ok", cmdline="", **options):
    """Boots with run=commands;poweroff. The guest, and what each command printed."""
    guest = boot(machine, f'{cmdline} run="{commands};poweroff"', status, **options)
    found = commands_of(guest)
    wanted = [c.strip() for c in re.findall(r"(?:[^;']|'[^']*')+", commands) if c.strip()] + ["poweroff"]
    assert [c for c, _ in found] == wanted, guest.log
    return guest, [lines for _, lines in found]
