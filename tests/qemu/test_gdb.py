# SPDX-License-Identifier: MIT
"""tests/qemu/test_gdb.py: the gdb commands `amber …` at every moment of a run, against the kernel's own words and a walk from outside."""
import json
import os
import re

import pytest
from debugger import debugged
from elf import Elf
from machines import TOP
from test_maps import pages, walked

EVERY_COMMAND = ("amber map", "amber map kernel", "amber map --roots", "amber map --json", "amber walk lab_sealed_word", "amber alias 0x200000",
                 "amber alias -p 0x200000", "amber sealed", "amber sealed lab_sealed_word", "amber violations", "amber why 0", "amber ps")
# Bits 0 to 47 are those of the direct map's and of the image's addresses; the others are wrong.
OF_NO_TABLE = ("amber walk 0x12348000402a0000", "amber alias 0x00ff8000002a0000", "amber walk 0x7fffffff80280000 kernel")
AT_THE_END = "hbreak machine_exit"


def one_line(answer):
    assert len(answer) == 1 and answer[0].startswith("amber "), answer
    return answer[0]


# --- at the first instruction -------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def first(machine):
    return debugged(machine, "exit=debug", ["info registers pc", *EVERY_COMMAND, "amber frob", "amber walk", "amber walk no_such_name",
                                            "amber sealed no_such_name", "amber dryrun 1", "amber ps 1", "amber why x", "amber why \u00b2",
                                            "amber alias -p", "amber alias $pc + 4", "amber type x",
                                            "kill"], status=None, debug_exit=False)


def test_before_the_first_instruction(first):
    """No MMU, no tables, no stack: each command says so in one line, or what there is."""
    for command in ("amber map", "amber walk lab_sealed_word", "amber alias 0x200000"):
        assert one_line(first.said(command)).endswith(": paging is off: an address is a physical one")
    for command in ("amber map kernel", "amber map --roots", "amber map --json", "amber alias -p 0x200000"):
        assert "the kernel has built no root tables yet" in first.said(command)[-1]
    assert "there is no violation ring yet" in one_line(first.said("amber violations"))
    assert "there is no violation ring yet" in one_line(first.said("amber why 0"))
    assert one_line(first.said("amber ps")) == "amber ps: there are no threads yet"
    assert re.fullmatch(r"\d+ sealed objects, \d+ bytes", first.said("amber sealed")[-1])
    assert first.said("amber sealed lab_sealed_word")[-1].split(None, 1)[1].startswith("00 00 00 00 00 00 00 00 ")


def test_wrong_use_is_one_line(first):
    assert first.said("amber frob") == ["amber: no such command 'frob' (try help amber)"]
    for command, text in (("amber walk", "usage: amber walk ADDR [ROOT]"), ("amber walk no_such_name", "'no_such_name' is no address: "),
                          ("amber sealed no_such_name", "no sealed object 'no_such_name'"), ("amber dryrun 1", "usage: amber dryrun"),
                          ("amber ps 1", "usage: amber ps"), ("amber why x", "usage: amber why N"), ("amber why \u00b2", "usage: amber why N"),
                          ("amber alias -p", "usage: amber alias [-p] ADDR"), ("amber alias $pc + 4", "usage: amber alias [-p] ADDR"),
                          ("amber type x", "takes no input")):
        assert text in one_line(first.said(command))


# --- at the end of a run with a shell -----------------------------------------------------------------------

@pytest.fixture(scope="module")
def end(machine):
    """(machine, gdb's answers at the power-off of a run that has two violations and printed `maps --json`)."""
    commands = [AT_THE_END, "continue", "info registers pc", *EVERY_COMMAND, "amber map", "amber map gate", "amber map sh", "amber map nothing",
                "amber walk lab_sealed_word gate", "amber walk 0x400000 sh", "amber alias lab_sealed_word", "amber why 1", "amber why 2",
                "amber walk 0xffff823456789000 kernel", *OF_NO_TABLE, "amber walk lab_sealed_word sh",
                "print *(struct thread *)0", "amber map kernel"]
    run = debugged(machine, 'lab=on ro_fault=same,ignore run="maps --json; lab write lab_sealed_word 0x1234; '
                            'lab write lab_sealed_page 7 4; poweroff"', commands, memory_file=True, keep=True)
    yield machine, run
    run.guest.close()


def leaves(lines):
    """{root: {(address, frame, size): permissions}} and {root: [(start, region)]} of lines of `maps --json`."""
    found, regions = {}, {}
    for line in lines:
        said = found.setdefault(line["root"], {})
        regions.setdefault(line["root"], {})[line["start"]] = line["region"]
        for va, pa in pages(int(line["start"], 16), int(line["end"], 16), int(line["physical"], 16), line["page"]):
            assert (va, pa, line["page"]) not in said
            said[va, pa, line["page"]] = line["perms"]
    return found, regions


