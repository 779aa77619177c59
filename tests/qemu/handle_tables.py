# SPDX-License-Identifier: MIT
"""tests/qemu/handle_tables.py: a guest's handle tables, read from outside: who has which handle to what. Where the members lie is
in the kernel's debug information."""
import os
import re
import struct
from collections import namedtuple

from elftools.elf.elffile import ELFFile
from machines import TOP

DIRECT_MAP = 0xFFFF800000000000
IMAGE = 0xFFFFFFFF80000000
Handle = namedtuple("Handle", "space index type rights")  # rights: a set of words


def abi():
    with open(os.path.join(TOP, "include", "amber", "abi.h"), encoding="utf-8") as f:
        return f.read()


def object_types():
    """{number: word}, of enum object_type."""
    return dict(enumerate(name.lower() for name in re.findall(r"\bOBJECT_(\w+)", abi().split("enum object_type {")[1].split("}")[0])))


def rights_of(bits):
    return {name.lower() for name, bit in re.findall(r"#define RIGHT_(\w+) +(\d+)u", abi()) if bits & int(bit)}


class Layout:
    """Members of the kernel's structures."""

    def __init__(self, elf_path, wanted):
        self.at, self.size, left = {}, {}, set(wanted)
        with open(elf_path, "rb") as f:
            for unit in ELFFile(f).get_dwarf_info().iter_CUs():
                for die in unit.get_top_DIE().iter_children():
                    name = die.attributes.get("DW_AT_name")
                    if die.tag == "DW_TAG_structure_type" and name and name.value.decode() in left and "DW_AT_byte_size" in die.attributes:
                        left.remove(name.value.decode())
                        self._add(name.value.decode(), die)
                if not left:
                    return
        raise AssertionError(f"no debug information of {left}")

    def _add(self, name, die):
        self.size[name] = die.attributes["DW_AT_byte_size"].value
        for member in die.iter_children():
            if member.tag == "DW_TAG_member" and "DW_AT_name" in member.attributes:
                self.at[f"{name}.{member.attributes['DW_AT_name'].value.decode()}"] = member.attributes["DW_AT_data_member_location"].value


class HalfDone(AssertionError):
    """Always, or only because it was stopped in the middle of it?"""


class HandleTables:
    """Of a guest that stands still."""

    def __init__(self, guest):
        self.guest = guest
        self.layout = Layout(guest.machine.elf(), ["space", "handle_table", "handle", "object"])
        self.types = object_types()
        self.handles = [handle for space in self._spaces() for handle in self._of(space)]

    def read(self, address, count):
        if address >= IMAGE:
            return self.guest.physical(self.guest.image_physical(address), count)
        return self.guest.physical(address - DIRECT_MAP, count)

    def word(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def _spaces(self):
        head = self.guest.symbol("all_spaces")
        at = self.word(head)
        while at != head:
            yield at - self.layout.at["space.all"]
            at = self.word(at)

    def _of(self, space):
        at, size = self.layout.at, self.layout.size["handle"]
        name = self.read(space + at["space.name"], 16).split(b"\0")[0].decode()
        table = space + at["space.handles"]
        pages = struct.unpack("<I", self.read(table + at["handle_table.pages_made"], 4))[0]
        used = struct.unpack("<I", self.read(table + at["handle_table.used"], 4))[0]
        found = []
        for page in range(pages):
            start = self.word(table + at["handle_table.pages"] + 8 * page)
            for i in range(32):
                object_ = self.word(start + i * size + at["handle.object"])
                if object_:
                    kind = self.read(object_ + at["object.type"], 1)[0]
                    rights = struct.unpack("<I", self.read(start + i * size + at["handle.rights"], 4))[0]
                    found.append(Handle(name, 32 * page + i, self.types[kind], rights_of(rights)))
        if len(found) != used:
            raise HalfDone(f"{name}: {used} handles, {len(found)} were found")
        return found

