# SPDX-License-Identifier: MIT
"""tests/qemu/test_broken.py: each protection's test, on the ordinary kernel and on one that leaves it out.

The broken kernel (make BREAK=1) has to fail what the ordinary one passes: only so do we know that a test can fail.
CHECKS pairs each name of `break=list` with its test; a check gets the kernel to boot in `broken` ("" = ordinary).
"""
import re

import outside
import pytest
from injection import WINDOW_BASE, WORD
from runner import boot, kernel_elf


BAD_MAPPING = "a mapping that must not be"


def walk_is_clean(machine, broken, judge):
    """The walk from outside alone judges: also behind the panic of a proof that failed."""
    with outside.halted_view(machine, broken=broken) as view:
        found = judge(view)
        assert not found, f"{BAD_MAPPING}: {found[0]}"


def alias(machine, broken):
    walk_is_clean(machine, broken, lambda view: outside.no_writable_mapping(view, "ro_after_init", "ro_core"))


def arena(machine, broken):
    walk_is_clean(machine, broken, outside.no_writable_table)


def wx(machine, broken):
    walk_is_clean(machine, broken, outside.no_writable_and_executable)


def init(machine, broken):
    walk_is_clean(machine, broken, outside.init_still_mapped)


def gate_check(machine, broken):
    boot(machine, "test=gate_refuses_writable_*", broken=broken)


def core_class(machine, broken):
    guest = boot(machine, "ro_fault=ignore lab=on inject=chain_table+64:store8:0", "sealed", broken=broken)
    assert guest.one("violation")["class"] == "core"


def wp(machine, broken):
    """Code and constants never were writable: a store there is stopped, with the seal or without it."""
    address = kernel_elf(machine, bool(broken)).symbol("__rodata_start")
    boot(machine, f"rodata=off lab=on inject={address:#x}:store8:1", "panic", broken=broken)


def dry_run(machine, broken):
    """A store of what is there already has an extent all the same."""
    guest = boot(machine, "ro_fault=same lab=on inject=lab_sealed_word:store8:same", broken=broken)
    record = guest.one("violation")
    assert (record["size"], record["redundant"], record["old"]) == (8, True, WORD.hex())


def asid(machine, broken):
    """Behind a gate call nobody may write through the window: neither where the first store's commit went, nor to the gate's own
    stack. (That translation is the one to be found alive: each call uses it, and nothing else has its place in QEMU's TLB.)"""
    word = kernel_elf(machine, bool(broken)).symbol("lab_sealed_word") - 0xFFFFFFFF80200000 + machine.image_physical + WINDOW_BASE
    with boot(machine, "test=gate_stack_is_whole", broken=broken, memory_file=True, keep=True) as guest:
        stack = int.from_bytes(guest.read_symbol("percpu", 16)[8:], "little") - 8  # struct percpu: gate_root, gate_sp
    stores = f"lab_sealed_word:store8:1;{word:#x}:store8:2;{stack:#x}:store8:2;lab_sealed_word:store8:same"
    guest = boot(machine, f"ro_fault=once lab=on inject={stores}", "failed", broken=broken)
    assert [r["result"] for r in guest.named("inject")] == ["resumed", "refused", "refused", "resumed"]
    assert guest.named("inject")[3]["after"] == "0100000000000000"


def shootdown(machine, broken):
    boot(machine, "test=cpus_obey_protection", broken=broken, extra=("-smp", "2"))


def probe(machine, broken):
    seal = boot(machine, "test=cpus_all_tick", broken=broken, extra=("-smp", "2")).one("seal")
    assert (seal["state"], seal["cpus_probed"]) == ("sealed", 2)


def registers_unmapped(machine, broken, place):
    walk_is_clean(machine, broken, lambda view: outside.mapped_at(view, place))


def apic(machine, broken):
    registers_unmapped(machine, broken, 0xFEE00000)


def fwcfg(machine, broken):
    registers_unmapped(machine, broken, 0x09020000)


def each_cpu_has(machine, broken, bit):
    """In CR4, on two CPUs."""
    with outside.halted_view(machine, broken=broken, extra=("-smp", "2")) as view:
        values = [int(value, 16) for value in re.findall(r"CR4=([0-9a-f]+)", view.guest.qmp.monitor("info registers -a"))]
        assert len(values) == 2 and all(value >> bit & 1 for value in values)


def smep(machine, broken):
    each_cpu_has(machine, broken, 20)
    guest = boot(machine, "test=user_code_is_not_run", "panic", broken=broken)
    assert guest.said("cannot execute 0x0000007ffffff000")


