# SPDX-License-Identifier: MIT
"""tests/qemu/test_shell.py: the contract's chapter on the shell, typed like a user; test_run.py has run=."""
import re

import pytest
from runner import kernel_elf, start
from shell import Session, own_lines, session

LAB = "lab=on ro_fault=oops"
COMMANDS = ["clock", "fuzz", "help", "kill", "log", "maps", "mem", "poweroff", "ps", "reboot", "ro", "seal", "trace"]
PROGRAMS = ["bench", "hello"]  # help knows more of them than their names


def test_the_prompt(machine):
    """LF and CR end a line; an empty one gives a new prompt; control characters mean nothing; kernel lines don't harm."""
    with session(machine) as shell:
        assert shell.guest.said("amber: ready")
        for end in ("\n", "\r"):  # a LF directly behind a CR is the same line's end
            assert shell.command("", end) == []
            shell.says("  hello  '3' 'a b'", "sh: 'hello' has ended: exit code 3", end)
            assert len(own_lines(shell.command("clock", end))) == 1
        shell.says("\x00\x02\x1c\x1d\x1e\x1fkill \x0e7\x0f77", "kill: 777: no such thread (ps shows them)")


def test_kernel_lines_come_between(machine):
    """Prompt and what was typed stand below them again, and it counts."""
    with session(machine) as shell:
        mark = len(shell.guest.text)
        shell.send("schedtest &\rclo")
        shell.guest.wait_for(lambda: shell.guest.text.endswith(" of these went wrong\namber> clo"), "the text below the last line")
        assert not re.search(r"^(?!\[|amber> |@amber|$)", shell.guest.text[mark:].split("\n", 1)[1], re.M)
        mark = len(shell.guest.text)
        shell.send("ck\r")
        shell.guest.wait_for(lambda: "since the kernel's first instruction" in shell.guest.text[mark:], "the command's output")


@pytest.mark.parametrize("lab", [False, True], ids=["", "lab"])
def test_help_names_all(machine, lab):
    with session(machine, "lab=on" if lab else "") as shell:
        lines = own_lines(shell.command("help"))
        end = lines.index(next(line for line in lines if line.startswith("programs:")))
        names = [line.split()[0] for line in lines[:end] if line[0] != " "]
        assert names == sorted(names) and set(COMMANDS + PROGRAMS) <= set(names) and ("lab" in names) == lab
        first = next(line for line in lines if line.startswith("only as init=NAME:"))
        assert first.removeprefix("only as init=NAME:").split() == ["attacks", "consoletest", "labtest", "systest", "uart"]
        programs = [name for line in lines[end:lines.index(first)] for name in line.removeprefix("programs:").split()]
        assert {"stress", "traps"} <= set(programs) and not {"sh", "console", "supervisor", "hello", "uart"} & set(programs)
        for name in names:
            assert own_lines(shell.command(f"help {name}"))[0].startswith(f"{name} ")
        shell.says("help me", "help: me: no such command")
        shell.says("help siege", "siege: a program (docs/programs.md)")
        shell.says("help labtest", "labtest: a program, only as init=labtest (docs/programs.md)")
        shell.says("help sh", "sh: a program that the supervisor alone starts")


def test_what_it_prints_fits_in_a_row(machine):
    with session(machine, "lab=on ro_fault=ignore") as shell:
        for line in ("help", "clock", "ps", "mem", "seal", "log", "ro", "ro lab_sealed_word", "lab write lab_sealed_page 1"):
            wide = [said for said in own_lines(shell.command(line)) if len(said) >= 80]
            assert wide == [], line
        mark = len(shell.guest.text)
        shell.send("\t\t")
        shell.guest.wait_for(lambda: "uart" in shell.guest.text[mark:], "the candidates")
        shell.wait_prompt(mark)
        assert max(len(line) for line in shell.guest.text[mark:].split("\n")) < 80


