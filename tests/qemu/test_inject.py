# SPDX-License-Identifier: MIT
"""tests/qemu/test_inject.py: inject= itself: targets, values, contexts, and every way to get it wrong."""
import pytest
from injection import DIRECT_MAP_BASE, WORD
from runner import boot, boot_shared, kernel_elf

WRONG = [
    "lab_sealed_word:store8", "lab_sealed_word", "", ";", ":store8:1", "lab_sealed_word:store3:1", "lab_sealed_word:store8:",
    "lab_sealed_word:store1:256", "lab_sealed_word:store2:0x10000", "lab_sealed_word:store4:0x100000000",
    "lab_sealed_word:store8:0x10000000000000000", "lab_sealed_word:store8:1@", "lab_sealed_word:store8:1@nmi",
    "lab_sealed_word:fill:same", "no_such_symbol:store8:1", "lab_sealed_word+:store8:1", "lab_sealed_word+x:store8:1",
    "lab_sealed_word:store8:1;lab_sealed_word:store8:x", "lab_sealed_word:store8:-1", "lab_sealed_word:STORE8:1",
    "lab_sealed_word:store8:1 2",
]


@pytest.mark.parametrize("text", WRONG)
def test_an_error_stops_all_of_it(machine, text):
    guest = boot(machine, f'ro_fault=ignore lab=on inject="{text}"', "failed")
    assert guest.violations == [] and guest.named("inject") == []
    assert any(line.split("] ", 1)[1].startswith("cmdline: inject=") for line in guest.people_lines), guest.explain("no complaint")


def test_without_lab(machine):
    guest = boot(machine, "ro_fault=ignore inject=lab_sealed_word:store8:1", "failed")
    assert guest.violations == [] and guest.said("cmdline: inject=lab_sealed_word:store8:1: ")


def test_without_lab_it_powers_off(machine):
    assert boot(machine, "inject=lab_sealed_word:store8:1", "failed", raw=True).status == 0


def test_its_line_comes_behind_what_was_said_of_the_write(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:store8:0xdead")
    areas = [line.split("] ", 1)[1].split(":")[0] for line in guest.people_lines]
    assert areas[-3:] == ["ro", "ro", "inject"]
    assert guest.said("inject: lab_sealed_word:store8 resumed, memory holds 0x5ea1ed")


GOOD = [
    ("lab_sealed_word:store8:0xdead", "adde000000000000"), ("lab_sealed_word:store1:255", "ff"),
    ("lab_sealed_word+1:store2:0xbeef", "efbe"), ("lab_sealed_word+0x2:store4:4294967295", "ffffffff"),
    ("lab_sealed_word:or:0xff00000000000000", "eda15e00000000ff"), ("lab_sealed_word:swap:18446744073709551615", "ff" * 8),
    ("lab_sealed_word:cmpxchg:7", "0700000000000000"), ("lab_sealed_page:fill:0x1234567890abcdef", "ef" * 64),
    ("lab_sealed_page+4032:fill:3", "03" * 64), ("lab_sealed_page+4095:store1:9", "09"),
    ("lab_sealed_word:store8:same", WORD.hex()), ("lab_sealed_page+13:store8:5", "0500000000000000"),
]


@pytest.mark.parametrize("text, after", GOOD, ids=[g[0] for g in GOOD])
def test_targets_and_values(machine, text, after):
    guest = boot(machine, f"ro_fault=once lab=on inject={text}")
    report = guest.one("inject")
    assert (report["result"], report["after"]) == ("resumed", after)
    assert text.startswith(report["target"])


def test_addresses_as_target(machine):
    word = kernel_elf(machine).symbol("lab_sealed_word")
    alias = word - 0xFFFFFFFF80200000 + machine.image_physical + DIRECT_MAP_BASE
    guest = boot(machine, f"ro_fault=once lab=on inject={word:#x}:store8:1;{word}+1:store1:2;{alias:#x}:store8:3")
    assert [r["after"] for r in guest.named("inject")] == ["0100000000000000", "02", "0300000000000000"]
    assert [int(v["addr"], 16) for v in guest.violations] == [word, word + 1, alias]


def test_order_and_numbers(machine):
    guest = boot_shared(machine, "ro_fault=once lab=on inject=lab_sealed_word:store8:1;lab_sealed_word:or:2;lab_sealed_word:or:4")
    reports = guest.named("inject")
    assert [r["after"][:2] for r in reports] == ["01", "03", "07"]
    first = reports[0]["n"]
    assert [r["n"] for r in reports] == [first, first + 1, first + 2]


@pytest.mark.parametrize("target", ["0x10", "0", "0x7fffffffffff", "0xffff808000000000", "0xffffff0000000000", "0xffffc00000000000",
                                    "0x800000000000"])
def test_unmapped_target(machine, target):
    guest = boot(machine, f"ro_fault=ignore lab=on inject={target}:store8:1;lab_sealed_word:store8:2", "failed")
    first, second = guest.named("inject")
    assert (first["result"], first["after"]) == ("refused", None)
    assert (second["result"], second["after"]) == ("resumed", WORD.hex())


def test_an_ordinary_target_is_just_written(machine):
    """Not sealed, so nobody is asked."""
    words = [s for s in kernel_elf(machine).symbols if s.name == "lab_open_word"]
    if words:
        guest = boot(machine, "lab=on inject=lab_open_word:store8:5")
        assert guest.violations == [] and guest.one("inject")["after"] == "0500000000000000"


def test_text_is_no_sealed_data(machine):
    """A write to code or constants is a fault like any other: panic, but no record."""
    for name in ("__text_start", "__rodata_start"):
        address = kernel_elf(machine).symbol(name)
        guest = boot(machine, f"ro_fault=ignore lab=on inject={address:#x}:store8:1", "panic")
        assert guest.violations == []


def test_many_injections(machine):
    stores = ";".join(f"lab_sealed_word:store1:{i}" for i in range(32))
    guest = boot(machine, f"ro_fault=ignore lab=on inject={stores}")
    assert len(guest.named("inject")) == len(guest.violations) == 32
    assert all(r["after"] == "ed" for r in guest.named("inject"))


def test_repeated_contexts(machine):
    guest = boot(machine, "ro_fault=once lab=on inject=lab_sealed_word:store1:1@irq;lab_sealed_word:store1:2@commit;"
                 "lab_sealed_word:store1:3@thread;lab_sealed_word:store1:4@irq")
    assert [v["context"] for v in guest.violations] == ["irq", "commit", "thread", "irq"]
    assert [r["after"] for r in guest.named("inject")] == ["01", "02", "03", "04"]
