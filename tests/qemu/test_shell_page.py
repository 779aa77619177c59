# SPDX-License-Identifier: MIT
"""tests/qemu/test_shell_page.py: what docs/shell.md shows is what a user sees who types it: all but the numbers. `…` on a line of
its own stands for any lines."""
import os
import re

import pytest
from machines import TOP
from shell import PROMPT, session

ONLY_MACHINES = ["x86_64"]  # whose output it shows
PAGE = os.path.join("docs", "shell.md")
SAME = {"0x5ea1ed", "0xdead", "0x10"}


def examples():
    """(command, its lines) in order; the first `make run` line is the boot."""
    with open(os.path.join(TOP, PAGE), encoding="utf-8") as f:
        lines = f.read().split("\n")
    cmdline = next(re.search(r'CMDLINE="(.*)"', line)[1] for line in lines if "make run CMDLINE=" in line)
    found, is_open = [], False
    for line in lines:
        text = line[4:] if line.startswith("    ") else None
        if text is None:
            is_open = False
        elif text.startswith(PROMPT):
            found.append((text[len(PROMPT):], []))
            is_open = True
        elif is_open:
            found[-1][1].append(text)
    return cmdline, found


def without_numbers(line):
    line = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b", lambda m: m[0] if m[0] in SAME else "#", line)
    return " ".join(re.sub(r"(?<![\w#])\d+(\.\d+)?[KM]?\b", "#", line).split())


def matches(shown, said):
    """Do the page's lines, with gaps, match what was said?"""
    pattern = "".join("(?:.*\n)*?" if line == "…" else re.escape(without_numbers(line)) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(without_numbers(line) + "\n" for line in said))


def test_examples_are_found():
    cmdline, found = examples()
    assert "lab=on" in cmdline and len(found) > 25 and found[-1][0] == "poweroff"


@pytest.fixture(scope="module")
def typed():
    cmdline, found = examples()
    return cmdline, found[:-1]


def test_the_page_is_true(machine, typed):
    cmdline, found = typed
    with session(machine, cmdline, seconds=400) as shell:
        for command, shown in found:
            said = [line for line in shell.command(command) if line and line != PROMPT and not line.startswith("@amber ")]
            assert matches(shown, said), shell.guest.explain(f"{command!r}: {PAGE} shows\n" + "\n".join(shown) + "\nbut it says\n" + "\n".join(said))


def test_every_command_is_shown(machine, typed):
    with session(machine, "lab=on") as shell:
        names = {line.split()[0] for line in shell.command("help") if re.match(r"[a-z]+ .*  ", line)}
    missing = names - {command.split()[0] for command, _ in typed[1]} - {"poweroff", "reboot", "fuzz"}
    assert missing == set()
    with open(os.path.join(TOP, PAGE), encoding="utf-8") as f:
        text = f.read()
    assert all(f"`{name}" in text or f"{PROMPT}{name}" in text for name in names)
