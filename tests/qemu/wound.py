# SPDX-License-Identifier: MIT
"""tests/qemu/wound.py: writes into the memory of a running user program from outside, to see how it dies of it, and who notices.

The guest's RAM is a file that is mapped here too, so nothing in the guest has to help. Needs memory_file and qmp (WOUNDABLE).
"""
import os
import struct

from elf import Elf
from outside import frame_table
from page_tables import Leaf, covering, walk
from structures import types_in

WOUNDABLE = {"memory_file": True, "qmp": True}
PROGRAM_START, PAGE = 0x400000, 0x1000


class Victim:
    """One program of a guest that stands still while this is used: `with Victim(guest, "console") as victim`."""

    def __init__(self, guest, name):
        self.guest = guest
        self.path = os.path.join(os.path.dirname(guest.machine.elf()), "user", f"{name}.elf")
        self.elf = Elf(self.path)

    def __enter__(self):
        self.guest.qmp.execute("stop")
        self.mappings = self._mappings()
        return self

    def __exit__(self, *exception):
        self.guest.qmp.execute("cont")

    def _mappings(self):
        """Of the space that runs it: its first page tells."""
        text = next(s for s in self.elf.segments if s.vaddr == PROGRAM_START)
        page = self.elf.data[text.offset:text.offset + PAGE]
        found = []
        for root in (frame.pa for frame in frame_table(self.guest) if frame.type == "space_root"):
            leaves = [x for x in walk(self.guest.physical, self.guest.machine, root, True) if isinstance(x, Leaf)]
            first = covering(leaves, PROGRAM_START)
            if first and self.guest.physical(first.pa, PAGE) == page:
                found.append(leaves)
        assert len(found) == 1, f"{len(found)} spaces run it"
        return found[0]

    def symbol(self, name):
        return next(s.value for s in self.elf.symbols if s.name == name)

    def physical(self, address):
        leaf = covering(self.mappings, address)
        return leaf.pa + address - leaf.va

    def read(self, address, count):
        return self.guest.physical(self.physical(address), count)

    def write(self, address, data):
        at = self.physical(address) - self.guest.machine.ram_base
        self.guest.ram[at:at + len(data)] = data

    def member(self, pointer, structure, name):
        """The address of a member of the structure to which this variable points."""
        return self.pointer(pointer) + types_in(self.path)[structure][name].at

    def pointer(self, name):
        return struct.unpack("<Q", self.read(self.symbol(name), 8))[0]
