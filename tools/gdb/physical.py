# SPDX-License-Identifier: MIT
"""tools/gdb/physical.py: the stopped machine as QEMU's gdb stub shows it: physical memory, registers, the kernel's objects.

Everything is read *physically* (the packet Qqemu.PhyMemMode), so it works whatever is loaded and mapped: at the first
instruction, in user mode, in the middle of the gate. The kernel's pointers are followed by what is known about its half of
the address space (image, direct map), else by a walk of its own tables.
"""
import os
import re
import sys
from bisect import bisect_right

import gdb

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools"))

import elf  # noqa: E402  (needs the path above)
import symbols as symbol_table  # noqa: E402

MASK = (1 << 64) - 1
PAGE, BLOCK = 1 << 12, 1 << 21
EM_X86_64, EM_AARCH64 = 62, 183
IMAGE_PHYSICAL = {"x86_64": 0x200000, "aarch64": 0x40200000}  # where QEMU's -kernel puts it; checked by the build-id


class Clear(Exception):
    """What a command says instead of its answer: one line."""


def constants(*headers):
    """The numbers that these headers of include/amber define: debug information has no macros."""
    found = {}
    for header in headers:
        with open(os.path.join(TOP, "include", "amber", header), encoding="utf-8") as f:
            for name, number in re.findall(r"^#define (\w+)\s+(?:LAYOUT_ADDRESS\()?(0x[0-9a-f]+|\d+)", f.read(), re.M):
                found[name] = int(number, 0)
    return found


LAYOUT = constants("layout.h", "abi.h")


def connection():
    target = gdb.selected_inferior().connection
    if target is None or not hasattr(target, "send_packet"):
        raise Clear("no machine: `make debug` starts one and connects to it")
    return target


def read(address, count):
    """`count` bytes of physical memory."""
    target = connection()
    if target.send_packet("Qqemu.PhyMemMode:1") != b"OK":
        raise Clear("this stub can't read physical memory: it is not QEMU's")
    try:
        return gdb.selected_inferior().read_memory(address, count).tobytes()
    except gdb.error:
        raise Clear(f"nothing can be read at physical {address:#x}") from None
    finally:
        target.send_packet("Qqemu.PhyMemMode:0")


def register(name):
    """Of the selected CPU; None where it has no such register."""
    connection()
    value = gdb.selected_frame().read_register(name) if name in ("pc", "sp") else gdb.parse_and_eval("$" + name)
    return None if value.type.code == gdb.TYPE_CODE_VOID else int(value) & MASK


class Symbols:
    """Addresses to names as the kernel itself gives them (kernel/symbols.c:symbol_at)."""

    def __init__(self, path):
        self.elf = elf.Elf(path)
        self.table = symbol_table.entries(self.elf, {})
        self.starts = [entry[0] for entry in self.table]
        self.edges = {s.name: s.value for s in self.elf.symbols if s.name and s.section != elf.SHN_UNDEF}

    def at(self, address):
        index = bisect_right(self.starts, address) - 1
        if index < 0:
            return None
        start, unsized = self.starts[index], None
        while index >= 0 and self.starts[index] == start:
            entry = self.table[index]
            if entry[1] == 0:
                unsized = entry
            elif address - start < entry[1]:
                return entry
            index -= 1
        return unsized

    def text(self, address):
        entry = self.at(address)
        return f"{entry[2]}+{address - entry[0]:#x}" if entry else f"0x{address:016x}"

    def text_of_return(self, address):
        entry = self.at(address - 1)
        return f"{entry[2]}+{address - entry[0]:#x}" if entry else f"0x{address:016x}"


