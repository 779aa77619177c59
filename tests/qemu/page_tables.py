# SPDX-License-Identifier: MIT
"""tests/qemu/page_tables.py: walks a guest's page tables from outside, by the manuals, not by the kernel's code.

x86_64: SDM vol. 3, 4.5 (four levels). aarch64: Arm ARM, D8.3 (4 KiB granule, 48-bit addresses). `physical` is a
function (address, count) -> bytes.
"""
import struct
from collections import namedtuple

# perms: a set of letters: r, w, x (executable by the kernel), u (reachable by user code), e (executable by user code),
# h (the hardware may set w by itself), g (global)
Leaf = namedtuple("Leaf", "va pa size perms")
Table = namedtuple("Table", "pa level va")
SIZES = {1: 1 << 12, 2: 1 << 21, 3: 1 << 30}
ADDRESS_MASK = 0x0000FFFFFFFFF000
HIGH_HALF = 0xFFFF000000000000


def entries(physical, table):
    return struct.unpack("<512Q", physical(table, 4096))


def sign_extend(va):
    return va | HIGH_HALF if va & (1 << 47) else va


class X86:
    """Rights are the weaker of all levels'."""
    start = frozenset("wxu")
    high_only = False

    @staticmethod
    def is_present(entry):
        return entry & 1

    @staticmethod
    def is_leaf(entry, level):
        return level == 1 or entry & 0x80

    @staticmethod
    def rights(entry, _level, rights):
        lost = set()
        if not entry & 2:
            lost.add("w")
        if not entry & 4:
            lost.add("u")
        if entry >> 63:
            lost.add("x")
        return rights - lost

    @staticmethod
    def leaf_rights(entry, _level, rights):
        """A user page is no kernel code where SMEP is on; it is counted as what it would be without."""
        found = X86.rights(entry, _level, rights) | {"r"} | ({"g"} if entry & 0x100 else set())
        return found | ({"e"} if {"x", "u"} <= found else set())


class Arm:
    """Table descriptors may only take rights away (APTable, PXNTable, UXNTable)."""
    start = frozenset("wxue")
    high_only = True

    @staticmethod
    def is_present(entry):
        return entry & 1

    @staticmethod
    def is_leaf(entry, level):
        return level == 1 or not entry & 2

    @staticmethod
    def rights(entry, _level, rights):
        lost = set()
        if entry >> 62 & 1:
            lost.add("w")
        if entry >> 61 & 1:
            lost.add("u")
        if entry >> 59 & 1:
            lost.add("x")
        if entry >> 60 & 1:
            lost.add("e")
        return rights - lost

    @staticmethod
    def leaf_rights(entry, level, rights):
        assert level != 1 or entry & 2, f"{entry:#x}: a reserved encoding at the last level"
        perms = {"r"}
        if not entry >> 7 & 1:
            perms.add("w")
        if entry >> 51 & 1:
            perms.add("h")
        if entry >> 6 & 1:
            perms.add("u")
        if not entry >> 53 & 1:
            perms.add("x")
        if entry >> 6 & 1 and not entry >> 54 & 1:
            perms.add("e")
        if not entry >> 11 & 1:
            perms.add("g")
        return (perms & rights) | (perms & set("rgh"))


FORMATS = {"x86_64": X86, "aarch64": Arm}


def walk(physical, machine, root, is_space=False):
    """Yields a Table for each table (the root first) and a Leaf for each mapping, in the order of addresses. is_space: the root
    of a space, which on aarch64 is TTBR0's and translates the lower half."""
    form = FORMATS[machine.name]
    is_high = form.high_only and not is_space

    def visit(table, level, va, rights):
        yield Table(table, level, va | HIGH_HALF if is_high else sign_extend(va))
        for index, entry in enumerate(entries(physical, table)):
            if not form.is_present(entry):
                continue
            at = va + (index << (12 + 9 * (level - 1)))
            if level < 4 and form.is_leaf(entry, level):
                assert level in SIZES
                address = at | HIGH_HALF if is_high else sign_extend(at)
                frame = entry & ADDRESS_MASK & ~(SIZES[level] - 1)
                yield Leaf(address, frame, SIZES[level], frozenset(form.leaf_rights(entry, level, rights)))
            else:
                yield from visit(entry & ADDRESS_MASK, level - 1, at, form.rights(entry, level, rights))

    yield from visit(root & ADDRESS_MASK, 4, 0, form.start)


def leaves(physical, machine, root):
    return [x for x in walk(physical, machine, root) if isinstance(x, Leaf)]


def tables(physical, machine, root):
    return [x for x in walk(physical, machine, root) if isinstance(x, Table)]


def overlapping(mappings, start, end):
    """Those that map a part of the physical range."""
    return [m for m in mappings if m.pa < end and start < m.pa + m.size]


def covering(mappings, va):
    """The mapping of a virtual address, or None."""
    return next((m for m in mappings if m.va <= va < m.va + m.size), None)