def test_three_walkers_agree(end):
    """The kernel by its tables, gdb by physical memory and its own reading of the manuals, the tests by theirs."""
    machine, run = end
    kernel, kernel_regions = leaves([json.loads(line) for line in run.guest.lines if line.startswith('{"root"')])
    gdb_lines = [json.loads(line) for line in run.said("amber map --json")]
    gdb, gdb_regions = leaves(gdb_lines)
    names = {line["root"]: line["name"] for line in gdb_lines}
    assert {"kernel", "gate", "dry-run 0", "space supervisor", "space console", "space sh"} <= set(names.values())
    assert set(kernel) == set(gdb)
    for root, name in names.items():
        outside = walked(run.guest, machine, int(root, 16), name.startswith("space "))
        assert gdb[root] == outside, (name, sorted(set(gdb[root].items()) ^ set(outside.items()))[:5])
        if not name.startswith("dry-run"):  # its copies come and go with each dry run
            assert gdb[root] == kernel[root] and gdb_regions[root] == kernel_regions[root]


def test_a_walk_says_every_bit(end):
    machine, run = end
    walk = run.said("amber walk lab_sealed_word")
    assert [line.split("(")[0] for line in walk if line.startswith("  level ")] == [f"  level {n} " for n in (4, 3, 2, 1)]
    address = run.guest.symbol("lab_sealed_word")
    assert f"  together: physical {run.guest.image_physical(address):#x}, r---, 4 KiB page, ro_after_init, lab_sealed_word+0x0" in walk
    assert "  frame: sealed, 0 writable mappings" in walk
    leaf = " ".join(walk[walk.index(next(line for line in walk if line.startswith("  level 1"))):])
    assert ("1 R/W=0 read-only" if machine.name == "x86_64" else "7 AP[2]=1 read-only") in leaf
    assert ("63 XD=1 not executable" if machine.name == "x86_64" else "53 PXN=1 kernel may not execute") in leaf
    entry = re.search(r"entry (\d+) at (0x[0-9a-f]+) = (0x[0-9a-f]{16}) leaf", leaf)
    assert int(entry[1]) == address >> 12 & 511
    assert int.from_bytes(run.guest.physical(int(entry[2], 16), 8), "little") == int(entry[3], 16)
    assert run.said("amber walk 0xffff823456789000 kernel")[-1] == "  not mapped"
    assert ", r-xu, 4 KiB page, program" in run.said("amber walk 0x400000 sh")[-2]


def test_addresses_of_no_table(end):
    """Their 48 low bits would lead the walk to a page; the machine faults without a walk."""
    machine, run = end
    for command in OF_NO_TABLE:
        assert one_line(run.said(command)).endswith(" are not alike): no table translates it"), command
    other = run.said("amber walk lab_sealed_word sh")
    if machine.name == "aarch64":
        assert re.search(r"root space \d+ sh translates the lower half only, not 0x", one_line(other))
    else:
        assert other[-1].startswith("  frame: sealed")


def test_aliases_of_a_sealed_frame(end):
    """The image, the direct map, and the gate's window: the only writable one."""
    _, run = end
    answer = run.said("amber alias lab_sealed_word")
    physical = run.guest.image_physical(run.guest.symbol("lab_sealed_word"))
    assert answer[0] == f"physical {physical:#x}: sealed, 0 writable mappings (the gate's window isn't counted)"
    found = {(root, perms, int(address, 16)) for root, address, perms in
             (re.match(r"  (\S+) +(0x[0-9a-f]{16})  (\S+)", line).groups() for line in answer[1:-1])}
    assert found == {("kernel", "r---", run.guest.symbol("lab_sealed_word")), ("kernel", "r---", 0xFFFF800000000000 + physical),
                     ("gate", "rw--", 0xFFFF808000000000 + physical)}


def test_maps_of_roots(end):
    machine, run = end
    assert run.said("amber map")[0].startswith("root ") and not run.said("amber map")[0].startswith("amber map:")
    assert "window" in "\n".join(run.said("amber map gate"))
    assert run.said("amber map nothing")[0].startswith("amber map: no root table 'nothing' (there are: kernel, gate, ")
    assert any("program" in line and "r-xu" in line for line in run.said("amber map sh"))
    kernel = run.said("amber map kernel")
    assert any("direct map: was init" in line for line in kernel) and not any("direct map: init" in line for line in kernel)
    sealed = [line for line in kernel if "  ro_after_init (sealed)" in line]
    assert len(sealed) == 1 and "  r---  " in sealed[0] and f"0x{run.guest.symbol('__ro_after_init_start'):016x}-" in sealed[0]


