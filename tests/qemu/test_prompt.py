# SPDX-License-Identifier: MIT
"""tests/qemu/test_prompt.py: what people do to a prompt: odd input, floods, Ctrl-C in the middle of everything, a thousand programs,
services that are killed, small and wide machines, the power switch. On a terminal, by pexpect (person.py)."""
import random
import re
import time

import pytest
from runner import kernel_elf
from person import at_the_prompt, plain

LINE_END = re.compile(rb"\n")
TOO_LONG = "sh: line too long (at most 255)"
NOT_CLOSED = "sh: a quote is not closed"
SEVEN = "sh: 'hello' has ended: exit code 7"


def unknown(name):
    return f"sh: no such command '{name}' (try help)"


# What is typed in front of Return -> what that prints.
ODD = [
    # Control characters: those without a meaning, and those that only move in an empty line.
    (bytes(i for i in range(32) if i not in (3, 9, 10, 13, 14, 16)), []),
    (b"hel\x00lo\x02\x06 \x1c7\x1f", [SEVEN]), (b"\x7f" * 300, []), (b"7\x01hello \x05", [SEVEN]), (b"xyz\x15hello 7 z\x17", [SEVEN]),
    (b"x\x0c", [unknown("x")]), (b"hello 7\x01\x0b", []),
    # Escape sequences, whole, in part, and none at all.
    (b"\x1b", []), (b"\x1b[", []), (b"\x1bO", []), (b"\x1b[1;5", []), (b"\x1b[;;;;", []), (b"\x1b\x1b\x1b[\x1b[\x1bO", []),
    (b"\x1b[999999999999999999999~", []), (b"\x1bOZ\x1b[Z\x1b(", []), (b"\x1b[200~hello 7\x1b[201~", [SEVEN]), (b"hello 7\x1b[D\x1b[1;5C", [SEVEN]),
    (b"\x1b[A", [SEVEN]), (b"\x1b[A\x1b[A\x1b[B", [SEVEN]), (b"\x1b[B\x1b[B\x1b[6~", []), (b"hello 8\x1b[D\x1b[3~7", [SEVEN]),
    (b"ello 7\x1b[Hh\x1b[F", [SEVEN]),
    # More than seven bits.
    (bytes(range(0x80, 0x100)), []), ("hëllo 7".encode("latin-1"), [unknown("hllo")]), ("héllö 7".encode(), [unknown("hll")]), ("€𝄞".encode(), []),
    # Length.
    (b"x" * 5000, [TOO_LONG]), (b"x" * 255, [unknown("x" * 255)]), (b"x" * 256, [TOO_LONG]), (b"hello 7" + b"x" * 300 + b"\x08" * 300, [SEVEN]),
    (b"hello 7" + b" " * 248, [SEVEN]), (b" " * 255, []), (b" " * 256, [TOO_LONG]), (b" ", []),
    # Quotes and words.
    (b"'", [NOT_CLOSED]), (b'hello "', [NOT_CLOSED]), (b"hello 'a\"", [NOT_CLOSED]), (b'hello "\\"', [NOT_CLOSED]), (b"\\", [unknown("\\")]),
    (b"\\'", [unknown("'")]), (b"'hello' \"7\"", [SEVEN]), (b"''", [unknown("")]), (b"'' ''", [unknown("")]),
    (b"hello" + b" 7" * 31, [SEVEN]), (b"hello" + b" 7" * 32, ["sh: too many words (at most 32)"]), (b"a " * 200, [TOO_LONG]),
    (b"hello '" + b"a " * 120 + b"'", []),
    # What means something elsewhere.
    (b"&", [unknown("&")]), (b"& &", [unknown("&")]), (b";", [unknown(";")]), (b"clock;", [unknown("clock;")]), (b"%s%n%x", [unknown("%s%n%x")]),
    (b"hello 7 %s %n", [SEVEN]), (b"$x `ls` *", [unknown("$x")]), (b"../hello", [unknown("../hello")]), (b"hello/", [unknown("hello/")]),
    (b"Hello", [unknown("Hello")]), (b"trace trace", ["trace: no such program 'trace'"]), (b"trace ''", ["trace: no such program ''"]),
    (b"trace sh", ["sh: 'sh' is started by the supervisor only"]), (b"kill -1", ["kill: -1: not a number"]),
    (b"kill 0", ["kill: 0: no such thread (ps shows them)"]), (b"kill 18446744073709551616", ["kill: 18446744073709551616: not a number"]),
    (b"hello 4294967295", ["sh: 'hello' has ended: exit code 4294967295"]), (b"ro " + b"A" * 240, [f"ro: {'A' * 240}: no such symbol"]),
]


