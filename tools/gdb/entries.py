# SPDX-License-Identifier: MIT
"""tools/gdb/entries.py: page-table entries of both machines, bit by bit and by name, and the walk.

From the manuals, on purpose not from the kernel's code (arch/ARCH/pte.h) and not from the tests' (tests/qemu/page_tables.py):
three walkers that agree are worth more than one used three times. x86_64: Intel SDM vol. 3, 4.5. aarch64: Arm ARM, D8.3.
"""
from collections import namedtuple

from physical import PAGE, read

# bit (or low bit of a field), width, name, and what each value means (a list by value, or a function)
Bit = namedtuple("Bit", "low width name means")
# effective: the rights of all levels together: a set of r w x (kernel may execute) e (user may execute) u d (device) h g
Mapping = namedtuple("Mapping", "start bytes frame rights")
Step = namedtuple("Step", "level table index entry kind")  # kind: "table", "leaf", "empty", "reserved"
ADDRESS = 0x0000FFFFFFFFF000
LEVEL_BYTES = {1: 1 << 12, 2: 1 << 21, 3: 1 << 30, 4: 1 << 39}


def field(entry, bit):
    return entry >> bit.low & ((1 << bit.width) - 1)


def flag(low, name, clear, set_):
    return Bit(low, 1, name, [clear, set_])


class X86:
    like_from = 47  # an address whose bits from here on are not alike faults before any walk
    tables = {4: "PML4", 3: "page directory pointers", 2: "page directory", 1: "page table"}
    both = [flag(0, "P", "not present", "present"), flag(1, "R/W", "read-only", "writable"),
            flag(2, "U/S", "kernel only", "user mode too"), flag(3, "PWT", "write-back", "write-through"),
            flag(4, "PCD", "cached", "not cached"), flag(5, "A", "not accessed", "accessed")]
    table_bits = both + [flag(7, "PS", "leads to a table", "a large page"), flag(63, "XD", "executable", "not executable")]
    leaf_bits = both + [flag(6, "D", "not written", "written (dirty)"), None, flag(8, "G", "not global", "global"),
                        Bit(59, 4, "key", lambda value: f"protection key {value}"), flag(63, "XD", "executable", "not executable")]

    @classmethod
    def kind(cls, entry, level):
        if not entry & 1:
            return "empty"
        if level == 1 or entry & 0x80:
            return "reserved" if level == 4 else "leaf"
        return "table"

    @classmethod
    def bits(cls, entry, level):
        kind = cls.kind(entry, level)
        if kind == "empty":
            return [cls.both[0]]
        if kind == "table":
            return cls.table_bits
        size = flag(7, "PAT", "memory type by PAT 0-3", "memory type by PAT 4-7") if level == 1 else \
            flag(7, "PS", "leads to a table", "a large page")
        return [size if bit is None else bit for bit in cls.leaf_bits]

    @staticmethod
    def address(entry, level, is_leaf):
        return entry & ADDRESS & ~((LEVEL_BYTES[level] if is_leaf else PAGE) - 1)

    @staticmethod
    def effective(entries):
        """Writable and user only if every level says so; one XD on the way is enough."""
        leaf = entries[-1]
        rights = {"r"}
        if all(entry >> 1 & 1 for entry in entries):
            rights.add("w")
        user = all(entry >> 2 & 1 for entry in entries)
        if user:
            rights.add("u")
        if not any(entry >> 63 for entry in entries):
            rights |= {"x", "e"} if user else {"x"}
        if leaf >> 4 & 1:
            rights.add("d")
        if leaf >> 8 & 1:
            rights.add("g")
        return frozenset(rights)


