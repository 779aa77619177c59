# SPDX-License-Identifier: MIT
"""tests/qemu/test_system.py: the kernel as an object: what system_read shows against ELF file, events and log; orders; run=.

The program `systest` prints each record as a line. A boot module with it under the name `supervisor` gives it all rights and run=.
"""
import os
import re
import shutil

import pytest
from runner import boot, boot_shared, kernel_elf, start
from structures import types_of
from test_programs import cpio, said_by


@pytest.fixture
def module(machine, tmp_path):
    """Makes an archive with that program as supervisor."""
    def make(program):
        folder = tmp_path / program
        folder.mkdir(exist_ok=True)
        shutil.copy(os.path.join(machine.folder(), "user", "archive", program), folder / "supervisor")
        return "-initrd", cpio(folder, f"{program}.cpio")
    return make


def supervise(machine, module, run, status="ok", options="", cpus=1, program="systest"):
    return boot(machine, f"{options} 'run={run}'", status, extra=(*module(program), "-smp", str(cpus)))


def records(guest, kind, program="supervisor"):
    """[{key: value}] of lines `KIND … key=value`; what stands before the first key is `head`."""
    found = []
    for line in said_by(guest, program):
        if match := re.match(rf"{kind} (.*?)((?: ?[a-z_]+=(?:'[^']*'|\S+))+)$", line):
            fields = {k: v.strip("'") for k, v in re.findall(r"([a-z_]+)=('[^']*'|\S+)", match[2])}
            found.append({"head": match[1], **{k: int(v, 0) if re.fullmatch(r"0x[0-9a-f]+|\d+", v) else v for k, v in fields.items()}})
    return found


# --- orders and ends ----------------------------------------------------------------------------------------------------

def test_power_off(machine, module):
    guest = supervise(machine, module, "seal;poweroff")
    assert guest.said("amber: ready") and records(guest, "seal")


@pytest.mark.parametrize("cpus", [1, 4])
def test_power_off_with_programs_running(machine, module, cpus):
    supervise(machine, module, "states;poweroff", cpus=cpus)


@pytest.mark.parametrize("run, options, status", [
    ("failed;poweroff", "", "failed"),
    ("failed;failed;poweroff", "", "failed"),
    ("poweroff", "lab=on inject=0x10:store8:1", "failed"),     # refused
    ("poweroff", "lab=on ro_fault=ignore inject=lab_sealed_word:store8:1", "ok"),
])
def test_status(machine, module, run, options, status):
    supervise(machine, module, run, status, options)


def test_injections_come_before_the_supervisor(machine, module):
    options = "lab=on ro_fault=ignore inject=lab_sealed_word:store8:1;lab_sealed_word:store8:2"
    guest = supervise(machine, module, "seal;poweroff", options=options)
    assert [e["result"] for e in guest.named("inject")] == ["resumed"] * 2
    assert guest.text.rindex('"event":"inject"') < guest.text.index("amber: ready") < guest.text.index("supervisor: seal")


def test_an_error_in_inject_powers_off_all_the_same(machine, module):
    guest = supervise(machine, module, "poweroff", "failed", "inject=lab_sealed_word:store8:1")
    assert not guest.said("ready")


def ended(guest):
    """How the supervisor's end was reported, in one line."""
    lines = [line.split("] amber: ", 1)[1] for line in guest.people_lines if "] amber: the supervisor" in line]
    assert len(lines) == 1 and guest.said("this run has failed")
    return lines[0]


@pytest.mark.parametrize("run, why", [
    ("end 3", "has ended with exit code 3"), ("end 0", "has ended with exit code 0"), ("crash", "was killed"),
    ("kill 3", "was killed"), # itself: main, idle, supervisor
])
def test_the_supervisors_end_is_a_failure(machine, module, run, why):
    guest = supervise(machine, module, run, "failed")
    assert ended(guest) == f"the supervisor {why}: no program is left"


def test_a_bad_supervisor(machine, tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "supervisor").write_bytes(b"MZ no ELF file")
    guest = boot(machine, "", "failed", extra=("-initrd", cpio(folder, "bad.cpio")))
    assert ended(guest).startswith("the supervisor can't be started: ")