def test_odd_input(machine):
    with at_the_prompt(machine, seconds=600) as terminal:
        terminal.run("hello 7")
        for keys, expected in ODD:
            terminal.says(keys, *expected)
        terminal.is_well()


KEYS = ([bytes([i]) for i in range(256) if i not in (3, 13)] + [b"\x1b[", b"\x1bO", b"\x1b[A", b"\x1b[D", b"\x1b[3~", b"\t", b"\x03", b"\r"] * 4 +
        [b"hello", b"ro ", b"lab ", b"ps", b"kill ", b"help", b"'", b'"', b" "] * 4)


def type_at_random(terminal, seed, count):
    chance = random.Random(seed)
    for _ in range(count):
        terminal.type(b"".join(chance.choices(KEYS, k=40)))
        terminal.settle(chance.choice((0, 0, 0.01, 0.05)))
    terminal.type("\x03\r")
    terminal.is_well()


def test_random_keys(machine):
    with at_the_prompt(machine, "lab=on ro_fault=ignore", seconds=600) as terminal:
        for seed in range(3):
            type_at_random(terminal, seed, 30)


@pytest.mark.long
def test_more_random_keys(machine):
    with at_the_prompt(machine, "lab=on ro_fault=ignore", extra=("-smp", "4"), seconds=1800) as terminal:
        for seed in range(3, 60):
            type_at_random(terminal, seed, 60)


# --- floods -------------------------------------------------------------------------------------------------------------


def paste(terminal, numbers):
    """A line for each; they are run in order, none is lost."""
    mark = len(terminal.raw)
    terminal.type("".join(f"hello {n}\r" for n in numbers))
    terminal.expect(f"sh: 'hello' has ended: exit code {numbers[-1]}\r")
    terminal.prompt()
    codes = [int(code) for code in re.findall(r"\nsh: 'hello' has ended: exit code (\d+)\n", plain(terminal.raw[mark:]))]
    assert codes == list(numbers), terminal.explain(f"pasted {numbers}, these ran: {codes}")


def test_floods(machine):
    with at_the_prompt(machine, seconds=600) as terminal:
        paste(terminal, range(1, 101))
        terminal.says(b"y" * 20000, TOO_LONG)
        # Ahead of a program that runs for a while: more than is kept. What is dropped are whole lines.
        mark = len(terminal.raw)
        terminal.type("schedtest\r" + "clock\r" * 3000)
        terminal.expect("console: too much is typed ahead; some lines are dropped")
        terminal.prompt()
        lines = plain(terminal.raw[mark:]).split("\n")
        typed = [line.split("amber> ")[1] for line in lines if line.startswith("amber> ")]
        assert set(typed) <= {"clock", ""} and 1000 < typed.count("clock") < 3000
        terminal.is_well()
        terminal.power_off()


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------------


WHAT_RUNS = ["maps all", "fuzz 1 100000000", "stress 1 2000000000", "hello 7", "paged", "trace hello", "help", "ps", "ro", "log", "mem",
             "lab write lab_sealed_word 1", "siege storm 3", "ipctest", "no-such", "hello 1 &", ""]
DELAYS = (0, 0, 0.002, 0.02, 0.1)


def memory(terminal, wanted=None):
    """`mem`, when those that have just ended are taken apart. wanted: what it said before; that is waited for."""
    found = None
    for _ in range(200):
        terminal.all_is_read()
        last, found = found, terminal.run("mem")
        if found == wanted or (not wanted and found == last and re.search(r"\bobjects: (7|10) threads, 3 spaces,", "\n".join(found))):
            break
        terminal.settle(0.1)
    return found