def test_wrong_use(machine):
    """Each command, with a word too many; and those that want words, without."""
    with session(machine, "lab=on") as shell:
        lines = own_lines(shell.command("help"))
        for name in set(COMMANDS + ["lab"]) - {"trace"}:
            said = own_lines(shell.command(name + " 1 2 3 4 5 6 7"))
            assert len(said) == 1 and said[0].startswith(f"{name}: usage {name}"), said
        for line in ("trace", "kill", "fuzz", "fuzz 1", "lab", "lab write", "lab write lab_sealed_word", "lab read", "lab burn 1", "lab read 1 3",
                     "lab write lab_sealed_word 1 16"):
            said = own_lines(shell.command(line))
            assert len(said) == 1 and said[0].startswith(f"{line.split()[0]}: usage "), said
        assert own_lines(shell.command("help")) == lines


@pytest.mark.parametrize("line, said", [
    ("nothing", "sh: no such command 'nothing' (try help)"),
    ("HELP", "sh: no such command 'HELP' (try help)"),
    ("'hel lo'", "sh: no such command 'hel lo' (try help)"),
    ("''", "sh: no such command '' (try help)"),
    ("x" * 255, f"sh: no such command '{'x' * 255}' (try help)"),
    ("x" * 256, "sh: line too long (at most 255)"),
    ("clock " * 200, "sh: line too long (at most 255)"),
    ("hello" + " 1" * 32, "sh: too many words (at most 32)"),
    ("hello 'a", "sh: a quote is not closed"),
    ("hello \"a' b", "sh: a quote is not closed"),
    ("sh", "sh: 'sh' is started by the supervisor only"),
    ("kill 0x", "kill: 0x: not a number"),
    ("kill 99999999999999999999", "kill: 99999999999999999999: not a number"),
    ("kill 1", "kill: 1: a thread of the kernel"),
    ("fuzz one 1", "fuzz: one: not a number"),
    ("ro nothing", "ro: nothing: no such symbol"),
    ("ro kernel_main", "ro: kernel_main: not sealed"),
    ("ro 0x10", "ro: 0x10: not sealed"),
    ("log", "no violations in this boot"),
])
def test_what_can_not_be(shared_shell, line, said):
    shared_shell.says(line, said)


def test_without_lab(shared_shell):
    shared_shell.says("lab write lab_sealed_word 1", ["sh: no such command 'lab' (try help)", "sh: 'lab' needs the boot option lab=on"])


@pytest.fixture(scope="module")
def shells():
    """One session per machine for everything that changes nothing."""
    open_ones = {}
    yield open_ones
    for context, _ in open_ones.values():
        context.__exit__(None, None, None)


@pytest.fixture
def shared_shell(shells, machine):
    if machine.name not in shells:
        context = session(machine, seconds=600)
        shells[machine.name] = (context, context.__enter__())
    return shells[machine.name][1]


# --- programs -------------------------------------------------------------------------------------------------------


def test_programs(shared_shell):
    lines = shared_shell.command("hello 0 \"a  b\" 'c\"' d\\'e")
    said = [line.split("hello: ", 1)[1] for line in lines if "] hello: " in line]
    assert said[1:6] == ["  0 'hello'", "  1 '0'", "  2 'a  b'", "  3 'c\"'", "  4 'd'e'"]
    assert own_lines(lines) == []
    shared_shell.says("hello 7", "sh: 'hello' has ended: exit code 7")
    shared_shell.says("hello 4294967295", "sh: 'hello' has ended: exit code 4294967295")
    shared_shell.says("hello world", [])
    for code in ("-1", "4294967296", "99999999999999999999", "7x"):
        lines = shared_shell.command(f"hello {code}")
        assert own_lines(lines) == ["sh: 'hello' has ended: exit code 2"] and any(f"'{code}' is no exit code" in line for line in lines)
    shared_shell.says("bench", "sh: 'bench' has ended: exit code 2")  # no -icount here


