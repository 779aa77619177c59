# SPDX-License-Identifier: MIT
"""tests/qemu/test_records.py: the contract's chapter "What a write leads to": extents, merging, straddles, aliases."""
import re

import pytest

from injection import DIRECT_MAP_BASE, WORD
from runner import boot, kernel_elf

OLD, NEW = b"\x11".hex(), b"\x22".hex()


def alias_of(machine, name, offset=0):
    return kernel_elf(machine).symbol(name) + offset - 0xFFFFFFFF80200000 + machine.image_physical + DIRECT_MAP_BASE


def test_the_record(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:store8:0xdead")
    record = guest.one("violation")
    assert record["symbol"] == "lab_sealed_word+0x0" and int(record["addr"], 16) == guest.symbol("lab_sealed_word")
    assert (record["size"], record["size_exact"], record["count"]) == (8, True, 1)
    assert (record["old"], record["new"], record["redundant"]) == (WORD.hex(), "adde000000000000", False)
    assert (record["chain"], record["asked"], record["verdict"]) == ("ignore", ["ignore"], "ignore")
    assert (record["thread"], record["syscall"], record["initcall"], record["class"]) == ("inject", None, None, "data")
    assert re.match(r"arch_inject_store8(\+0x[0-9a-f]+)?$", record["pc_symbol"])
    assert any(name.startswith("inject") for name in record["backtrace"])


def test_pc_is_an_address_in_that_function(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:store8:0xdead")
    record = guest.one("violation")
    function = next(s for s in kernel_elf(machine).symbols if s.name == "arch_inject_store8")
    assert function.value <= int(record["pc"], 16) < function.value + max(function.size, 16)


def test_in_words(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:store8:0xdead")
    ro = [line.split("] ", 1)[1] for line in guest.people_lines if "] ro: " in line]
    assert any(re.match(r"ro: write to sealed memory: lab_sealed_word\+0x0, 8 bytes 0x5ea1ed -> 0xdead, by \S+ in thread 'inject'$", x)
               for x in ro), ro
    assert any(re.match(r"ro: {3}ro_fault=ignore: the write was dropped, execution goes on$", x) for x in ro), ro


def test_the_line_says_who_of_several_decided(machine):
    guest = boot(machine, "ro_fault=ignore:1,same,once,oops lab=on inject=lab_sealed_word:store8:1;lab_sealed_word:store8:same;"
                 "lab_sealed_word:store8:2")
    rules = [line.split("] ro:   ro_fault=ignore:1,same,once,oops: ")[1] for line in guest.people_lines if "] ro:   ro_fault=" in line]
    passed = "the write was let through once, the page stays sealed"
    assert rules == ["the write was dropped, execution goes on", f"{passed} (by same)", f"{passed} (by once)"]


def test_initcall_trace(machine):
    guest = boot(machine, "initcall_trace=on ro_fault=ignore lab=on inject=lab_sealed_word:store8:1;lab_sealed_page+9:store1:1")
    assert [v["initcall"] for v in guest.violations] == ["lab_fill", "lab_fill"]


def test_the_same_address_again_is_a_new_record(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:store8:1;lab_sealed_word:store8:1")
    assert [v["count"] for v in guest.violations] == [1, 1]


def test_other_threads_do_not_merge(machine):
    """Neighbouring stores, but each injection is a thread of its own."""
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_page:store8:1;lab_sealed_page+8:store8:1")
    assert [(v["size"], v["count"]) for v in guest.violations] == [(8, 1), (8, 1)]


def test_fill_is_one_record(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_page+256:fill:0x33")
    record = guest.one("violation")
    assert record["size"] == 64 and record["old"] == OLD * 64 and record["new"] == "33" * 64
    assert record["symbol"] == "lab_sealed_page+0x100"
    assert guest.one("exit")["stores"] == record["count"]


def test_a_merged_record_uses_one_unit_of_budget(machine):
    guest = boot(machine, "ro_fault=once:1,ignore lab=on inject=lab_sealed_page:fill:0x33;lab_sealed_page+0x100:fill:0x44")
    assert [v["verdict"] for v in guest.violations] == ["once", "ignore"]
    assert [r["after"] for r in guest.named("inject")] == ["33" * 64, OLD * 64]


def test_straddle_over_two_sealed_objects(machine):
    value = int.from_bytes(bytes(range(0xA1, 0xA9)), "little")
    guest = boot(machine, f"ro_fault=once lab=on inject=lab_sealed_page+4092:store8:{value:#x}")
    record = guest.one("violation")
    assert (record["size"], record["symbol"]) == (8, "lab_sealed_page+0xffc")
    assert (record["old"], record["new"]) == (OLD * 4 + NEW * 4, "a1a2a3a4a5a6a7a8")
    assert guest.one("inject")["after"] == "a1a2a3a4a5a6a7a8"


def test_straddle_dropped_whole(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_page+4089:store8:1", memory_file=True, keep=True)
    pages = guest.read_symbol("lab_sealed_page", 8192)
    guest.close()
    assert pages == b"\x11" * 4096 + b"\x22" * 4096
    assert guest.one("violation")["size"] == 8


def test_straddle_over_objects_of_different_chains_is_a_panic(machine):
    guest = boot(machine, "ro_fault=ignore ro_fault.lab_sealed_next=once lab=on inject=lab_sealed_page+4092:store8:1", "sealed")
    assert guest.one("violation")["verdict"] == "panic"


def test_straddle_opens_both_pages(machine):
    guest = boot(machine, "ro_fault=unprotect lab=on inject=lab_sealed_page+4092:store8:1;lab_sealed_page:store8:2;"
                 "lab_sealed_next+64:store8:3")
    assert guest.one("violation")["verdict"] == "unprotect"
    assert guest.one("exit")["unprotected_pages"] == 2


def test_fill_over_two_sealed_objects(machine):
    guest = boot(machine, "ro_fault=once lab=on inject=lab_sealed_page+4064:fill:0x55")
    assert guest.one("inject")["after"] == "55" * 64
    assert sum(v["size"] for v in guest.violations) == 64


def test_another_mapping_names_the_object_too(machine):
    address = alias_of(machine, "lab_sealed_word")
    guest = boot(machine, f"ro_fault=ignore lab=on inject={address:#x}:store8:1")
    record = guest.one("violation")
    assert record["symbol"] == "lab_sealed_word+0x0" and int(record["addr"], 16) == address
    assert record["old"] == WORD.hex()


def test_unprotect_opens_the_mapping_that_was_used(machine):
    address = alias_of(machine, "lab_sealed_page")
    guest = boot(machine, f"ro_fault=unprotect:1,ignore lab=on inject={address:#x}:store8:1;lab_sealed_page+8:store8:2;"
                 f"{address + 16:#x}:store8:3")
    assert [v["verdict"] for v in guest.violations] == ["unprotect", "ignore"]
    assert [r["after"][:2] for r in guest.named("inject")] == ["01", "11", "03"]


def test_the_chain_of_an_object_holds_for_its_other_mapping(machine):
    address = alias_of(machine, "lab_sealed_word")
    guest = boot(machine, f"ro_fault.lab_sealed_word=once lab=on inject={address:#x}:store8:1")
    assert guest.one("violation")["verdict"] == "once"


def test_sequence_and_time(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:store8:1;lab_sealed_word:store8:2;lab_sealed_word:store8:3")
    first = guest.violations[0]["seq"]
    assert [v["seq"] for v in guest.violations] == [first, first + 1, first + 2]
    times = [v["time"] for v in guest.violations]
    assert times == sorted(times) and 0 < times[0] < 30_000_000


def test_cmpxchg_shows_what_could_change(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:cmpxchg:0x5ea1ee")
    record = guest.one("violation")
    assert record["size_exact"] is False and (record["old"], record["new"]) == ("ed", "ee")


def test_no_events_for_a_quiet_loglevel_are_lost(machine):
    guest = boot(machine, "loglevel=0 ro_fault=ignore lab=on inject=lab_sealed_word:store8:1")
    assert [e["event"] for e in guest.events] == ["boot", "seal", "violation", "inject", "exit"]


def test_order_of_events(machine):
    guest = boot(machine, "ro_fault=oops lab=on inject=lab_sealed_word:store8:1;lab_sealed_word:store8:2")
    assert [e["event"] for e in guest.events] == ["boot", "seal"] + ["violation", "oops", "inject"] * 2 + ["exit"]


@pytest.mark.parametrize("opened", ["lab_sealed_page", "lab_sealed_next"])
def test_straddle_of_an_open_page_opens_the_other(machine, opened):
    guest = boot(machine, f"ro_fault=unprotect lab=on inject={opened}:store8:1;lab_sealed_page+0xffe:store4:1")
    assert [v["verdict"] for v in guest.violations] == ["unprotect", "unprotect"]
    assert guest.named("inject")[1]["after"] == "01000000"
    assert guest.one("exit")["unprotected_pages"] == 2


def test_a_read_modify_write_is_recorded_at_the_address_used(machine):
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:or:0xff00;lab_sealed_page:or:0xff")
    first, second = guest.violations
    assert (first["symbol"], first["size_exact"], first["old"], first["new"]) == ("lab_sealed_word+0x0", False, "eda1", "edff")
    assert (second["size"], second["size_exact"]) == (1, False)


# aarch64's atomics don't reach two objects of different chains: they must be aligned.
@pytest.mark.parametrize("own,store", [("lab_sealed_next", "or:0x4400000000"), ("lab_sealed_page", "or:0x44"),
                                       ("lab_sealed_next", "cmpxchg:0x4433221111111111")])
def test_a_read_modify_write_over_two_chains_is_a_panic(machine, own, store):
    if machine.name == "aarch64":
        guest = boot(machine, f"ro_fault=ignore lab=on inject=lab_sealed_page+4092:{store}", "failed")
        assert guest.one("inject")["result"] == "refused" and guest.violations == []
        return
    guest = boot(machine, f"ro_fault=panic ro_fault.{own}=once lab=on inject=lab_sealed_page+4092:{store}", "sealed")
    assert guest.one("violation")["addr"] == f"0x{guest.symbol('lab_sealed_page') + 4092:016x}"


def test_a_store_from_ordinary_into_sealed_memory_names_the_sealed_object(machine):
    """Init memory is free, ordinary memory after the seal and lies in front of the sealed section in the direct map."""
    address = alias_of(machine, "__ro_after_init_start", -4)
    guest = boot(machine, f"ro_fault=ignore lab=on inject={address:#x}:store8:1")
    record = guest.one("violation")
    assert int(record["addr"], 16) == address and record["size"] == 8
    assert record["symbol"] is None or not record["symbol"].startswith("0x")
    assert record["pc_symbol"].startswith("arch_inject_store8")