def test_reboot(machine, module):
    """It is a reset: without QEMU's -no-reboot a second boot follows."""
    with start(machine, "run=reboot", extra=(*module("systest"), "-action", "reboot=reset")) as guest:
        guest.wait_for(lambda: guest.text.count('"event":"seal"') >= 2, "a second boot")
        lines = [re.match(r'@amber \{"event":"(\w+)"', line) for line in guest.lines]
        events = [m[1] for m in lines if m]
        assert events[:4] == ["boot", "seal", "exit", "boot"]
        guest.process.kill()


@pytest.mark.parametrize("run, event, status", [("reboot", "ok", 0), ("failed;reboot", "failed", 0)])
def test_reboot_ends_qemu(machine, module, run, event, status):
    with start(machine, f"'run={run}'", extra=module("systest")) as guest:
        guest.wait_end()
        assert guest.status == status and guest.one("exit")["status"] == event


def test_programs_of_init_cannot_give_orders(machine):
    """They may look and print."""
    guest = boot(machine, "init='systest poweroff;reboot;failed;kill 1;order 0;order 9;seal'")
    lines = said_by(guest, "systest")
    assert lines[:6] == [f"{what}: the handle lacks a right" for what in ("poweroff", "reboot", "failed", "kill", "order", "order")]
    assert records(guest, "seal", "systest")


def test_kill(machine, module):
    """By the id of any of its threads a program ends; kernel threads don't."""
    lines = said_by(supervise(machine, module, "killchild;kill 1;kill 2;kill 4294967296;kill 0;order 9;poweroff", cpus=2), "supervisor")
    assert lines == ["the child's exit code is 0x100000001", "killed again: not found", "kill: denied", "kill: denied",
                     "kill: not found", "kill: not found", "order: out of range"]


# --- threads ------------------------------------------------------------------------------------------------------------

RUNNING, READY, STOPPED, SENDING, RECEIVING, _, WAITING, SLEEPING, BLOCKED, ENDED = range(10)


def threads(guest, program="supervisor"):
    """[(id, name, fields)]"""
    found = []
    for record in records(guest, "thread", program):
        number, name = re.fullmatch(r"(\d+) '(.*)'", record.pop("head")).groups()
        found.append((int(number), name, record))
    return found


def test_threads_in_every_state(machine, module):
    found = threads(supervise(machine, module, "states;poweroff"))
    own = [(record["state"], record["doing"]) for _, name, record in found if name == "supervisor"]
    assert own == [(RUNNING, "system_read"), (WAITING, "wait"), (RECEIVING, "receive"), (SENDING, "call"), (SLEEPING, "sleep"), (STOPPED, "")]
    kernels = {name: record for _, name, record in found if record["space"] == 0}
    assert kernels["main"]["state"] == BLOCKED and kernels["idle"]["state"] == READY
    assert len({record["space"] for _, name, record in found if name == "supervisor"}) == 1
    numbers = [number for number, _, _ in found]
    assert len(set(numbers)) == len(numbers)


def test_the_last_that_ended(machine, module):
    """Sixteen of them, with exit code and name, oldest first."""
    found = threads(supervise(machine, module, ";".join(f"start {100 + i}" for i in range(20)) + ";threads;poweroff"))
    last = [(name, record["exit"]) for _, name, record in found if record["state"] == ENDED]
    assert last == [("hello", 100 + i) for i in range(4, 20)]
    assert [number for number, _, record in found if record["state"] == ENDED] == sorted(
        number for number, name, _ in found if name == "hello")


def test_reasons_of_ends(machine, module):
    found = threads(supervise(machine, module, "killchild;threads;poweroff"))
    assert [record["exit"] for _, name, record in found if name == "systest"] == [1 << 32 | 1] * 2


def test_cpu_time(machine, module):
    """Ticks go to who runs; a thread that waits gets none."""
    guest = supervise(machine, module, "spin 5;threads;poweroff")
    found = {name: record for _, name, record in threads(guest)}
    assert found["supervisor"]["ticks"] >= 5 and found["main"]["ticks"] < 5 + found["supervisor"]["ticks"]


