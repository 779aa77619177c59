#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/check_elf.py: is the linked kernel what the seal relies on? Runs after every link.

  check_elf.py MACHINE KERNEL [--name NAME]

Permissions of the segments, order and page edges of the sections, addresses, required symbols, nothing to
relocate, the policies, and the size budget. Prints one line with the sizes, or every fault that it finds.
"""
import re
import struct
import sys

import elf

PAGE = 4096
IMAGE_BYTES_MAX = 448 * 1024  # without what is freed after the seal and user programs; the budget of 256 KiB is missed
PHYSICAL_OFFSET = {"x86_64": 0xFFFFFFFF80000000, "aarch64": 0}
IMAGE_BASE = 0xFFFFFFFF80200000
MULTIBOOT2_WITHIN = 32 * 1024

R, RX, RW = elf.PF_R, elf.PF_R | elf.PF_X, elf.PF_R | elf.PF_W
# Loaded segments in order, with the sections that each may hold, in order.
SEGMENTS = [
    (RX, [".text"]),
    (R, [".notes", ".rodata", ".user_archive"]),
    (RX, [".init.text"]),
    (RW, [".init.data", ".data..ro_after_init", ".data..ro_core", ".data", ".bss"]),
]
# Ranges of the image, in order; each starts and ends on a page, and all but the last touch the next.
RANGES = ["text", "rodata", "init", "ro_after_init", "ro_core"]
EMPTY = {"x86_64": [".got", ".rela"], "aarch64": [".plt", ".rela"]}
# include/amber/policy.h: struct policy (name, alias, help, needs_dry_run, state_bytes, decide), and what its state may have.
POLICY = struct.Struct("<QQQ?3xIQ")
POLICY_STATE_BYTES = 256
POLICY_NAME = re.compile(rb"[A-Za-z0-9_-]+")  # what a chain can name: no comma, colon or blank
LAB = [("lab_sealed_word", 8), ("lab_sealed_page", PAGE), ("lab_sealed_next", PAGE)]


def check(machine, kernel):
    """All faults, as lines."""
    yield from check_segments(machine, kernel)
    yield from check_ranges(kernel)
    yield from check_empty(machine, kernel)
    yield from check_lab(kernel)
    yield from check_archive(kernel)
    yield from check_policies(kernel)
    size = kernel.symbol("__image_end") - IMAGE_BASE - (kernel.symbol("__init_end") - kernel.symbol("__init_start"))
    size -= archive_bytes(kernel)
    if size > IMAGE_BYTES_MAX:
        yield f"the image has {size} bytes, {size - IMAGE_BYTES_MAX} more than the budget"
    if len(build_id(kernel)) != 20:
        yield "no SHA-1 build-id"


def check_segments(machine, kernel):
    loads = [s for s in kernel.segments if s.type == elf.PT_LOAD]
    if len(loads) != len(SEGMENTS):
        yield f"{len(loads)} loaded segments instead of {len(SEGMENTS)}"
        return
    for segment, (flags, names) in zip(loads, SEGMENTS):
        if segment.flags != flags:
            yield f"segment {segment.vaddr:#x} has flags {segment.flags}, not {flags}"
        if segment.flags & elf.PF_W and segment.flags & elf.PF_X:
            yield f"segment {segment.vaddr:#x} is writable and executable"
        if segment.vaddr % PAGE or segment.memsz % PAGE:
            yield f"segment {segment.vaddr:#x} does not start and end on a page"
        if segment.vaddr - segment.paddr != PHYSICAL_OFFSET[machine]:
            yield f"segment {segment.vaddr:#x} has physical address {segment.paddr:#x}"
        found = [s.name for s in kernel.sections if s.flags & elf.SHF_ALLOC and s.size
                 and segment.vaddr <= s.addr < segment.vaddr + segment.memsz]
        if found != [n for n in names if n in found]:
            yield f"segment {segment.vaddr:#x} holds {found}, not {names}"
    if loads[0].vaddr != IMAGE_BASE:
        yield f"the image starts at {loads[0].vaddr:#x}"
    if machine == "x86_64":
        yield from check_loader(kernel, loads)


def check_loader(kernel, loads):
    """Multiboot2's magic number early in the file, and an entry inside a segment of code (GRUB looks for it by
    its virtual address)."""
    if kernel.data.find(b"\xd6\x50\x52\xe8", 0, MULTIBOOT2_WITHIN) < 0:
        yield "no Multiboot2 header in the file's first 32 KiB"
    if not any(s.flags & elf.PF_X and s.vaddr <= kernel.entry < s.vaddr + s.memsz for s in loads):
        yield f"entry {kernel.entry:#x} is no virtual address of code"
    note = next((s for s in kernel.segments if s.type == elf.PT_NOTE), None)
    if note is None or b"Xen\0" not in kernel.data[note.offset:note.offset + note.filesz] or note.align != 4:
        yield "no PVH note in a note segment aligned to 4"


def check_ranges(kernel):
    last = None
    for name in RANGES:
        start, end = kernel.symbol(f"__{name}_start"), kernel.symbol(f"__{name}_end")
        if start % PAGE or end % PAGE or end < start:
            yield f"{name}: {start:#x} to {end:#x} is no range of pages"
        if last is not None and start != last:
            yield f"{name}: {start:#x} does not follow what is before it ({last:#x})"
        last = end
    for name in ("ro_after_init", "ro_core"):
        if not kernel.symbol(f"__{name}_start") <= kernel.symbol(f"__{name}_used_end") <= kernel.symbol(f"__{name}_end"):
            yield f"__{name}_used_end lies outside its section"
    if kernel.symbol("__data_start") != last:
        yield "something writable lies between the core section and .data"


def check_empty(machine, kernel):
    for name in EMPTY[machine]:
        section = kernel.section(name)
        if section and section.size:
            yield f"{name} is not empty"


def archive_bytes(kernel):
    """Pages of the user programs, which end the read-only data."""
    return kernel.symbol("__rodata_end") - kernel.symbol("__user_archive_start")


def check_archive(kernel):
    start, end = kernel.symbol("__user_archive_start"), kernel.symbol("__user_archive_end")
    if start % PAGE or not start < end <= kernel.symbol("__rodata_end"):
        yield f"the user programs at {start:#x} to {end:#x} have no pages of their own in .rodata"
    elif kernel.read(start, 6) != b"070701":
        yield "the user programs are no cpio archive (newc)"


def check_lab(kernel):
    start, end = kernel.symbol("__ro_after_init_start"), kernel.symbol("__ro_after_init_end")
    for name, size in LAB:
        found = [s for s in kernel.symbols if s.name == name]
        if len(found) != 1 or found[0].size != size:
            yield f"{name}: not exactly one object of {size} bytes"
        elif not start <= found[0].value <= end - size:
            yield f"{name} is not sealed data"
        elif any(kernel.read(found[0].value, size)):
            yield f"{name} is not zero in the file"
        elif name != "lab_sealed_word" and found[0].value % PAGE:
            yield f"{name} is not page aligned"
    try:
        if kernel.symbol("lab_sealed_next") != kernel.symbol("lab_sealed_page") + PAGE:
            yield "lab_sealed_next does not lie directly behind lab_sealed_page"
    except KeyError:
        pass


def text_at(kernel, address):
    text = b""
    while not text.endswith(b"\0"):
        text += kernel.read(address + len(text), 1)
    return text[:-1]


def policies(kernel):
    """(name, alias, help, state_bytes, decide) of each; a text that was left out is empty."""
    for at in range(kernel.symbol("__start_set_policy"), kernel.symbol("__stop_set_policy"), 8):
        where = struct.unpack("<Q", kernel.read(at, 8))[0]
        *texts, _, state_bytes, decide = POLICY.unpack(kernel.read(where, POLICY.size))
        yield *(text_at(kernel, text) if text else b"" for text in texts), state_bytes, decide


def check_policies(kernel):
    """A wrong one would be found by its first user only, or by a write behind its state. tests/unit/policy_check.h says the same
    on this computer."""
    seen = set()
    for name, alias, help_, state_bytes, decide in policies(kernel):
        who = f"policy '{name.decode(errors='replace')}'"
        if state_bytes > POLICY_STATE_BYTES:
            yield f"{who}: state of {state_bytes} bytes, at most {POLICY_STATE_BYTES}"
        if not help_ or not decide:
            yield f"{who}: no {'.decide' if help_ else '.help'}"
        for word in [name, alias] if alias else [name]:
            if not POLICY_NAME.fullmatch(word):
                yield f"{who}: a name has letters, digits, '-' and '_', not '{word.decode(errors='replace')}'"
            if word in seen:
                yield f"{who}: another policy is called '{word.decode(errors='replace')}'"
            seen.add(word)


def build_id(kernel):
    start = kernel.symbol("__build_id_start")
    return kernel.read(start, kernel.symbol("__build_id_end") - start)


def summary(kernel):
    sizes = [f"{name} {(kernel.symbol(f'__{name}_end') - kernel.symbol(f'__{name}_start')) // 1024}" for name in RANGES]
    total = (kernel.symbol("__image_end") - IMAGE_BASE) // 1024
    data = (kernel.symbol("__image_end") - kernel.symbol("__data_start")) // 1024
    return f"{total} KiB ({', '.join(sizes)}, data {data}; programs, within rodata: {archive_bytes(kernel) // 1024})"


def main(args):
    if len(args) not in (2, 4):
        sys.exit(__doc__)
    machine, path = args[:2]
    name = args[3] if len(args) == 4 else path
    kernel = elf.Elf(path)
    faults = list(check(machine, kernel))
    for fault in faults:
        print(f"{name}: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"{name}: {summary(kernel)}")


if __name__ == "__main__":
    main(sys.argv[1:])
