# SPDX-License-Identifier: MIT
"""tests/tree/test_explain_log.py: tools/explain on logs that are whole, cut, garbled and hostile; without a kernel."""
import os
import random
import re
import shlex
import subprocess

import pytest
from explain_logs import ALL, BOOT, EXIT, EXPLAIN, INJECT, OOPS, PANIC, SEAL, VIOLATION, line, run, whole
from machines import TOP

from story import log, report

NO_KERNEL = 1  # the status without source lines


def explain(data):
    """(lines, problems) in this process, without a kernel; whatever comes in, one line is one line."""
    runs, problems = log.parse(data)
    lines = [text for found in runs for text in report.lines(found, None)]
    assert all(re.fullmatch(r"[ -~…]*", text) for text in lines), "something in the report is not printable"
    assert all(re.fullmatch(r"[ -~…]*", log.printable(text)) for text in problems)
    return lines, problems


def test_a_whole_log():
    status, lines, problems = run("SeaBIOS\n[0.000000] amber: Amber\n" + whole())
    text = "\n".join(lines)
    assert status == NO_KERNEL and len(problems) == 1
    assert re.match(r"explain: the log is of kernel 0123456789ab, but .*: no source lines$", problems[0])
    for part in ("Amber 0.1+0123456789ab on x86_64, booted by pvh, 1 CPU, 127 MiB of RAM", "  line     lab=on",
                 "17 pages from 0xffffffff80236000 on", "nothing sealed can be written", "[0.098697] violation 0: write to sealed data",
                 "thing+0x0, 8 bytes", "ed a1 5e 00 00 00 00 00 -> ad de 00 00 00 00 00 00", "arch_inject_store8+0x0",
                 "in thread 'inject' on CPU 0, store", "  stack    injector+0x2a", "thread_first_run+0xe", "last written by initcall lab_fill",
                 "ro_fault=same,ignore", "same handed over: the store changes data", "ignore decided", "the write was dropped, execution went on",
                 "inject 0: thing: went on behind it; then it held ed a1", "oops: thread 'inject' was killed", "panic    write to sealed memory",
                 "ok; 1 store in 1 record: 1 ignore; 0 pages opened; 12345 instructions"):
        assert part in text, f"no {part!r} in\n{text}"
    assert lines[-1] == "  again    make run ARCH=x86_64 CMDLINE=lab=on"


def test_the_same_with_everything_a_terminal_adds():
    dressed = "".join(f"\x1b[2J\x1b[01;01H\x1b]0;title\x07{text}\r\r\n" for text in whole().splitlines())
    assert explain(dressed.encode()) == explain(whole().encode())
    assert explain(b"\0\0" + whole().encode() + b"\xff\xfe\n") == explain(whole().encode())


def test_a_core_violation_and_what_is_not_known():
    event = {**VIOLATION, "class": "core", "symbol": "arena:table+0x10", "size": None, "size_exact": False, "new": None, "redundant": None,
             "initcall": None, "chain": None, "asked": [], "backtrace": [], "verdict": "panic", "old": "0123456789abcdef", "pc_symbol": None}
    lines, problems = explain(whole(BOOT, event).encode())
    text = "\n".join(lines)
    assert not problems
    for part in ("write to the protection itself", "arena:table+0x10, size unknown", "which held 01 23 45 67 89 ab cd ef",
                 "it is part of the protection itself: always panic", "panic: the machine stopped", "0xffffffff802003b5",
                 "no `exit` event", "no `seal` event"):
        assert part in text, f"no {part!r} in\n{text}"


def test_runs_and_what_was_left_out():
    lines, _ = explain(whole(BOOT, {**VIOLATION, "count": 250, "size": 2000}, {**EXIT, "violations": 627, "stores": 1000}).encode())
    text = "\n".join(lines)
    assert "250 stores in a row" in text and "1 record is in the log: the others were counted but not printed" in text


def test_two_boots_are_two_reports():
    status, lines, _ = run(whole() + whole(BOOT, SEAL))
    assert status == NO_KERNEL
    assert sum(text.startswith("Amber ") for text in lines) == 2 and sum(text.startswith("====") for text in lines) == 1


def test_a_beginning_that_is_missing():
    status, lines, problems = run(whole(VIOLATION, EXIT))
    assert status == 1 and lines[0] == "A run of Amber whose beginning is missing in the log"
    assert problems == ["explain: the log has no `boot` event, so the kernel is not known: no source lines"]
    assert not any("again" in text for text in lines)


# --- damage ---------------------------------------------------------------------------------------------------