def test_a_program_that_is_killed(shared_shell):
    """paged has no pager here."""
    lines = shared_shell.command("paged")
    assert own_lines(lines) == ["sh: 'paged' has ended: killed by a fault"] and any("thread 'paged' is killed" in line for line in lines)


def threads(shell):
    """ps as a list: id, name, state, time, CPU, priority, what it does."""
    lines = own_lines(shell.command("ps"))
    assert re.match(r" +ID +NAME +STATE +CPU TIME +CPU +PRIO ", lines[0])
    rows = [re.match(r" *(\d+)  (\S+) +([a-z]+) +(\d+\.\d\d) +(\d+) +(\d+)  (.*)$", line) for line in lines[1:]]
    assert all(rows), lines
    return [m.groups() for m in rows]


def id_of(shell, name):
    return next(row[0] for row in threads(shell) if row[1] == name and row[2] != "ended")


def test_ps(machine):
    with session(machine) as shell:
        rows = {row[1]: row for row in threads(shell)}
        assert {"main", "supervisor", "console", "sh"} <= set(rows)
        assert rows["sh"][2] == "running" and rows["sh"][6] == "system_read" and rows["main"][6] == "kernel thread"
        assert "ended" not in [row[2] for row in rows.values()]
        shell.command("hello 7")
        shell.command("paged")
        ended = {row[1]: row[6] for row in threads(shell) if row[2] == "ended"}
        assert ended == {"hello": "exit code 7", "paged": "killed by a fault"}


def test_ctrl_c_ends_a_program(machine):
    """And what it has started."""
    with session(machine) as shell:
        before = own_lines(shell.command("mem"))
        mark = len(shell.guest.text)
        shell.send("fuzz 1 1000000000\r")
        shell.wait_running(mark)
        shell.send("\x03")
        shell.guest.wait_for(lambda: "sh: 'fuzz' has ended: killed" in shell.guest.text[mark:], "its end")
        shell.wait_prompt(mark)
        assert [row for row in threads(shell) if row[1] == "fuzz" and row[2] != "ended"] == []
        assert own_lines(shell.command("mem"))[-1] == before[-1]


def test_in_the_background(machine):
    """The machine can be switched off meanwhile, which is no failure."""
    with session(machine) as shell:
        shell.command("fuzz-no-such &")
        assert "no such command 'fuzz-no-such'" in shell.guest.text
        shell.command("stress 1 2000000000 &")
        assert [row for row in threads(shell) if row[1] == "stress" and row[2] != "ended"]
        shell.command(f"kill {id_of(shell, 'stress')}")
        while "sh: 'stress' has ended: killed" not in shell.guest.text:  # it is told before a prompt
            shell.command("")
            shell.guest.settle(0.1)
        shell.command("stress 2 2000000000 &")
        shell.power_off()


def test_many_programs_leave_nothing(machine):
    with session(machine) as shell:
        shell.command("hello")
        before = own_lines(shell.command("mem"))
        for _ in range(30):
            shell.command("hello")
        assert own_lines(shell.command("mem")) == before


def test_fuzz(machine):
    with session(machine, seconds=400) as shell:
        shell.says("fuzz 7 3000", "fuzz: all objects and all memory were given back")
        shell.command("stress 1 2000000000 &")
        shell.says("fuzz 7 30", "fuzz: something runs in the background: what was given back can't be told")


# --- the seal from inside -----------------------------------------------------------------------------------------------


def test_seal_is_the_event(machine):
    with session(machine) as shell:
        event, text = shell.guest.one("seal"), "\n".join(own_lines(shell.command("seal")))
        assert text.startswith(f"sealed {event['pages']} pages ({event['bytes_used']} bytes in {event['objects']} objects)")
        for key in ("start", "end", "core_start", "core_end"):
            assert f"0x{int(event[key], 16):x}" in text
        assert "0 writable mappings of sealed frames, 0 pages W+X" in text and f"0 writable of {event['page_table_pages']} page tables" in text
        assert f"{event['aliases_sealed']} entries lost the write bit" in text and "0 violations (0 stores)" in text