def smap(machine, broken):
    each_cpu_has(machine, broken, 21)
    user_memory(machine, broken)


def user_memory(machine, broken):
    boot(machine, "test=user_memory_is_shut", broken=broken)


def fixup(machine, broken):
    boot(machine, "test=user_copies_stop_at_edges", broken=broken)


def fastpath(machine, broken):
    boot(machine, "test=ipc_paths_agree", broken=broken)


CHECKS = {"alias": alias, "arena": arena, "gate-check": gate_check, "core-class": core_class, "wp": wp, "wx": wx, "init": init,
          "dry-run": dry_run, "asid": asid, "shootdown": shootdown, "probe": probe, "apic": apic, "fwcfg": fwcfg,
          "smep": smep, "smap": smap, "pan": user_memory, "fixup": fixup, "fastpath": fastpath}
ONLY_ONE_MACHINE = {"asid": "aarch64", "apic": "x86_64", "fwcfg": "aarch64", "smep": "x86_64", "smap": "x86_64", "pan": "aarch64"}
FAILED_PROOF = ("alias", "arena", "wx", "wp")


def exists(name, machine):
    return ONLY_ONE_MACHINE.get(name, machine.name) == machine.name


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        from machines import MACHINES
        arch = metafunc.config.getoption("--arch")
        names = FAILED_PROOF if metafunc.function.__name__ == "test_the_proof_sees_it" else CHECKS
        pairs = [(m, n) for m in MACHINES.values() if arch in ("", m.name) for n in names if exists(n, m)]
        metafunc.parametrize("machine, name", pairs, ids=[f"{m}-{n}" for m, n in pairs], scope="session")


def test_the_ordinary_kernel_passes(machine, name):
    CHECKS[name](machine, "")


def test_the_broken_kernel_fails(machine, name):
    with pytest.raises(AssertionError) as failure:
        CHECKS[name](machine, name)
    assert "did not end within" not in str(failure.value) and "QEMU ended before" not in str(failure.value), failure.value
    assert BAD_MAPPING in str(failure.value) or CHECKS[name] not in (alias, arena, wx, init, apic, fwcfg), failure.value


def test_the_broken_kernel_is_whole_otherwise(machine):
    """Without break= it passes what the ordinary one passes."""
    guest = boot(machine, "ro_fault=ignore lab=on inject=lab_sealed_word:store8:1 break=", broken="none-such")
    assert guest.one("seal")["state"] == "sealed"
    assert guest.one("inject")["after"] == WORD.hex()


def test_the_proof_sees_it(machine, name):
    """These reach the seal event, which says `failed` and counts; then comes a panic."""
    guest = boot(machine, "", "panic", broken=name)
    seal = guest.one("seal")
    assert seal["state"] == "failed" and guest.one("boot")["broken"] == [name]
    counts = {"alias": "writable_aliases", "arena": "page_table_pages_writable", "wx": "wx_pages"}
    if name in counts:
        assert seal[counts[name]] > 0


def test_the_table_is_break_list(machine):
    guest = boot(machine, "exit=debug nonce=list break=list", raw=True, broken=True)
    listed = [m[1] for line in guest.people_lines if (m := re.search(r"\] break: ([a-z-]+): \S", line))]
    assert sorted(listed) == sorted(n for n in CHECKS if exists(n, machine))


def test_several_at_once(machine):
    guest = boot(machine, "test=no_such_test", "failed", broken="init,dry-run")
    assert sorted(guest.one("boot")["broken"]) == ["dry-run", "init"]


def test_the_ordinary_kernel_does_not_know_the_option(machine):
    guest = boot(machine, "break=alias ro_fault=ignore lab=on inject=lab_sealed_word:store8:1")
    assert guest.said("cmdline: break=alias: unknown option; ignored") and guest.one("boot")["broken"] == []
    assert not any(s.name.startswith("broken_") for s in kernel_elf(machine).symbols)


def test_without_shootdowns_a_writer_goes_on(machine):
    """A program's page is sealed on one CPU while another one writes: test_programs.py has the ordinary kernel. On aarch64 the
    boot doesn't get that far: CPU 1 still has the kernel's pages writable, and the proof of the seal sees that."""
    stops_early = machine.name == "aarch64"
    guest = boot(machine, "init='sealer cpus'", "panic" if stops_early else "failed", broken="shootdown", extra=("-smp", "2"))
    assert guest.one("seal")["state"] == ("failed" if stops_early else "sealed")
    for what in ("made read-only", "sealed"):
        assert guest.said(f"sealer: not ok: a page is {what}: a writer on another CPU stops") != stops_early