def test_cut_at_every_byte():
    """No cut makes more than one problem, and every event that is whole is in the report."""
    data = ("[0.000000] amber: x\n" + whole(BOOT, SEAL, VIOLATION, INJECT, EXIT)).encode()
    titles = [b"boot", b"seal", b"violation", b"inject", b"exit"]
    for end in range(len(data) + 1):
        part = data[:end]
        runs, problems = log.parse(part)
        lines, _ = explain(part)
        tail = part[part.rfind(b"\n") + 1:]
        # The last event counts also without its line end.
        complete = part.count(b"@amber ") - (tail.startswith(b"@amber ") and not tail.endswith(b"}") or tail.count(b"{") != tail.count(b"}"))
        assert len(problems) == (tail.startswith(b"@amber ") and (tail.count(b"{") != tail.count(b"}") or b"{" not in tail)), (end, problems)
        assert all(p.endswith("the log ends in the middle of an event; left out") for p in problems)
        found = [] if not runs else [t for t in ("boot", "seal", "exit") if getattr(runs[0], t)] + [name for name, _ in runs[0].events]
        assert sorted(found) == sorted(t.decode() for t in titles[:complete]), end
        assert bool(lines) == bool(found)


@pytest.mark.parametrize("end", [0, 1, 30, 300, 700, 1200, 2000])
def test_cut_on_the_command_line(end):
    data = whole().encode()[:end]
    status, lines, problems = run(data)
    assert status == (2 if end < len(line(BOOT)) - 1 else 1) and len(problems) <= 2 and bool(lines) == (status != 2)


WRONG = {
    "no JSON": "@amber {\"event\":\"boot\",}\n", "not a number": "@amber {\"event\":NaN}\n", "a list": "@amber [1,2]\n", "text": "@amber hello\n",
    "nothing": "@amber \n", "no name": "@amber {\"events\":\"boot\"}\n", "a number as name": "@amber {\"event\":7}\n",
    "deep": "@amber " + "[" * 100000 + "\n", "long number": "@amber {\"event\":" + "9" * 10000 + "}\n", "two": "@amber {} {}\n",
    "in the middle": "[0.1] seal: sealed 17@amber {\"event\":\"exit\"}\n", "NUL bytes": "@am\0ber \0{\n", "latin": "@amber \xe9\n",
    "half a line": "@amber {\"event\":\"violation\",\"seq\":0,\"ti[0.000000] ro: x\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_line_is_one_problem_and_the_rest_is_read(name):
    status, lines, problems = run(line(BOOT) + WRONG[name] + whole(SEAL, EXIT))
    assert status == 1 and len(problems) == 2 and problems[0].startswith("explain: line 2: "), problems
    assert len(problems[0]) < 200 and "sealed: 17 pages" in "\n".join(lines) and "ok; 1 store " in "\n".join(lines)


VALUES = [None, True, 3, -1, 1 << 64, 1.5, "x", "\x1b[31m\n\ud800", "0x12", [], [3], {}, {"a": []}, "zz", "abc"]


@pytest.mark.parametrize("event", ALL, ids=lambda e: e["event"])
def test_wrong_types_are_told_and_survived(event):
    """Each key in turn: missing, or with each kind of value; a wrong one is one problem that names it."""
    for key in list(event)[1:]:
        known = {k.rstrip("?") for k in log.EVENTS[event["event"]]}
        for value in VALUES:
            lines, problems = explain(line(BOOT).encode() + line(event, **{key: value}).encode())
            assert len(problems) <= 1 and (key in known or not problems) and lines
            assert all(f"`{key}`" in p and "\n" not in log.printable(p) for p in problems)
        without = {k: v for k, v in event.items() if k != key}
        _, problems = explain(line(BOOT).encode() + line(without).encode())
        assert problems == ([f"line 2: {event['event']}: `{key}` is missing"] if key in known else [])


def test_wrong_types_are_noticed():
    """The rule above is not empty: these are wrong, and only these."""
    for key, value in (("pc", 3), ("pc", "0x12"), ("old", "abc"), ("old", "zz"), ("size", -1), ("size", True), ("count", None), ("asked", [3]),
                       ("backtrace", "x"), ("size_exact", "x"), ("seq", 1 << 64), ("thread", {})):
        _, problems = explain((line(BOOT) + line(VIOLATION, **{key: value})).encode())
        assert len(problems) == 1 and f"`{key}` is " in problems[0], (key, value, problems)
    for key, value in (("old", None), ("size", None), ("initcall", None), ("syscall", 7), ("syscall", "map"), ("old", ""), ("asked", [])):
        assert explain((line(BOOT) + line(VIOLATION, **{key: value})).encode())[1] == [], (key, value)


def test_damage_at_random():
    rng = random.Random(1)
    data = whole().encode()
    noticed = 0
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(damaged))
            action = rng.randrange(4)
            if action == 0:
                damaged[at] = rng.randrange(256)
            elif action == 1:
                del damaged[at:at + rng.randrange(1, 40)]
            elif action == 2:
                damaged[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 10)))
            else:
                damaged[at] ^= 1 << rng.randrange(8)
            damaged = damaged or bytearray(b"x")
        noticed += bool(explain(bytes(damaged))[1])
    assert 1000 < noticed < 3000