class Kernel:
    """What is loaded in gdb, and where it lies in the machine."""

    def __init__(self, path):
        self.path = path
        self.symbols = Symbols(path)
        self.machine = {EM_X86_64: "x86_64", EM_AARCH64: "aarch64"}.get(self.symbols.elf.machine)
        if not self.machine or "__ro_core_start" not in self.symbols.edges:
            raise Clear(f"{path} is not Amber's kernel")
        self.place = None

    def edge(self, name):
        return self.symbols.edges[name]

    def image_physical(self):
        """Where IMAGE_BASE lies. The build-id tells whether it does."""
        if self.place is None:
            start, end = self.edge("__build_id_start"), self.edge("__build_id_end")
            place = IMAGE_PHYSICAL[self.machine]
            if read(place + start - LAYOUT["IMAGE_BASE"], end - start) != self.symbols.elf.read(start, end - start):
                raise Clear("the kernel is not in memory (yet), or it is another build than gdb has")
            self.place = place
        return self.place

    def in_image(self, address):
        return LAYOUT["IMAGE_BASE"] <= address < self.edge("__image_end")

    def physical(self, address):
        """Of one of the kernel's own addresses."""
        if self.in_image(address):
            return address - LAYOUT["IMAGE_BASE"] + self.image_physical()
        for base in ("DIRECT_MAP_BASE", "WINDOW_BASE"):
            if LAYOUT[base] <= address < LAYOUT[base] + LAYOUT["SLOT_SIZE"]:
                return address - LAYOUT[base]
        found = translators[0](address)
        if found is None:
            raise Clear(f"{address:#x} is mapped nowhere in the kernel's half")
        return found

    def read(self, address, count):
        """Bytes at one of the kernel's own addresses, page by page."""
        data = b""
        while len(data) < count:
            at = address + len(data)
            data += read(self.physical(at), min(count - len(data), PAGE - at % PAGE))
        return data

    def object(self, address, type_):
        """The struct there, read as a whole."""
        kind = gdb.lookup_type(type_) if isinstance(type_, str) else type_
        return gdb.Value(self.read(int(address) & MASK, kind.sizeof), kind)

    def variable(self, name):
        """A variable of the kernel's by its name."""
        found = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
        if found is None:
            raise Clear(f"this kernel has no variable '{name}'")
        return self.object(self.edge(name), found.type)

    def number(self, name):
        return int(self.variable(name))

    def text(self, address, most=256):
        """The C string there; "" for a null pointer."""
        address = int(address) & MASK
        if not address:
            return ""
        data = b""
        while b"\0" not in data and len(data) < most:
            data += self.read(address + len(data), min(64, PAGE - (address + len(data)) % PAGE))
        return data.split(b"\0")[0].decode("ascii", "backslashreplace")

    def list(self, head, type_, member):
        """The members of a list (kernel/list.h), as (address, struct). `head`: the address of its link."""
        kind = gdb.lookup_type(type_)
        offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
        link, seen = self.object(head, "struct link"), set()
        while (at := int(link["next"]) & MASK) not in (head, 0) and at not in seen:
            seen.add(at)
            owner = self.object(at - offset, kind)
            yield at - offset, owner
            link = owner[member]


kernels = {}
translators = []  # roots.py adds its own: (address) -> physical or None, by the kernel's tables


def kernel():
    path = gdb.current_progspace().filename
    if not path:
        raise Clear("gdb has no kernel file: `make debug` loads it")
    key = (path, os.path.getmtime(path))
    if key not in kernels:
        kernels.clear()
        kernels[key] = Kernel(path)
    return kernels[key]


def name_of(value):
    """A C array of characters as text."""
    return bytes(int(value[i]) & 255 for i in range(value.type.sizeof)).split(b"\0")[0].decode("ascii", "backslashreplace")


def enum_text(value, prefix):
    """A member of an enum without its prefix, in small letters."""
    number = int(value)
    for field in value.type.strip_typedefs().fields():
        if field.enumval == number:
            return field.name.removeprefix(prefix).lower().replace("_", "-")
    return str(number)


def address_of(text):
    """What a person typed: the name of an object or function means its address, anything else is an expression."""
    connection()
    text = text.strip()
    found = [entry for entry in kernel().symbols.table if text in (entry[2], f"{entry[3]}:{entry[2]}")]
    edges = {entry[0] for entry in found}
    if len(edges) > 1:
        raise Clear(f"'{text}' is ambiguous: " + ", ".join(f"{entry[3]}:{entry[2]}" for entry in found))
    if edges:
        return edges.pop()
    try:
        value = gdb.parse_and_eval(text)
        if value.type.strip_typedefs().code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_FUNC):
            value = value.address
        return int(value) & MASK
    except (gdb.error, TypeError, ValueError, OverflowError):
        raise Clear(f"'{text}' is no address: give a number, the name of an object, or an expression such as $pc") from None
