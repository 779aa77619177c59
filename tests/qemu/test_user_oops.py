# SPDX-License-Identifier: MIT
"""tests/qemu/test_user_oops.py: a write to sealed memory in a system call (user/program/labtest.c): who dies of it and who doesn't."""
import re

import pytest
from injection import DIRECT_MAP_BASE
from runner import boot, boot_shared, kernel_elf

SEALED, NEW = 0x5EA1ED, 0x1BADB002
KILLED_BY_OOPS = 0x100000003


def labtest(machine, chain, in_commit, outcome="ok", symbol="lab_sealed_word", cpus=1, address=None):
    address = address or kernel_elf(machine).symbol(symbol)
    return boot(machine, f"lab=on ro_fault={chain} init='labtest {address:#x} {in_commit}'", outcome, extra=("-smp", str(cpus)))


def said(guest):
    """{what: text} of the program's lines."""
    found = [re.search(r"\] labtest: (\w+): (.*)$", line) for line in guest.people_lines]
    return {m[1]: m[2] for m in found if m}


def record_of(guest, context):
    record = guest.one("violation")
    assert (record["syscall"], record["context"], record["thread"]) == ("lab_write", context, "labtest")
    return record


@pytest.mark.parametrize("cpus", [1, 2])
def test_exactly_that_thread_dies(machine, cpus):
    """That nothing of it is left is checked in every run that ends with the status ok: kernel/census.c."""
    guest = labtest(machine, "oops", 0, cpus=cpus)
    assert record_of(guest, "thread")["verdict"] == "oops"
    assert guest.one("oops") == {**guest.one("oops"), "thread": "labtest", "reason": "write to sealed memory"}
    assert said(guest) == {"server": f"code {KILLED_BY_OOPS:#x}", "store": "never came back", "client": "the other side is gone, code 0x0",
                           "others": "go on", "memory": "right", "value": f"{SEALED:#x}"}


def test_in_a_commit_section_it_hands_over(machine):
    guest = labtest(machine, "oops,ignore", 1)
    record = record_of(guest, "commit")
    assert record["verdict"] == "ignore" and record["asked"] == ["oops: in a commit section", "ignore"]
    assert not guest.named("oops") and said(guest)["server"] == "code 0x0" and said(guest)["client"] == "ok, code 0x0"
    guest = labtest(machine, "oops", 1, "sealed")
    assert record_of(guest, "commit")["verdict"] == "panic"


@pytest.mark.parametrize("chain, verdict, value", [
    ("ignore", "ignore", SEALED), ("once", "once", NEW), ("log-and-unprotect", "unprotect", NEW)])
@pytest.mark.parametrize("in_commit", [0, 1])
def test_the_call_goes_on(machine, chain, verdict, value, in_commit):
    """The story runs under the root of a space: what the program has in its memory is right afterwards."""
    guest = labtest(machine, chain, in_commit)
    assert record_of(guest, "commit" if in_commit else "thread")["verdict"] == verdict
    assert said(guest) == {"server": "code 0x0", "store": "ok", "client": "ok, code 0x0", "others": "go on", "memory": "right",
                           "value": f"{value:#x}"}


@pytest.mark.parametrize("symbol", ["vdso_data", "vdso_code"])
def test_the_vdso_is_sealed(machine, symbol):
    """The page that every program reads, or runs, is sealed data like any other: the time goes on as it was."""
    guest = labtest(machine, "ignore", 0, symbol=symbol)
    record = record_of(guest, "thread")
    assert (record["class"], record["verdict"], record["symbol"]) == ("data", "ignore", symbol + "+0x0")
    before = int.from_bytes(bytes.fromhex(record["old"]), "little")
    assert before != NEW and said(guest)["value"] == f"{before:#x}" and said(guest)["others"] == "go on"


@pytest.mark.parametrize("chain", ["oops", "ignore", "log-and-unprotect"])
def test_core_is_a_panic(machine, chain):
    guest = labtest(machine, chain, 0, "sealed", symbol="chain_table")
    record = record_of(guest, "thread")
    assert record["class"] == "core" and record["verdict"] == "panic"


def test_a_spaces_root_is_core(machine):
    """As the gate's root, which lies in the same arena: only the gate writes there, also for a program's mappings."""
    seal = boot_shared(machine, "lab=on ro_fault=ignore inject=lab_sealed_word:store1:1").one("seal")
    guest = labtest(machine, "ignore", 0, "sealed", address=DIRECT_MAP_BASE + (int(seal["gate_root"], 16) & ~0x1FFFFF) + 0x1FF000)
    assert record_of(guest, "thread")["class"] == "core"


def test_without_lab_there_is_no_device(machine):
    address = kernel_elf(machine).symbol("lab_sealed_word")
    guest = boot(machine, f"init='labtest {address:#x} 0'")
    assert not guest.violations and said(guest)["store"] == "no such handle"


@pytest.mark.parametrize("symbol", ["vdso_data", "vdso_code"])
def test_the_vdso_is_sealed_data(machine, symbol):
    """Pages that every program has mapped. What a program has sealed itself: kernel/selftest, spaces_are_sealed."""
    record = record_of(labtest(machine, "ignore", 0, symbol=symbol), "thread")
    assert (record["class"], record["verdict"]) == ("data", "ignore") and record["symbol"].startswith(symbol)