def test_many_problems_are_not_many_lines():
    _, _, problems = run(line(BOOT) + "@amber x\n" * 10000)
    assert len(problems) == 52 and "9950 more" in problems[50]


def test_nothing_reaches_the_terminal():
    """Escapes, line ends and directions of writing in texts come out as their names."""
    evil = "\x1b[2Jred\x07\n@amber \u202e\x9b"
    _, lines, _ = run(line(BOOT, cmdline=evil) + line(PANIC, reason=evil) + line(OOPS, thread=evil))
    text = "\n".join(lines)
    assert re.fullmatch(r"[ -~\n…]*", text) and r"\x1b[2Jred\x07\n@amber \u202e\x9b" in text


# --- wrong use ------------------------------------------------------------------------------------------------

def test_wrong_use():
    assert run("")[::2] == (2, ["explain: -: no event of Amber in it (lines that start with '@amber ')"])
    assert run("", file="/no/such/file")[::2] == (2, ["explain: /no/such/file: No such file or directory"])
    assert run("", file="/")[::2] == (2, ["explain: /: Is a directory"])
    assert run(whole(), "--elf", "/no/such/file")[::2] == (2, ["explain: --elf /no/such/file: no such file"])
    assert subprocess.run([EXPLAIN], stderr=subprocess.DEVNULL, check=False).returncode == 2
    assert "Status:" in subprocess.run([EXPLAIN, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def test_a_pager_that_is_left():
    command = f"{shlex.quote(EXPLAIN)} - | head -n 1"
    done = subprocess.run(command, shell=True, input=(whole() * 3000).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.stdout.count(b"\n") == 1 and b"Traceback" not in done.stderr and b"Broken" not in done.stderr


# --- the command that repeats it --------------------------------------------------------------------------------

LINES = ["", "lab=on", "lab=on inject=a:store8:1;b:store8:2", "test=* x='a b'", 'run="a;b" $HOME `x` \\', "it's", "tab\tand \xe9 50% \\n '"]


@pytest.mark.parametrize("cmdline", LINES)
def test_the_command_is_safe_for_a_shell(cmdline):
    """What the shell hands on is the command line, byte for byte (bytes above 0x7e stand as \\u00XX in the event)."""
    command = report.repeat({**BOOT, "cmdline": cmdline})
    shown = subprocess.run(["sh", "-c", f"make() {{ printf '%s\\n' \"$@\"; }}; {command}"], stdout=subprocess.PIPE, check=True).stdout
    words = shown.rstrip(b"\n").split(b"\n")
    expected = ["run", "ARCH=x86_64"] + ([f"CMDLINE={cmdline}"] if cmdline else [])
    assert words == [w.encode("latin-1") for w in expected]


def test_the_command_has_what_differs():
    assert report.repeat({**BOOT, "broken": ["alias"], "cpus": 4, "arch": "aarch64"}) == "make run ARCH=aarch64 BREAK=1 SMP=4 CMDLINE=lab=on"
    assert report.repeat({**BOOT, "protocol": "multiboot2", "cmdline": r"inject=\"a;b\" c=\\"}) == \
        "make run-iso ARCH=x86_64 CMDLINE='inject=\"a;b\" c=\\'"


@pytest.mark.parametrize("changes", [
    {}, {"thread": "a b=c\n\u00e4"}, {"thread": ""}, {"size": None}, {"new": None}, {"old": "ed"}, {"size": 100}, {"redundant": None},
    {"class": None}, {"kind": 7}, {"time": -1}, {"asked": []}, {"class": "core", "size": None, "new": None, "redundant": None}])
def test_lines_for_replay_can_be_read(changes):
    """Whatever the log says, replay takes what --replay makes of it: one line, what doesn't fit together left out."""
    _, lines, _ = run(line(VIOLATION, **changes), "--replay")
    assert len(lines) == 1
    done = subprocess.run([os.path.join(TOP, "build", "host", "replay"), "same,ignore"], input=lines[0] + "\n", capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
