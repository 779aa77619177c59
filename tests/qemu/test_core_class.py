# SPDX-License-Identifier: MIT
"""tests/qemu/test_core_class.py: a write to the protection itself is a panic, whatever the command line says."""
import pytest
from injection import DIRECT_MAP_BASE
from runner import boot, boot_shared, kernel_elf

CHAINS = ["ignore", "once", "unprotect", "oops", "same,once"]
TARGETS = ["__ro_core_start", "chain_table", "percpu"]


def check_core(guest, address, symbol=None):
    record = guest.one("violation")
    assert record["class"] == "core" and record["verdict"] == "panic"
    assert (record["new"], record["size"], record["redundant"]) == (None, None, None)
    assert len(bytes.fromhex(record["old"])) == 8
    assert int(record["addr"], 16) == address
    if symbol:
        assert record["symbol"].startswith(symbol), record["symbol"]
    assert guest.named("inject") == []


@pytest.mark.parametrize("chain", CHAINS)
def test_no_chain_decides(machine, chain):
    address = kernel_elf(machine).symbol("chain_table")
    guest = boot(machine, f"ro_fault={chain} lab=on inject=chain_table:store8:0", "sealed")
    check_core(guest, address, "chain_table+0x0")


@pytest.mark.parametrize("target", TARGETS)
def test_objects(machine, target):
    address = kernel_elf(machine).symbol(target)
    check_core(boot(machine, f"ro_fault=ignore lab=on inject={address:#x}:store8:0", "sealed"), address)


def test_the_last_byte_of_the_section(machine):
    address = kernel_elf(machine).symbol("__ro_core_end") - 8
    check_core(boot(machine, f"ro_fault=ignore lab=on inject={address:#x}:store8:0", "sealed"), address)


def test_the_other_mapping(machine):
    address = kernel_elf(machine).symbol("chain_table") - 0xFFFFFFFF80200000 + machine.image_physical + DIRECT_MAP_BASE
    check_core(boot(machine, f"ro_fault=once lab=on inject={address:#x}:store8:0", "sealed"), address, "chain_table+0x0")


def test_old_bytes(machine):
    guest = boot(machine, "ro_fault=once lab=on inject=percpu+16:store8:0", "sealed", memory_file=True, keep=True)
    there = guest.read_symbol("percpu", 24)[16:]
    guest.close()
    assert bytes.fromhex(guest.one("violation")["old"]) == there


@pytest.mark.parametrize("which", ["gate_root", "dry_run_root", "unused"])
def test_the_table_arena(machine, which):
    """Its place is the same in every boot, so one boot tells where to aim in the next."""
    seal = boot_shared(machine, "lab=on ro_fault=ignore inject=lab_sealed_word:store1:1").one("seal")
    frame = {"gate_root": int(seal["gate_root"], 16), "dry_run_root": int(seal["dry_run_roots"][0], 16)}.get(which)
    if frame is None:  # the last page of the 2 MiB block that the gate's root lies in
        frame = (int(seal["gate_root"], 16) & ~0x1FFFFF) + 0x1FF000
    address = DIRECT_MAP_BASE + frame
    guest = boot(machine, f"ro_fault=ignore lab=on inject={address:#x}:store8:0", "sealed")
    check_core(guest, address, "arena:")


def test_rodata_off_leaves_the_tables_sealed(machine):
    seal = boot_shared(machine, "lab=on ro_fault=ignore inject=lab_sealed_word:store1:1").one("seal")
    address = DIRECT_MAP_BASE + int(seal["gate_root"], 16)
    check_core(boot(machine, f"rodata=off lab=on inject={address:#x}:store8:0", "sealed"), address)


def test_a_straddle_from_data_into_core(machine):
    """One page of core behind the sealed data: the store's first byte is data, its last is not."""
    address = kernel_elf(machine).symbol("__ro_core_start") - 4
    guest = boot(machine, f"ro_fault=ignore lab=on inject={address:#x}:store8:0", "sealed")
    assert guest.one("violation")["verdict"] == "panic"
