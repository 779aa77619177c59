# SPDX-License-Identifier: MIT
"""tests/qemu/test_seal.py: the seal event against the page tables, read from outside."""
import outside
import page_tables
import pytest
from elf import STT_FUNC, STT_OBJECT
from outside import DEVICES, DIRECT_MAP, GATE_DEVICES, STACKS, WINDOW, idle_view
from runner import boot, kernel_elf

RANGES = ("text", "rodata", "ro_after_init", "ro_core")
MEMORY_BYTES = 128 << 20


@pytest.fixture(scope="module")
def view(machine):
    with idle_view(machine, "lab=on") as found:
        yield found


def test_the_report_is_the_elf_file_s(view):
    seal, kernel = view.seal, kernel_elf(view.machine)
    edges = {"start": "__ro_after_init_start", "end": "__ro_after_init_end", "core_start": "__ro_core_start", "core_end": "__ro_core_end"}
    assert {key: int(seal[key], 16) for key in edges} == {key: kernel.symbol(name) for key, name in edges.items()}
    sections = [tuple(kernel.symbol(f"__{n}_{e}") for e in ("start", "used_end", "end")) for n in ("ro_after_init", "ro_core")]
    assert seal["pages"] == sum((end - start) // 4096 for start, _, end in sections)
    assert seal["bytes_used"] == sum(used - start for start, used, _ in sections)
    objects = {(s.value, s.name) for s in kernel.symbols if s.size and s.type in (STT_OBJECT, STT_FUNC)
               and any(start <= s.value < end for start, _, end in sections)}
    assert seal["objects"] == len(objects)
    assert seal["state"] == "sealed" and seal["cpus_probed"] == 1


def test_both_mappings_of_each_page_were_sealed(view):
    assert view.seal["aliases_sealed"] == 2 * view.seal["pages"]


def test_no_writable_mapping_of_sealed_frames(view):
    assert outside.no_writable_mapping(view, *RANGES) == []
    assert view.seal["writable_aliases"] == 0


def test_no_writable_mapping_of_tables(view):
    assert outside.no_writable_table(view) == []
    assert view.seal["page_table_pages_writable"] == 0


def test_every_table_lies_in_the_arena_and_is_counted(view):
    """Those of programs came after the seal."""
    frames = view.table_frames
    early = {t.pa for root, tables in view.tables.items() if root not in view.space_roots for t in tables}
    assert view.seal["page_table_pages"] >= len(early) and set(frames) > early
    blocks = {frame >> 21 for frame in frames}
    for block in blocks:
        assert page_tables.overlapping(outside.writable(view.ordinary), block << 21, (block + 1) << 21) == []


def test_the_frame_table_counts_what_is_there(view):
    assert outside.wrong_counts(view) == []


def test_nothing_is_writable_and_executable(view):
    assert outside.no_writable_and_executable(view) == []
    assert view.seal["wx_pages"] == 0


@pytest.mark.parametrize("name, perms", [("text", "rx"), ("rodata", "r"), ("ro_after_init", "r"), ("ro_core", "r")])
def test_permissions_of_the_image(view, name, perms):
    start, end = view.addresses(name)
    pages = outside.image_part(view, start, end)
    assert [p.va for p in pages] == list(range(start, end, 4096))
    assert all(p.perms == frozenset(perms) and p.size == 4096 for p in pages), pages[0]
    assert all(p.pa == view.guest.image_physical(p.va) for p in pages)


def test_permissions_of_ordinary_data(view):
    kernel = kernel_elf(view.machine)
    pages = outside.image_part(view, kernel.symbol("__data_start"), kernel.symbol("__bss_end"))
    assert pages and all(p.perms == frozenset("rw") for p in pages)


def test_init_memory_is_gone(view):
    assert outside.init_still_mapped(view) == []


def test_init_memory_was_poisoned(view):
    """Its frames belong to the allocator now: nothing of the boot code is left where nobody took a frame since."""
    kernel, left = kernel_elf(view.machine), []
    for at in range(*view.addresses("init"), 4096):
        page = kernel.read(at, 4096)
        if any(page) and view.guest.physical(view.guest.image_physical(at), 4096) == page:
            left.append(hex(at))
    assert left == []


def test_nothing_else_of_the_image_is_mapped(view):
    edges = [view.addresses(n) for n in RANGES] + [(kernel_elf(view.machine).symbol("__data_start"), kernel_elf(view.machine).symbol("__bss_end"))]
    stray = [p for p in outside.image_leaves(view) if not any(s <= p.va < e for s, e in edges)]
    assert stray == []


def test_the_low_half_is_empty(view):
    """But for the programs' own roots, where it holds nothing that isn't theirs."""
    low = {root: [leaf for leaf in leaves if leaf.va < 1 << 63] for root, leaves in view.leaves.items()}
    assert len(view.space_roots) == 3 and all(low[root] for root in view.space_roots)
    assert [leaf for root, leaves in low.items() if root not in view.space_roots for leaf in leaves] == []
    assert outside.misplaced_user_leaves(view) == []


def test_no_mapping_of_the_kernel_is_for_user_code_or_global(view):
    assert [leaf for leaves in view.leaves.values() for leaf in leaves if leaf.va >= 1 << 63 and "u" in leaf.perms] == []
    assert [leaf for root, leaves in view.leaves.items() if root not in view.space_roots for leaf in leaves if "g" in leaf.perms] == []


def test_the_direct_map_holds_ram_only(view):
    base = view.machine.ram_base
    for leaf in outside.in_slot(view.kernel, DIRECT_MAP):
        assert leaf.va - DIRECT_MAP == leaf.pa and "x" not in leaf.perms
        assert base <= leaf.pa and leaf.pa + leaf.size <= base + MEMORY_BYTES


def test_the_window_is_in_the_gate_root_only(view):
    for root, leaves in view.leaves.items():
        assert bool(outside.in_slot(leaves, WINDOW)) == (root == view.gate_root)
        assert not outside.in_slot(leaves, GATE_DEVICES) or root == view.gate_root
    for leaf in outside.in_slot(view.leaves[view.gate_root], WINDOW):
        assert leaf.perms == frozenset("rw") and leaf.va - WINDOW == leaf.pa


def test_the_gate_root_is_the_kernel_s_otherwise(view):
    rest = [leaf for leaf in view.leaves[view.gate_root] if not WINDOW <= leaf.va < DEVICES]
    assert rest == view.kernel


def test_the_roots_differ(view):
    roots = [view.kernel_root, view.gate_root, *view.dry_run_roots]
    assert len(set(roots)) == len(roots) == 3


# Physical pages through which a device or another CPU could be made to write memory, and may nowhere be mapped.
DANGEROUS = {"x86_64": {"HPET": 0xFED00000, "flash": 0xFFFFF000, "PCI ECAM": 0xB0000000},
             "aarch64": {"fw_cfg": 0x09020000, "flash": 0, "PCI ECAM": 0x4010000000, "virtio": 0x0A000000, "PCI window": 0x10000000}}
GATE_ONLY = {"x86_64": {"local APIC": 0xFEE00000, "I/O APIC": 0xFEC00000}, "aarch64": {}}


def test_devices(view):
    everywhere = [leaf for leaves in view.leaves.values() for leaf in leaves]
    for name, page in DANGEROUS[view.machine.name].items():
        assert page_tables.overlapping(everywhere, page, page + 4096) == [], name
    for name, page in GATE_ONLY[view.machine.name].items():
        assert page_tables.overlapping(view.ordinary, page, page + 4096) == [], name
    for leaf in everywhere:
        is_ram = view.machine.ram_base <= leaf.pa < view.machine.ram_base + MEMORY_BYTES
        assert is_ram or (leaf.size == 4096 and "x" not in leaf.perms), leaf


def test_no_ram_below_1_mib_is_writable_but_vga_text(view):
    low = page_tables.overlapping(outside.writable(view.ordinary), 0, 1 << 20)
    assert [leaf for leaf in low if not 0xB8000 <= leaf.pa < 0xC0000] == []


def test_stacks_have_guards(view):
    """A stack is the upper half of an aligned 32 KiB."""
    stacks = outside.in_slot(view.kernel, STACKS)
    assert stacks
    for page in stacks:
        assert page.va >> 14 & 1 and page.perms == frozenset("rw") and page.size == 4096


def test_dry_run_roots_don_t_open_anything(view):
    for root in view.dry_run_roots:
        assert view.leaves[root] == view.kernel


def test_rodata_off(machine):
    with idle_view(machine, "rodata=off") as view:
        assert view.seal["state"] == "off"
        assert outside.no_writable_mapping(view, "text", "rodata") == []
        assert outside.no_writable_table(view) == [] and outside.no_writable_and_executable(view) == []
        for name in ("ro_after_init", "ro_core"):
            assert all("w" in p.perms for p in outside.image_part(view, *view.addresses(name)))
        assert outside.init_still_mapped(view) == []
        assert view.seal["pages"] == (sum(e - s for s, e in map(view.addresses, ("ro_after_init", "ro_core")))) // 4096
        assert view.guest.said("rodata=off")


def test_reversed_initcalls(machine):
    guest = boot(machine, "initcall_order=reversed lab=on ro_fault=ignore inject=lab_sealed_word:store8:1")
    assert guest.one("seal")["state"] == "sealed" and guest.one("violation")["old"] == "eda15e0000000000"


def test_after_an_unprotect_one_mapping_is_open(machine):
    """The kernel counts what it opened; the walk finds exactly that."""
    with outside.start(machine, "ro_fault=unprotect lab=on inject=lab_sealed_page:store8:1", memory_file=True, qmp=True,
                       extra=("-no-shutdown",)) as guest:
        guest.wait_event("exit")
        assert guest.one("exit")["unprotected_pages"] == 1


def test_lab_objects_are_filled(machine):
    with idle_view(machine) as view:
        assert view.guest.read_symbol("lab_sealed_word", 8) == (0x5EA1ED).to_bytes(8, "little")
        assert view.guest.read_symbol("lab_sealed_page", 8192) == b"\x11" * 4096 + b"\x22" * 4096