@pytest.mark.parametrize("cpus", [1, 4])
def test_a_kernel_thread_for_each_cpu(machine, module, cpus):
    guest = supervise(machine, module, "threads;counts;poweroff", cpus=cpus)
    idle = [record["cpus"] for _, name, record in threads(guest) if name == "idle"]
    assert sorted(idle) == [1 << i for i in range(cpus)]
    living = [record for _, _, record in threads(guest) if record["state"] != ENDED]
    assert counts(guest)["objects[1]"] == len(living)
    assert counts(guest)["cpus"] == cpus


# --- counts and seal ----------------------------------------------------------------------------------------------------

def counts(guest, program="supervisor"):
    text = "\n".join(line for line in said_by(guest, program) if line.startswith("count "))
    return {k: int(v) for k, v in re.findall(r"([a-z_]+(?:\[\d+\])?)=(\d+)", text)}


def test_counts(machine, module):
    guest = supervise(machine, module, "counts;start 0;start 0;start 0;counts;poweroff")
    first, second = ({k: int(v) for k, v in re.findall(r"([a-z_]+(?:\[\d+\])?)=(\d+)", part)}
                     for part in "\n".join(said_by(guest, "supervisor")).split("count objects[1]=")[1:])
    assert first["memory_kib"] == guest.one("boot")["memory_kib"] and first["cpus"] == 1
    assert first["arena_frames_used"] < first["arena_frames"] and first["objects[9]"] == 1
    assert 0 < first["free_frames"] * 4 < first["memory_kib"]
    for key in ("objects[2]", "user_frames", "space_tables", "handle_pages"):
        assert first[key] == second[key], key


def test_counts_are_a_census(machine):
    """In the kernel: the same by another way (kernel/selftest/system_test.c)."""
    boot(machine, "test=system_*")


def test_seal_is_the_events(machine, module):
    guest = supervise(machine, module, "seal;poweroff", options="lab=on ro_fault=unprotect inject=lab_sealed_page:store8:1")
    event = guest.one("seal")
    shown = {}
    for record in records(guest, "seal"):
        shown |= record
    for key in ("start", "end", "core_start", "core_end"):
        assert shown[key] == int(event[key], 16), key
    for key in ("pages", "bytes_used", "objects", "aliases_sealed", "writable_aliases", "wx_pages", "page_table_pages",
                "page_table_pages_writable", "cpus_probed"):
        assert shown[key] == event[key], key
    assert (shown["state"], shown["unprotected_pages"], shown["violations"], shown["stores"], shown["probes_failed"]) == (0, 1, 1, 1, 0)


def test_seal_off(machine, module):
    guest = supervise(machine, module, "seal;sealed;poweroff", options="rodata=off")
    assert records(guest, "seal")[0]["state"] == 1
    assert all(record["writable"] for record in records(guest, "sealed"))


# --- sealed objects and symbols -----------------------------------------------------------------------------------------

def sealed_symbols(machine):
    elf = kernel_elf(machine)
    ranges = [(elf.symbol(f"__{part}_start"), elf.symbol(f"__{part}_end")) for part in ("ro_after_init", "ro_core")]
    return {(s.name, s.value, s.size): s for s in elf.symbols
            if s.size and s.type in (1, 2) and any(low <= s.value < high for low, high in ranges)}


@pytest.mark.parametrize("one", ["", " one"])
def test_sealed_objects_are_the_elf_files(machine, module, one):
    """All of them, whether many come at once or one by one."""
    guest = supervise(machine, module, f"sealed{one};poweroff")
    found = [(*record["head"].split(), record) for record in records(guest, "sealed")]
    wanted = sealed_symbols(machine)
    assert sorted((name, int(addr, 0), record["bytes"]) for name, addr, record in found) == sorted(wanted)
    assert [int(addr, 0) for _, addr, _ in found] == sorted(int(addr, 0) for _, addr, _ in found)
    core = kernel_elf(machine).symbol("__ro_core_start")
    for name, addr, record in found:
        symbol = wanted[name, int(addr, 0), record["bytes"]]
        assert record["core"] == (symbol.value >= core) and not record["writable"] and record["remaining"] == ""
        assert record["file"] == symbol.file if symbol.file else re.fullmatch(r"\w+\.[cS]", record["file"]), name
        assert record["chain"] == "panic"