def test_records_in_the_kernels_words(end):
    _, run = end
    words = [line.split("] ro: ", 1)[1] for line in run.guest.lines if "] ro: " in line and "rite" in line]
    assert run.said("amber violations")[-1] == "2 records"
    for number, event in enumerate(run.guest.violations):
        answer = run.said(f"amber why {number}")
        assert answer[0] in words and answer[1].strip() in [line.strip() for line in words]
        assert any(f"address {event['addr']}" in line and line.endswith(f"in system call {event['syscall']}") for line in answer)
        assert answer[2].startswith("  the store: ") and re.search(r"\.[cS]:\d+", answer[2])
        assert [line.split("called from ")[1].split(":")[0] for line in answer if "called from" in line] == event["backtrace"]
        assert re.match(rf" *{number} .* ignore .*{re.escape(event['symbol'])}", run.said("amber violations")[number])
    assert one_line(run.said("amber why 2")) == "amber why: no record 2: there are 2, from 0"


def line_of(path, text):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return next(number for number, line in enumerate(f, 1) if text in line)


def test_sealed_objects(end):
    machine, run = end
    listed = {line.split()[3]: line.split() for line in run.said("amber sealed")[:-1]}
    for name in ("lab_sealed_word", "lab_sealed_page", "options", "percpu", "chain_table"):
        assert int(listed[name][0], 16) == run.guest.symbol(name)
    assert listed["lab_sealed_word"][2] == "data" and listed["percpu"][2] == "core"
    assert listed["lab_sealed_word"][4] == run.guest.read_symbol("lab_sealed_word", 8).hex()
    words = run.said("amber sealed lab_sealed_word")
    assert words[1] == f"  defined in kernel/lab.c:{line_of('kernel/lab.c', ' lab_sealed_word;')}; ro_fault=same,ignore; frame: sealed, " \
                       "no mapping but the gate's may write it"
    seal = run.guest.one("seal")
    assert int(run.said("amber sealed")[-1].split()[0]) == seal["objects"]
    assert not any(line.endswith("OPEN") for line in run.said("amber sealed"))


def test_threads(end):
    _, run = end
    lines = run.said("amber ps")[1:]
    names = {line.split()[1] for line in lines}
    assert {"main", "idle", "supervisor", "console", "sh"} <= names
    assert [line.split()[1] for line in lines if " running " in line] == ["sh"]


# --- in the middle ------------------------------------------------------------------------------------------

def entry_of(machine, program):
    path = machine.elf().replace("amber.elf", f"user/{program}.elf")
    return next(s.value for s in Elf(path).symbols if s.name == "main")


def test_in_user_mode(machine):
    """The kernel's tables are not what is loaded on aarch64's lower half, and gdb has no symbols there."""
    main = entry_of(machine, "hello")
    run = debugged(machine, "init=hello", [f"hbreak *{main:#x}", "continue", "amber map hello", "amber walk $pc", "amber walk main",
                                                      "amber alias $pc", "amber ps", "amber sealed lab_sealed_word", "amber violations", "delete"])
    walk = run.said("amber walk $pc")
    assert re.match(rf"0x{main:016x} by root space \d+ hello, table at 0x", walk[0])
    assert any(", r-xu, 4 KiB page, program" in line for line in walk)
    assert any(" r-xu " in line for line in run.said("amber map hello")) and not any(" rwx" in line for line in run.said("amber map hello"))
    mappings = run.said("amber alias $pc")[1:-1]
    for_user = [line for line in mappings if "u  4 KiB page" in line]
    assert for_user and all(re.match(r"  space \d+ hello .* r-xu ", line) for line in for_user)
    assert any(re.match(r" +\d+  hello +running", line) for line in run.said("amber ps"))
    assert run.said("amber violations") == ["0 records"]


def test_in_the_gate(machine):
    """While its root is loaded; and in the page fault, before the kernel has said a word."""
    run = debugged(machine, "lab=on ro_fault=ignore inject=lab_sealed_word:store8:0xdead",
                   ["hbreak arch_inject_store8", "continue", "hbreak gate_dry_set_leaf", "continue", "amber map", "amber walk lab_sealed_word",
                    "amber violations", "amber ps", "delete"])
    assert run.said("amber map")[0].startswith("root gate, table at 0x") or "root gate" in "\n".join(run.said("amber map"))
    assert run.said("amber walk lab_sealed_word")[0].split(", ")[0].endswith("by root gate")
    assert run.said("amber violations") == ["0 records"]
    assert any(re.match(r" +\d+  inject +running", line) for line in run.said("amber ps"))