def objects(terminal, wanted=None):
    """Only those."""
    for _ in range(10):
        found = memory(terminal)
        found = found[next(i for i, line in enumerate(found) if line.startswith("objects: ")):]
        if found == wanted or not wanted:
            break
    return found


@pytest.mark.parametrize("cpus", [1, 4])
def test_ctrl_c_at_any_moment(machine, cpus):
    chance = random.Random(cpus)
    with at_the_prompt(machine, "lab=on ro_fault=ignore", extra=("-smp", str(cpus)), seconds=600) as terminal:
        terminal.run("lab write lab_sealed_word 1")
        before = objects(terminal)
        for line in WHAT_RUNS:
            for delay in DELAYS:
                terminal.type(line + "\r" if delay else line + "\r\x03")
                terminal.settle(delay * chance.uniform(0.5, 1.5))
                terminal.type("\x03")
                terminal.expect("^C")
                terminal.all_is_read()
        terminal.type("\x03" * 300)
        terminal.expect("^C")
        terminal.is_well()
        assert objects(terminal, before) == before
        terminal.power_off()


def test_ctrl_c_in_the_line(machine):
    """Whatever stands there is gone, wherever the cursor is; history stays."""
    with at_the_prompt(machine) as terminal:
        terminal.run("hello 7")
        for keys in (b"kill 1", b"kill 1\x01", b"x" * 255, b"x" * 300, b"\x1b[A\x1b[D", b"\x1b[", b"'"):
            terminal.type(keys + b"\x03")
            terminal.expect("^C")
            terminal.prompt()
            terminal.says("", *[])
        terminal.says("\x1b[A", SEVEN)


def test_ctrl_c_while_completing(machine):
    """The line that would be completed is gone, too."""
    with at_the_prompt(machine, "lab=on") as terminal:
        for keys in ("la\t\x03", "ro \t\x03", "\t\x03", "ro lab_sealed_w\t\x03", "ro lab_s\t\t\x03", "nothing\t\x03", "ro nothing\t\x03"):
            for _ in range(4):
                terminal.type(keys)
                terminal.expect("^C")
                terminal.prompt()
            terminal.says("hello 7", SEVEN)


# --- starts and deaths ------------------------------------------------------------------------------------------------------


def start_many(machine, cpus, starts, seconds):
    with at_the_prompt(machine, extra=("-smp", str(cpus)), seconds=seconds) as terminal:
        for line in ("paged", "hello"):
            terminal.run(line)
        paste(terminal, range(1, 41))
        before = memory(terminal)
        for first in range(1, starts, 100):
            paste(terminal, range(first, first + 95))
            terminal.type("paged\r" * 5)
            for _ in range(5):
                terminal.expect("sh: 'paged' has ended: killed by a fault")
            terminal.prompt()
        assert memory(terminal, before) == before
        terminal.power_off()


def test_a_thousand_programs_leave_nothing(machine):
    start_many(machine, 1, 1000, 900)


def test_many_programs_on_four_cpus(machine):
    start_many(machine, 4, 200, 900)


@pytest.mark.long
@pytest.mark.parametrize("cpus", [2, 4, 8])
def test_a_thousand_programs_on_several_cpus(machine, cpus):
    start_many(machine, cpus, 1000, 1200)


def test_writes_leave_nothing(machine):
    """Each has a thread of its own."""
    with at_the_prompt(machine, "lab=on ro_fault=oops", seconds=600) as terminal:
        write = "lab write lab_sealed_word 1\r"
        for count in (20, 200):
            terminal.type(write * count)
            for _ in range(count):
                terminal.expect("the thread that wrote has ended: killed by an oops")
            terminal.prompt()
            if count == 20:
                before = memory(terminal)
        assert memory(terminal, before) == before


@pytest.mark.parametrize("cpus", [1, 4])
def test_power_off_with_programs_running(machine, cpus):
    with at_the_prompt(machine, extra=("-smp", str(cpus))) as terminal:
        for line in ("stress 1 2000000000 &", "fuzz 1 100000000 &", "stress 2 2000000000 &", "siege storm 3 &"):
            terminal.type(line + "\r")
        terminal.settle(0.5)
        terminal.power_off()


