# SPDX-License-Identifier: MIT
"""tests/qemu/structures.py: C structures of the kernel in a guest's RAM, laid out as its debug information says; its handle tables."""
import struct
from collections import namedtuple

from elftools.elf.elffile import ELFFile
from outside import DIRECT_MAP, STACKS
from runner import kernel_elf
from story import values

STT_OBJECT = 1
read_types = {}


def types_of(machine):
    """{name: DIE} of its structures and enumerations."""
    path = machine.elf(False)
    if path not in read_types:
        with open(path, "rb") as f:
            dwarf = ELFFile(f).get_dwarf_info()
            read_types[path] = {}
            for unit in dwarf.iter_CUs():
                for die in unit.get_top_DIE().iter_children():
                    if die.tag in ("DW_TAG_structure_type", "DW_TAG_enumeration_type") and die.has_children:
                        read_types[path].setdefault(values.text_of(die), describe(die))
    return read_types[path]


Member = namedtuple("Member", "at bytes count structure")


def describe(die):
    """An enumeration: {name: value}. A structure: {member: Member}, and its size as ""."""
    if die.tag == "DW_TAG_enumeration_type":
        return {values.text_of(child): values.attribute(child, "DW_AT_const_value") for child in die.iter_children()}
    found = {"": values.size_of(die)}
    for child in die.iter_children():
        if child.tag != "DW_TAG_member":
            continue
        type_, count = values.plain(values.type_of(child)), 1
        if type_ is not None and type_.tag == "DW_TAG_array_type":
            count = values.product(values.dimensions(type_))
            type_ = values.plain(values.type_of(type_))
        is_structure = type_ is not None and type_.tag == "DW_TAG_structure_type"
        found[values.text_of(child)] = Member(values.attribute(child, "DW_AT_data_member_location", 0), values.size_of(type_), count,
                                              values.text_of(type_) if is_structure else "")
    return found


class Memory:
    """The kernel's own memory: its image and the direct map."""

    def __init__(self, guest):
        self.guest, self.types = guest, types_of(guest.machine)

    def static(self, name):
        """The address of a variable that only its file sees."""
        address, = {s.value for s in kernel_elf(self.guest.machine).symbols if s.name == name and s.type == STT_OBJECT}
        return address

    def read(self, address, count):
        if DIRECT_MAP <= address < STACKS:
            return self.guest.physical(address - DIRECT_MAP, count)
        return self.guest.physical(self.guest.image_physical(address), count)

    def member(self, address, name, path):
        """The number, bytes (of an array of chars) or list of numbers at `path` of the structure `name` that lies there."""
        for word in path.split("."):
            member = self.types[name][word]
            address, name = address + member.at, member.structure
        data = self.read(address, member.bytes * member.count)
        if member.bytes == 1 and member.count > 1:
            return data.split(b"\0")[0].decode()
        numbers = struct.unpack(f"<{member.count}{ {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}[member.bytes]}", data)
        return numbers[0] if member.count == 1 else list(numbers)

    def list(self, head, name, member):
        """Addresses of the structures whose `member` hangs on that list."""
        found, at = [], self.member(head, "link", "next")
        while at != head:
            found.append(at - self.types[name][member].at)
            at = self.member(at, "link", "next")
        return found


Handle = namedtuple("Handle", "space type rights object")


def object_count(memory, kind):
    """How many there are, whoever holds them."""
    pool = memory.static("pools") + memory.types["object_type"][f"OBJECT_{kind.upper()}"] * memory.types["pool"][""]
    return memory.member(pool, "pool", "used")


def all_spaces(memory):
    return memory.list(memory.guest.symbol("all_spaces"), "space", "all")


def all_handles(memory):
    """Of all spaces: a walk through every page of every table."""
    kinds = {number: name.removeprefix("OBJECT_").lower() for name, number in memory.types["object_type"].items()}
    table, bytes_ = memory.types["handle_table"], memory.types["handle"][""]
    entries, found = 64 * table["taken"].count // table["pages"].count, []
    for space in all_spaces(memory):
        name, count = memory.member(space, "space", "name"), 0
        for page in memory.member(space, "space", "handles.pages"):
            if not page:
                continue
            for handle in range(page, page + entries * bytes_, bytes_):
                if target := memory.member(handle, "handle", "object"):
                    kind = kinds[memory.member(target, "object", "type")]
                    found.append(Handle(name, kind, memory.member(handle, "handle", "rights"), target))
                    count += 1
        assert count == memory.member(space, "space", "handles.used"), f"the table of '{name}' has {count} handles"
    return found
