# SPDX-License-Identifier: MIT
"""tests/tree/test_user.py: the user programs as they are built: layout, the archive in the kernel file, the library."""
import glob
import os

import elf
import pytest
from machines import TOP
from runner import kernel_elf
from source import line_count

PAGE = 4096
LIBRARY_LINES = 800


def user_folder(machine):
    return os.path.join(TOP, "build", machine.name, "user")


def names(machine):
    with open(os.path.join(user_folder(machine), "programs.list"), encoding="utf-8") as f:
        return f.read().split()


def programs(machine):
    return [(name, elf.Elf(os.path.join(user_folder(machine), f"{name}.elf"))) for name in names(machine)]


def members(data):
    """(name, bytes) of a newc archive, read as its format says."""
    at = 0
    while True:
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 110 + fields[11] - 1].decode()
        at = (at + 110 + fields[11] + 3) & ~3
        if name == "TRAILER!!!":
            return
        yield name, fields, data[at:at + fields[6]]
        at = (at + fields[6] + 3) & ~3


def test_every_source_is_a_program(machine):
    sources = {os.path.splitext(os.path.basename(p.rstrip("/")))[0] for p in glob.glob(os.path.join(TOP, "user", "program", "*.c"))}
    sources |= {os.path.basename(os.path.dirname(p)) for p in glob.glob(os.path.join(TOP, "user", "program", "*", "*.c"))}
    assert sorted(sources) == names(machine) and "hello" in sources


@pytest.mark.parametrize("broken", [False, True], ids=["ordinary", "broken"])
def test_the_archive_in_the_kernel_file(machine, broken):
    """All programs, sorted; nothing in it says when or by whom it was built; no symbols."""
    kernel = kernel_elf(machine, broken)
    start, end = kernel.symbol("__user_archive_start"), kernel.symbol("__user_archive_end")
    found = list(members(kernel.read(start, end - start)))
    assert [name for name, _, _ in found] == names(machine)
    for name, (_, mode, uid, gid, _, mtime, *_), data in found:
        assert (mode, uid, gid, mtime) == (0o100644, 0, 0, 0), name
        with open(os.path.join(user_folder(machine), "archive", name), "rb") as f:
            assert f.read() == data
        assert not elf.Elf(os.path.join(user_folder(machine), "archive", name)).section(".symtab")


def test_segments(machine):
    """From 0x400000 on, each on pages of its own, none writable and executable."""
    for name, program in programs(machine):
        loads = [s for s in program.segments if s.type == elf.PT_LOAD and s.memsz]
        assert loads[0].vaddr == program.entry == program.symbol("user_first_instruction") == 0x400000, name
        assert loads[0].flags == elf.PF_R | elf.PF_X and all(s.vaddr % PAGE == 0 for s in loads), name
        assert all(s.flags in (elf.PF_R, elf.PF_R | elf.PF_W) for s in loads[1:]), name
        assert all(a.vaddr + a.memsz <= b.vaddr for a, b in zip(loads, loads[1:])), name


def test_sealed_data_has_pages_of_its_own(machine):
    """The kernel's annotation, the kernel's section name."""
    sealer = dict(programs(machine))["sealer"]
    start, end = sealer.symbol("__ro_after_init_start"), sealer.symbol("__ro_after_init_end")
    assert start % PAGE == 0 and end % PAGE == 0 and end > start
    inside = [s.name for s in sealer.sections if s.size and s.flags & elf.SHF_ALLOC and start <= s.addr < end]
    assert inside == [".data..ro_after_init"]


def test_the_library_is_small():
    assert sum(map(line_count, glob.glob(os.path.join(TOP, "user", "lib", "*")))) < LIBRARY_LINES