def test_eight_in_the_background(machine):
    with at_the_prompt(machine, extra=("-smp", "4")) as terminal:
        for _ in range(8):
            terminal.type("schedtest &\r")
        terminal.type("hello &\r")
        terminal.expect("sh: 'hello' can't be started: 8 run in the background already")
        terminal.power_off()


# --- who dies is started again -----------------------------------------------------------------------------------------------


def ids(terminal, name):
    """Of each of its threads that lives."""
    for _ in range(30):  # a kernel line's prompt may have been taken for that of `ps`
        rows = [line.split() for line in terminal.run("ps")]
        if found := [row[0] for row in rows if row[1] == name and row[2] != "ended"]:
            return found
    return []


@pytest.mark.parametrize("cpus", [1, 4])
def test_services_are_killed(machine, cpus):
    """By each of their threads, with a program that prints meanwhile, and a line behind it in the same moment."""
    with at_the_prompt(machine, extra=("-smp", str(cpus)), seconds=600) as terminal:
        for name, thread in (("console", 0), ("sh", 0), ("console", 1), ("sh", 0), ("console", 1), ("console", 0)):
            terminal.run("hello &")
            terminal.type(f"kill {ids(terminal, name)[thread]}\r")
            terminal.expect(re.compile(rf"supervisor: '{name}' has died \(killed\); started again".encode()))
            terminal.prompt()
            terminal.is_well()
        assert len(ids(terminal, "console")) == 2 and len(ids(terminal, "sh")) == 1 and len(ids(terminal, "supervisor")) == 2


@pytest.mark.parametrize("thread", [0, 1])
def test_the_supervisor_is_killed(machine, thread):
    with at_the_prompt(machine) as terminal:
        terminal.type(f"kill {ids(terminal, 'supervisor')[thread]}\r")
        terminal.end("failed")


# --- writes to sealed memory -----------------------------------------------------------------------------------------------


SAYS = {"oops": "the thread that wrote has ended: killed by an oops", "unprotect": "written", "log-and-unprotect": "written",
        "ignore": "not written, still 0x5ea1ed", "once": "written", "same": "0x5ea1ed, as before"}


@pytest.mark.parametrize("policy", [*SAYS, "panic"])
def test_write_under_every_policy(machine, policy):
    word = kernel_elf(machine).symbol("lab_sealed_word")
    with at_the_prompt(machine, f"lab=on ro_fault={policy}") as terminal:
        if policy == "panic":
            terminal.type("lab write lab_sealed_word 1\r")
            terminal.end("sealed")
            return
        value = 0x5EA1ED if policy == "same" else 1
        terminal.says(f"lab write lab_sealed_word {value}", f"lab: 0x{word:x}: {SAYS[policy]}")
        terminal.says("hello 7", SEVEN)
        assert len(ids(terminal, "sh")) == 1


# --- machines ---------------------------------------------------------------------------------------------------------------


def use(terminal):
    terminal.says("hello 7", SEVEN)
    terminal.says("paged", "sh: 'paged' has ended: killed by a fault")
    for line in ("mem", "ps", "ro", "seal", "maps", "help"):
        assert terminal.run(line), line
    terminal.says("fuzz 1 500", "fuzz: all objects and all memory were given back")
    terminal.is_well()


# The least that works: tools/prompt.py finds it, docs/measuring.md names it.
LEAST = {"x86_64": "7M", "aarch64": "8M"}


@pytest.mark.parametrize("memory", ["16M", "least"])
def test_small_machine(machine, memory):
    with at_the_prompt(machine, memory=LEAST.get(machine.name) if memory == "least" else memory, seconds=600) as terminal:
        use(terminal)
        paste(terminal, range(1, 31))


def on_cpus(machine, cpus):
    with at_the_prompt(machine, memory="16M", extra=("-smp", str(cpus)), seconds=600) as terminal:
        assert any(f"{cpus} CPU" in line for line in terminal.run("mem"))
        use(terminal)


@pytest.mark.parametrize("cpus", [2, 8])
def test_cpus(machine, cpus):
    on_cpus(machine, cpus)


@pytest.mark.long
@pytest.mark.parametrize("cpus", [1, 3, 4, 5, 6, 7])
def test_more_cpus(machine, cpus):
    on_cpus(machine, cpus)