def test_seal_without_a_seal(machine):
    with session(machine, "rodata=off") as shell:
        assert own_lines(shell.command("seal"))[0].startswith("nothing is sealed (rodata=off); it would be ")


def test_ro_shows_every_sealed_object(machine):
    """Compared with the symbols of the ELF file."""
    elf = kernel_elf(machine)
    with session(machine, "ro_fault=ignore:3 ro_fault.lab_sealed_word=once initcall_trace=on") as shell:
        lines = own_lines(shell.command("ro"))
        assert re.fullmatch(r"\d+ sealed objects; a write to", lines[0]) and "  lab_sealed_word: once" in lines
        page, found = 0, set()
        for line in lines[lines.index(next(x for x in lines if x.startswith("page"))):]:
            page = int(line.split()[1].rstrip(":"), 16) if line.startswith("page") else page
            if not line.startswith("page") and "ends in page" not in line:
                bytes_, name = line.split()[:2]
                found.add((name, int(bytes_)))
                if name in ("lab_sealed_word", "lab_sealed_page", "lab_sealed_next", "options", "percpu"):
                    assert page == elf.symbol(name) & ~4095, line
        assert len(found) > 40 and {("lab_sealed_word", 8), ("lab_sealed_page", 4096), ("lab_sealed_next", 4096)} <= found
        text = "\n".join(own_lines(shell.command("ro lab_sealed_word")))
        assert f"8 bytes at 0x{elf.symbol('lab_sealed_word'):x}, class data" in text and re.search(r"defined in: \S*lab.c\n", text)
        assert "init by: lab_fill" in text and "a write leads to: once" in text
        text = "\n".join(own_lines(shell.command("ro percpu")))
        assert "class core" in text and "a write leads to: always panic" in text and "shares its page with: " in text
        assert "left: ignore:3" in "\n".join(own_lines(shell.command("ro lab_sealed_page")))


def test_tab(machine):
    """A unique name is completed with a blank, an ambiguous one as far as it goes, then the candidates are shown."""
    with session(machine, "lab=on") as shell:
        assert re.match(r"\d+\.\d{6} s since", own_lines(shell.command("clo\t"))[-1])
        assert re.match(r"0x[0-9a-f]+: 0x5ea1ed", own_lines(shell.command("lab read lab_sealed_w\t"))[-1])
        mark = len(shell.guest.text)
        shell.send("ro lab_s\t\t")
        shell.guest.wait_for(lambda: "lab_sealed_word lab_sealed_page lab_sealed_next" in shell.guest.text[mark:], "candidates")
        shell.send("w\t\r")
        shell.guest.wait_for(lambda: "a write leads to" in shell.guest.text[mark:], "the command's output")
        shell.wait_prompt(mark)
        assert any("lab_sealed_word: 8 bytes" in line for line in shell.guest.text[mark:].split("\n"))


# --- the lab -------------------------------------------------------------------------------------------------------------