class Arm:
    like_from = 48  # bit 55 chooses the half; Amber doesn't let the hardware ignore the top byte
    tables = {4: "Arm's level 0", 3: "Arm's level 1", 2: "Arm's level 2", 1: "Arm's level 3"}
    both = [flag(0, "valid", "not valid", "valid"), flag(1, "type", "a block", "a table, or a page at the last level")]
    table_bits = both + [flag(59, "PXNTable", "-", "nothing below is kernel code"), flag(60, "UXNTable", "-", "nothing below is user code"),
                         Bit(61, 2, "APTable", ["-", "nothing below is for user mode", "nothing below is writable",
                                                "nothing below is for user mode or writable"]),
                         flag(63, "NSTable", "-", "non-secure below")]
    leaf_bits = both + [Bit(2, 3, "AttrIndx", lambda value: f"memory type: byte {value} of MAIR_EL1"),
                        flag(5, "NS", "-", "non-secure"), flag(6, "AP[1]", "kernel only", "user mode too"),
                        flag(7, "AP[2]", "writable", "read-only"),
                        Bit(8, 2, "SH", ["not shared", "reserved", "outer shareable", "inner shareable"]),
                        flag(10, "AF", "not accessed: faults", "accessed"), flag(11, "nG", "global", "of one ASID"),
                        flag(50, "GP", "-", "guarded (BTI)"),
                        flag(51, "DBM", "-", "the hardware may make it writable by itself"), flag(52, "Contiguous", "-", "one of a run"),
                        flag(53, "PXN", "kernel may execute", "kernel may not execute"),
                        flag(54, "UXN", "user mode may execute", "user mode may not execute")]

    @classmethod
    def kind(cls, entry, level):
        if not entry & 1:
            return "empty"
        if level == 1:
            return "leaf" if entry & 2 else "reserved"
        if entry & 2:
            return "table"
        return "reserved" if level == 4 else "leaf"

    @classmethod
    def bits(cls, entry, level):
        kind = cls.kind(entry, level)
        if kind == "empty":
            return cls.both[:1]
        return cls.table_bits if kind == "table" else cls.leaf_bits

    address = staticmethod(X86.address)

    @staticmethod
    def effective(entries):
        """The leaf's rights, less what a table descriptor on the way takes."""
        *tables, leaf = entries
        user = leaf >> 6 & 1 and not any(entry >> 61 & 1 for entry in tables)
        rights = {"r"}
        if not leaf >> 7 & 1 and not any(entry >> 62 & 1 for entry in tables):
            rights.add("w")
        if leaf >> 51 & 1:
            rights.add("h")
        if user:
            rights.add("u")
        if not leaf >> 53 & 1 and not any(entry >> 59 & 1 for entry in tables):
            rights.add("x")
        if user and not leaf >> 54 & 1 and not any(entry >> 60 & 1 for entry in tables):
            rights.add("e")
        if leaf >> 2 & 7 == 1:  # MAIR_EL1 byte 1: device (arch/aarch64/registers.h)
            rights.add("d")
        if not leaf >> 11 & 1:
            rights.add("g")
        return frozenset(rights)


FORMATS = {"x86_64": X86, "aarch64": Arm}


def letters(rights):
    """As the kernel's `maps`: what may be done with it by whoever may use it; u: user mode may."""
    return "".join(letter if letter in rights else "-" for letter in "rw") + ("x" if rights & {"x", "e"} else "-") + \
        ("u" if "u" in rights else "-")


def walk_to(form, root, address):
    """The Steps of the walk for one address, from the root on, and the Mapping or None."""
    table, steps = root, []
    for level in (4, 3, 2, 1):
        index = address >> (12 + 9 * (level - 1)) & 511
        entry = int.from_bytes(read(table + 8 * index, 8), "little")
        kind = form.kind(entry, level)
        steps.append(Step(level, table, index, entry, kind))
        if kind == "leaf":
            size = LEVEL_BYTES[level]
            return steps, Mapping(address & ~(size - 1), size, form.address(entry, level, True),
                                  form.effective([step.entry for step in steps]))
        if kind != "table":
            break
        table = form.address(entry, level, False)
    return steps, None


def all_mappings(form, root, is_high, skip=None):
    """Every leaf below a root, by address. is_high: it translates the upper half only (TTBR1). skip: another root, whose
    equal top-level entries are left out."""
    other = read(skip, PAGE) if skip else bytes(PAGE)
    data = read(root, PAGE)
    for index in range(512):
        if data[8 * index:8 * index + 8] == other[8 * index:8 * index + 8]:
            continue
        entry = int.from_bytes(data[8 * index:8 * index + 8], "little")
        start = index << 39
        if is_high or index >= 256:
            start |= 0xFFFF000000000000
        if form.kind(entry, 4) == "table":
            yield from below(form, form.address(entry, 4, False), 3, start, [entry])


def below(form, table, level, start, entries):
    data = memoryview(read(table, PAGE)).cast("Q")
    for index, entry in enumerate(data):
        if not entry & 1:
            continue
        at, kind = start + index * LEVEL_BYTES[level], form.kind(entry, level)
        if kind == "table":
            yield from below(form, form.address(entry, level, False), level - 1, at, entries + [entry])
        elif kind == "leaf":
            yield Mapping(at, LEVEL_BYTES[level], form.address(entry, level, True), form.effective(entries + [entry]))
