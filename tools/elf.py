# SPDX-License-Identifier: MIT
"""tools/elf.py: just enough of an ELF64 little-endian reader for the build's own tools and the tests.

Nothing but Python's standard library, so that the build needs no package. Field names and layouts as in
the System V gABI, chapters 4 and 5.
"""
import struct
from collections import namedtuple

PT_LOAD, PT_NOTE = 1, 4
PF_X, PF_W, PF_R = 1, 2, 4
SHT_SYMTAB, SHT_NOBITS = 2, 8
SHF_ALLOC, SHF_EXEC = 2, 4
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
STB_LOCAL, STB_WEAK = 0, 2
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE = 0, 1, 2, 3, 4

Section = namedtuple("Section", "name type flags addr offset size link entsize index")
Segment = namedtuple("Segment", "type flags offset vaddr paddr filesz memsz align")
# file: the source file for a local symbol ("" for a global one: the format does not say)
Symbol = namedtuple("Symbol", "name value size type bind section file")


class Elf:
    """One file: .entry, .machine, .sections, .segments, .symbols (in file order)."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
        (self.machine, _, self.entry, phoff, shoff, _, _, phentsize, phnum, shentsize, shnum, shstrndx) = struct.unpack_from(
            "<HIQQQIHHHHHH", self.data, 18)
        self.segments = [self._segment(phoff + i * phentsize) for i in range(phnum)]
        raw = [struct.unpack_from("<IIQQQQIIQQ", self.data, shoff + i * shentsize) for i in range(shnum)]
        names = raw[shstrndx][4] if raw else 0
        self.sections = [Section(self._text(names + r[0]), r[1], r[2], r[3], r[4], r[5], r[6], r[9], i)
                         for i, r in enumerate(raw)]
        self.symbols = list(self._symbols())

    def _segment(self, at):
        kind, flags, offset, vaddr, paddr, filesz, memsz, align = struct.unpack_from("<IIQQQQQQ", self.data, at)
        return Segment(kind, flags, offset, vaddr, paddr, filesz, memsz, align)

    def _text(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()

    def _symbols(self):
        for table in (s for s in self.sections if s.type == SHT_SYMTAB):
            strings, file = self.sections[table.link].offset, ""
            for at in range(table.offset, table.offset + table.size, 24):
                name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", self.data, at)
                kind, bind = info & 15, info >> 4
                text = self._text(strings + name)
                if kind == STT_FILE:
                    file = text
                yield Symbol(text, value, size, kind, bind, section, file if bind == STB_LOCAL else "")

    def section(self, name):
        return next((s for s in self.sections if s.name == name), None)

    def symbol(self, name):
        """The address of a global symbol; KeyError if there is none."""
        for s in self.symbols:
            if s.name == name and s.section != SHN_UNDEF and s.bind != STB_LOCAL:
                return s.value
        raise KeyError(name)

    def read(self, vaddr, count):
        """Bytes at a virtual address, as loaded (zeros behind a segment's file part)."""
        for s in self.segments:
            if s.type == PT_LOAD and s.vaddr <= vaddr and vaddr + count <= s.vaddr + s.memsz:
                start = s.offset + vaddr - s.vaddr
                return self.data[start:min(start + count, s.offset + s.filesz)].ljust(count, b"\0")
        raise KeyError(hex(vaddr))