def test_chains_and_budgets(machine, module):
    options = ("lab=on initcall_trace=on ro_fault=once ro_fault.lab_sealed_word=ignore:3,once:1,panic ro_fault.lab_sealed_page=unprotect "
               "inject=lab_sealed_word:store8:1;lab_sealed_page:store8:1;lab_sealed_word:store8:2")
    guest = supervise(machine, module, "sealed;poweroff", options=options)
    found = {record["head"].split()[0]: record for record in records(guest, "sealed")}
    word, page, other = found["lab_sealed_word"], found["lab_sealed_page"], found["lab_sealed_next"]
    assert (word["chain"], word["remaining"]) == ("ignore:3,once:1,panic", "ignore:1,once:1")
    assert (page["chain"], page["remaining"]) == ("unprotect", "") and other["chain"] == "once"
    assert {record["initcall"] for record in (word, page, other)} == {"lab_fill"} and word["file"] == "lab.c"
    assert [name for name, record in found.items() if record["writable"]] == ["lab_sealed_page"]


def test_symbols(machine, module):
    elf = kernel_elf(machine)
    names = {}
    for s in elf.symbols:
        if s.type in (1, 2) and s.file and s.section:
            names.setdefault(s.name, set()).add(s.file)
    twice = next(name for name, files in sorted(names.items()) if len(files) == 2)
    asked = ["lab_sealed_word", "kernel_main", "nothing_of_this_name", twice, f"{sorted(names[twice])[0]}:{twice}", "x" * 72]
    lines = said_by(supervise(machine, module, ";".join(f"symbol {name}" for name in asked) + ";poweroff"), "supervisor")
    assert lines[0] == f"symbol lab_sealed_word: {elf.symbol('lab_sealed_word'):#x} bytes=8 sealed=1 next=0"
    assert re.fullmatch(rf"symbol kernel_main: {elf.symbol('kernel_main'):#x} bytes=\d+ sealed=0 next=0", lines[1])
    assert lines[2] == "symbol nothing_of_this_name: not found ()"
    which = re.fullmatch(rf"symbol {twice}: ambiguous \((.*)\)", lines[3])[1]
    assert set(which.split(", ")) == {f"{file}:{twice}" for file in names[twice]}
    assert re.search(r": 0x[0-9a-f]+ bytes=", lines[4])


# --- violations ---------------------------------------------------------------------------------------------------------

def test_violations_are_the_logs_words(machine, module):
    inject = ";".join(["lab_sealed_word:store8:0xdead", "lab_sealed_page:fill:7", "lab_sealed_next+8:store1:3@irq", "lab_sealed_word:swap:5"])
    guest = supervise(machine, module, "violations;poweroff", options=f"lab=on ro_fault=ignore:2,once inject={inject}")
    shown = [re.fullmatch(r"violation (\d+): (.*)", line).groups() for line in said_by(guest, "supervisor") if line.startswith("violation ")]
    logged = [line for line in said_by(guest, "ro")]
    assert [text for _, text in shown] == logged and len(logged) >= 8
    assert sorted({int(seq) for seq, _ in shown}) == [v["seq"] for v in guest.violations] == list(range(len(guest.violations)))


def test_no_violations(machine):
    assert said_by(boot_shared(machine, "init='systest violations'"), "systest") == ["violations: end"]


def test_more_violations_than_are_kept(machine, module):
    """The ring keeps the first ones; the seal's record counts all."""
    kept = types_of(machine)["violation_ring"]["records"].count
    guest = supervise(machine, module, f"records {kept + 45};violations;seal;poweroff", options="lab=on ro_fault=ignore")
    seqs = [int(m[1]) for line in said_by(guest, "supervisor") if (m := re.match(r"violation (\d+): write", line))]
    assert seqs == list(range(kept)) and records(guest, "seal")[-1]["violations"] == kept + 45


# --- wrong arguments ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call", ["system_read", "system_control", "console_write", "console_watch"])
def test_wrong_arguments_with_all_rights(machine, module, call):
    lines = said_by(supervise(machine, module, call, "failed", program="attacks"), "supervisor")
    counts = [int(m[1]) for line in lines if (m := re.match(rf"{call}: (\d+) attacks", line))]
    assert len(counts) == 1 and counts[0] > 20 and lines[-1].endswith(" 0 of them went wrong")