def test_lab_read_and_write(machine):
    elf = kernel_elf(machine)
    word, page = elf.symbol("lab_sealed_word"), elf.symbol("lab_sealed_page")
    with session(machine, "lab=on ro_fault=once") as shell:
        shell.says("lab read lab_sealed_word", f"0x{word:x}: 0x5ea1ed")
        shell.says("lab read lab_sealed_word 2", f"0x{word:x}: 0xa1ed")
        shell.says(f"lab read {word + 2} 1", f"0x{word + 2:x}: 0x5e")
        shell.says("lab read 0x10", "lab: 0x10: not mapped")
        shell.says("lab write 0x10 1", "lab: 0x10: not mapped")
        shell.says("lab read 0xffffffffffffff00", "lab: 0xffffffffffffff00: not mapped")
        shell.says("lab read nothing", "lab: nothing: no such symbol")
        shell.says("lab write lab_sealed_page x", "lab: x: not a number")
        shell.says("lab write lab_sealed_page 256 1", "lab: 256: more than 1 byte")
        for width in (1, 2, 4, 8):
            address = page + 64 * width
            value = int("a5" * width, 16)
            shell.says(f"lab write 0x{address:x} 0x{value:x} {width}", f"lab: 0x{address:x}: written")
            shell.says(f"lab read 0x{address:x}", f"0x{address:x}: 0x{int('11' * (8 - width) + 'a5' * width, 16):x}")
        shell.says(f"lab write 0x{page:x} 0x99", f"lab: 0x{page:x}: written")
        shell.guest.wait_for(lambda: len(shell.guest.violations) == 5, "five violations")
        assert [v["size"] for v in shell.guest.violations] == [1, 2, 4, 8, 8]
        assert {(v["thread"], v["syscall"], v["verdict"]) for v in shell.guest.violations} == {("sh", "lab_write", "once")}


def test_the_log_says_it_again(machine):
    with session(machine, "lab=on ro_fault=same,ignore") as shell:
        shell.command("lab write lab_sealed_word 0xdead")
        shell.command("lab write lab_sealed_page 1 4")
        shell.guest.wait_for(lambda: len(shell.guest.violations) == 2, "both records")  # one is printed when its run of stores has ended
        said = own_lines(shell.command("log"))
        told = [line.split("] ro: ", 1)[1] for line in shell.guest.people_lines if "] ro: " in line]
        assert said == told and len(said) == 4 and "0x5ea1ed -> 0xdead" in said[0] and said[1].endswith(" (by ignore)")
        assert "since then: 2 violations (2 stores)" in "\n".join(own_lines(shell.command("seal")))


def test_oops_takes_a_thread_but_not_the_shell(machine):
    word = kernel_elf(machine).symbol("lab_sealed_word")
    with session(machine, LAB) as shell:
        shell_id = id_of(shell, "sh")
        shell.says("lab write lab_sealed_word 1", f"lab: 0x{word:x}: the thread that wrote has ended: killed by an oops")
        assert id_of(shell, "sh") == shell_id
        shell.says("lab read lab_sealed_word", f"0x{word:x}: 0x5ea1ed")
        assert ("sh", "killed by an oops") in [(row[1], row[6]) for row in threads(shell) if row[2] == "ended"]


# --- who dies is started again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["console", "sh"])
def test_services_are_started_again(machine, name):
    """Nobody else notices but by a line."""
    with session(machine) as shell:
        for _ in range(3):
            victim = id_of(shell, name)
            mark = len(shell.guest.text)
            shell.send(f"kill {victim}\r")
            shell.guest.wait_for(lambda: f"supervisor: '{name}' has died (killed); started again" in shell.guest.text[mark:], "restart")
            shell.wait_prompt(mark)
            assert len(own_lines(shell.command("clock"))) == 1 and id_of(shell, name) != victim


def test_the_supervisor_must_not_end(machine):
    with session(machine) as shell:
        shell.send(f"kill {id_of(shell, 'supervisor')}\r")
        shell.guest.wait_end()
        shell.guest.check("failed")


def test_reboot(machine):
    """QEMU ends instead (-no-reboot)."""
    with session(machine) as shell:
        shell.send("reboot\r")
        shell.guest.wait_end()
        assert shell.guest.one("exit")["status"] == "ok" and shell.guest.status == 0


def test_it_really_boots_again(machine):
    with start(machine, keyboard=True, extra=("-action", "reboot=reset")) as guest:
        shell = Session(guest, "amber: ready")
        shell.send("reboot\r")
        guest.wait_for(lambda: guest.text.count("] amber: ready\n") == 2, "the second boot")
        shell.wait_prompt(guest.text.rindex("] amber: ready"))
        assert len(own_lines(shell.command("clock"))) == 1
        assert [event["event"] for event in guest.events] == ["boot", "seal", "exit", "boot", "seal"]