def test_a_dry_run_pass_by_pass(machine):
    """Before and behind each step, also with a breakpoint at what is stepped; the page itself stays as it was."""
    run = debugged(machine, "lab=on ro_fault=ignore inject=lab_sealed_word:store8:0xdead;lab_sealed_page:store8:1",
                   ["hbreak arch_inject_store8", "continue"] + ["amber dryrun"] * 5 +
                   ["amber why 0", "amber sealed lab_sealed_word", "amber dryrun", "amber dryrun", "stepi", "amber dryrun", "delete"])
    before, behind, before_b, behind_b = (run.said("amber dryrun", n) for n in range(4))
    assert before.pop(0) == "running on to the next violation; Ctrl-C stops the machine"
    assert before[0].startswith("dry run on CPU 0, before pass A") and ": arch_inject_store8+0x" in before[0]
    assert before_b[0].startswith("dry run on CPU 0, before pass B")
    word = run.guest.symbol("lab_sealed_word")
    assert any(line.startswith(f"  page 0x{word:016x}: frame {run.guest.image_physical(word):#x} (lab_sealed_word+0x0)") for line in before)
    assert behind[0] == "dry run on CPU 0, behind pass A: the step changed 8 bytes of the shadows"
    assert behind_b[0] == "dry run on CPU 0, behind pass B: the step changed 3 bytes of the shadows"
    for n, (old, new) in enumerate(zip(b"\xed\xa1\x5e", b"\xad\xde\x00")):
        assert behind[1 + n].startswith(f"  0x{word + n:016x}  page {old:02x}   shadow A ") and f" -> {new:02x} " in behind[1 + n]
        assert behind_b[1 + n].endswith(f"shadow B {old:02x} -> {new:02x}")
    assert run.said("amber sealed lab_sealed_word")[-1].split(None, 1)[1].startswith("ed a1 5e 00")
    assert [event["verdict"] for event in run.guest.violations] == ["ignore", "ignore"]
    decided = run.said("amber dryrun", 4)
    assert decided[:2] == ["verdict: ignore on lab_sealed_word+0x0, 8 bytes 0x5ea1ed -> 0xdead", "  asked: ignore (decided)"]
    assert decided[2].startswith("  record 0: `amber why 0` says more")
    assert run.said("amber dryrun", 5)[-1].endswith("stopped somewhere else, at arch_inject_store8+0x0: once more goes on")
    assert run.said("amber dryrun", 7)[-1].startswith("amber dryrun: stopped at arch_inject_store8+0x0, which is being tried out: your "
                                                      "breakpoint is on that instruction; `delete` it")
    assert run.said("amber why 0")[0].startswith("write to sealed memory: lab_sealed_word+0x0, 8 bytes 0x5ea1ed -> 0xdead, by ")


def test_printers(machine):
    """print says what a struct is; print/r only its fields."""
    run = debugged(machine, "lab=on ro_fault=ignore:3,panic inject=lab_sealed_word:store8:0xdead",
                   ["hbreak violation_print", "continue", "print *violation", "print/r *violation", "print chain_table.chains[0]",
                    "print *cpu_states[0].current", "delete"])
    words = "$1 = violation 0: write to sealed memory: lab_sealed_word+0x0, 8 bytes 0x5ea1ed -> 0xdead, by "
    assert run.said("print *violation")[0].startswith(words)
    assert run.said("print/r *violation")[0].startswith("$2 = {")
    assert "chain 'ignore:3,panic' for everything else: ignore (1 of 3 used)" in run.said("print chain_table.chains[0]")[0]
    thread = run.said("print *cpu_states[0].current")
    assert re.match(r"\$4 = thread \d+ 'inject' of the kernel: running, priority \d+, CPU 0", thread[0])
    assert not any("..." in line for line in thread) and thread[-1].endswith("}"), thread  # gdb's sign of a printer that broke


def test_two_cpus(machine):
    """Each is a thread of gdb's, with registers of its own: what is loaded is said of the selected one."""
    run = debugged(machine, 'smp=2 run="ps; poweroff"', [AT_THE_END, "continue", "info threads", "thread 1", "amber map", "thread 2", "amber map",
                                                         "amber ps", "delete"], extra=["-smp", "2"])
    assert len([line for line in run.said("info threads") if "CPU#" in line]) == 2
    assert all(run.said("amber map", n)[0].startswith("root ") for n in (0, 1))
    assert {line.split()[4] for line in run.said("amber ps")[1:]} == {"0", "1"}
