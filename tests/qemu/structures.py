# SPDX-License-Identifier: MIT
"""tests/qemu/structures.py: the C structures of the kernel, and of programs, as debug information lays them out."""
from collections import namedtuple

from elftools.elf.elffile import ELFFile
from story import values

read_types = {}


def types_of(machine):
    """Of its kernel: types_in."""
    return types_in(machine.elf(False))


def types_in(path):
    """{name: what describe says} of a file's structures and enumerations."""
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
