# SPDX-License-Identifier: MIT
"""tests/qemu/test_explain.py: tools/explain on what the kernel really says: source lines as addr2line has them, C types as
the sources have them, and the command that repeats the run."""
import os
import random
import re
import shlex
import subprocess

from machines import TOP
from runner import boot, boot_shared, kernel_elf

from story import log, program, report

EXPLAIN = os.path.join(TOP, "tools", "explain")
LINE = ("lab=on initcall_trace=on ro_fault=same,ignore inject=lab_sealed_word:store8:0xdead;lab_sealed_page+0x10:store1:7;"
        "lab_sealed_page+0x100:fill:0x33;seal_state:store4:0;chain_table:store8:1")


explained = {}


def explain(guest, *arguments):
    """(status, report, problems) of the tool, as a user runs it."""
    key = (guest.raw, arguments)
    if key not in explained:
        explained[key] = run_tool(guest, *arguments)
    return explained[key]


def run_tool(guest, *arguments):
    done = subprocess.run([EXPLAIN, *arguments, "-"], input=guest.raw, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def stories(machine):
    return boot_shared(machine, LINE, "sealed")


def text_at(path, number):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return " ".join(f.read().split("\n")[number - 1].split())


def addr2line(machine, address):
    tool = "addr2line" if machine.name == "x86_64" else "aarch64-linux-gnu-addr2line"
    said = subprocess.run([tool, "-e", machine.elf(), hex(address)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]
    path, number = said.rsplit(":", 1)
    return f"{os.path.relpath(path, TOP)}:{number}"


def block(text, number):
    """The lines of one violation, without their indentation."""
    part = text.split(f"] violation {number}: ")[1].split("\n\n")[0]
    return [" ".join(row.split()) for row in part.split("\n")]


def test_the_report_is_complete(machine):
    status, text, problems = explain(stories(machine))
    assert (status, problems) == (0, "")
    assert f"kernel   build/{machine.name}/amber.elf, build-id " in text and text.count("] violation ") == 5


def test_who(machine):
    """The store itself, known from the source: the line behind the label in inject.S."""
    guest = stories(machine)
    path = f"arch/{machine.name}/inject.S"
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        rows = f.read().split("\n")
    number = next(n for n, text in enumerate(rows, 1) if re.search(r"^\t?(INJECT store8|FUNCTION\(arch_inject_store8\))$", text)) + 1
    rows = block(explain(guest)[1], 0)
    expected = f"who arch_inject_store8+0x0 {path}:{number}: {text_at(path, number)}"
    assert expected in rows, rows
    assert addr2line(machine, int(guest.violations[0]["pc"], 16)) == f"{path}:{number}"


def test_the_stack(machine):
    """Each return address at its call, as addr2line says."""
    guest = stories(machine)
    rows = block(explain(guest)[1], 0)
    backtrace = guest.violations[0]["backtrace"]
    assert len(backtrace) >= 3
    for symbol in backtrace:
        name, offset = symbol.split("+")
        values = [s.value for s in kernel_elf(machine).symbols if s.name == name]
        assert len(values) == 1
        where = addr2line(machine, values[0] + int(offset, 16) - 1)
        path, number = where.split(":")
        assert any(f"{symbol} {where}: {text_at(path, int(number))}" in row for row in rows), (symbol, where, rows)
    assert any("kernel/inject.c" in row and "execute(" in row for row in rows), rows


def declared(pattern, path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return next(f"{path}:{n}" for n, text in enumerate(f.read().split("\n"), 1) if re.match(pattern, text))


def test_objects_and_values(machine):
    text = explain(stories(machine))[1]
    word, page, fill, enum, core = (block(text, n) for n in range(5))
    assert "lab_sealed_word (uint64_t): 0x5ea1ed (6201837) -> 0xdead (57005)" in word
    assert f"defined in {declared('uint64_t .*lab_sealed_word', 'kernel/lab.c')}" in word
    assert "lab_sealed_page[16] (uint8_t): 0x11 (17) -> 0x7" in page
    bytes_ = "lab_sealed_page[256..319] (uint8_t each): 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 … (64 bytes) -> 33 33"
    assert any(row.startswith(bytes_) for row in fill), fill
    assert any(re.match(r"seal_state \(enum seal_state\), byte 0 of it: [0-9a-f]{2} -> 00$", row) or
               re.match(r"seal_state \(enum seal_state\): SEAL_SEALED \(\d\) -> SEAL_\w+ \(0\)$", row) for row in enum), enum
    assert core[0] == "write to the protection itself" and "chain_table.count (uint32_t): held 0x1" in core
    assert "rule it is part of the protection itself: always panic" in core


def test_initcall_and_rule(machine):
    rows = block(explain(stories(machine))[1], 0)
    number = int(declared("static enum error __init lab_fill", "kernel/lab.c").split(":")[1])
    assert any(re.match(rf"init last written by initcall lab_fill kernel/lab.c:({number}|{number + 1})\b", row) for row in rows), rows
    assert ["rule ro_fault=same,ignore", "same handed over: the store changes data", "ignore decided",
            "verdict ignore: the write was dropped, execution went on"] == rows[-4:]


def test_the_command_starts_the_same_machine(machine):
    """`make qemu-line` with what the report says has the same kernel and command line as the run."""
    guest = stories(machine)
    last = explain(guest)[1].rstrip().split("\n")[-1]
    assert last.startswith("  again    make run ")
    command = last.replace("  again    make run ", "make -s qemu-line ")
    line = subprocess.run(command, shell=True, cwd=TOP, stdout=subprocess.PIPE, text=True, check=True).stdout
    words = shlex.split(line)
    assert words[words.index("-append") + 1] == guest.cmdline
    assert words[words.index("-kernel") + 1] == f"build/{machine.name}/{machine.image}"


def test_the_broken_kernel_is_found_too(machine):
    guest = boot(machine, "lab=on ro_fault=ignore inject=lab_sealed_word:store8:1", "ok", broken="dry-run")
    status, text, problems = explain(guest)
    assert (status, problems) == (0, "") and f"build/{machine.name}/break/amber.elf" in text and " BREAK=1 " in text
    assert "arch_inject_store8+0x0  arch/" in text


def test_another_kernel_gives_no_source_lines(machine):
    guest = stories(machine)
    other = machine.elf(broken=True)
    status, text, problems = explain(guest, "--elf", other)
    assert status == 1 and problems.count("\n") == 1 and f"{other} has build-id " in problems
    assert "arch_inject_store8+0x0" in text and ".S:" not in text and ".c:" not in text


def test_a_real_log_cut_anywhere(machine):
    """With the kernel's debug information: at every 29th byte, and damaged at random; never an exception."""
    raw = stories(machine).raw
    runs, problems = log.parse(raw)
    assert len(runs) == 1 and not problems
    kernel, why_not = program.find(runs[0], None)
    assert not why_not
    whole = list(report.lines(runs[0], kernel))
    shown = 0
    for end in range(0, len(raw), 29):
        runs, problems = log.parse(raw[:end])
        lines = list(report.lines(runs[0], kernel)) if runs else []
        assert len(problems) <= 1
        blocks = sum("] violation " in text for text in lines)
        assert blocks in (shown, shown + 1)
        shown = blocks
        assert [text for text in lines if "] violation " in text] == [text for text in whole if "] violation " in text][:blocks]
    assert shown == 5
    rng = random.Random(2)
    for _ in range(100):
        damaged = bytearray(raw)
        for _ in range(20):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        for run in log.parse(bytes(damaged))[0]:
            list(report.lines(run, kernel))

