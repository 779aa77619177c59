# SPDX-License-Identifier: MIT
"""tools/story/program.py: what the kernel's ELF file knows: build-id, symbols, source lines, variables with their types."""
import bisect
import os
import re
import struct
from functools import cached_property

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACES = ("build/{}/amber.elf", "build/{}/break/amber.elf", "build/clang/{}/amber.elf", "build/clang/{}/break/amber.elf")
PLACE = re.compile(r"(.+)\+0x([0-9a-f]+)\Z")
DW_OP_ADDR = 3
PAGE_MASK = 0xFFF


def find(run, given):
    """(Program, None) for the run's kernel, or (None, why there is none)."""
    if run.boot is None:
        return None, "the log has no `boot` event, so the kernel is not known: no source lines"
    version = run.boot["version"] or ""
    build_id = version.rpartition("+")[2]
    if not re.fullmatch(r"[0-9a-f]{12}", build_id):
        return None, f"the log's version '{version}' has no build-id: no source lines"
    try:
        import elftools  # noqa: F401  (only here: without it there still is a report)
    except ImportError:
        return None, "the package python3-pyelftools is missing (run 'make setup'): no source lines"
    arch = run.boot["arch"]
    paths = [given] if given else [os.path.join(TOP, place.format(arch)) for place in PLACES if arch in ("x86_64", "aarch64")]
    seen = []
    for path in filter(os.path.isfile, paths):
        name = os.path.relpath(path, TOP) if not given else given
        try:
            program = Program(path, name)
        except Exception as error:  # an ELF file can be damaged in more ways than its reader has errors for
            seen.append(f"{name} can't be read ({type(error).__name__}: {error})")
            continue
        if program.build_id.startswith(build_id) and program.dwarf:
            return program, None
        seen.append(f"{name} has no debug information" if program.build_id.startswith(build_id) else
                    f"{name} has build-id {program.build_id[:12] or 'none'}")
    return None, f"the log is of kernel {build_id}, but {', '.join(seen) or 'there is no build/ARCH/amber.elf'}: no source lines"


class Program:
    def __init__(self, path, name):
        from elftools.elf.elffile import ELFFile
        self.path, self.name = path, name
        self.file = open(path, "rb")  # noqa: SIM115  (debug information is read when it is asked for)
        self.elf = ELFFile(self.file)
        self.build_id = self._build_id()
        self.symbols = {}
        table = self.elf.get_section_by_name(".symtab")
        for symbol in table.iter_symbols() if table else ():
            if symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_info"]["type"] not in ("STT_FILE", "STT_SECTION"):
                self.symbols.setdefault(symbol.name, set()).add((symbol["st_value"], symbol["st_size"]))
        self._starts = self._rows = self._variables = None
        self._sources, self._has_all_variables = {}, False

    def _build_id(self):
        from elftools.elf.segments import NoteSegment
        for segment in self.elf.iter_segments():
            if isinstance(segment, NoteSegment):
                for note in segment.iter_notes():
                    if note["n_type"] == "NT_GNU_BUILD_ID":
                        return note["n_desc"]
        return ""

    @cached_property
    def dwarf(self):
        return self.elf.get_dwarf_info() if self.elf.get_section_by_name(".debug_info") else None

    # --- places ------------------------------------------------------------------------------------------

    def addresses(self, place):
        """What "name+0xoff" can mean: more than one address where several files have that name."""
        match = PLACE.match(place or "")
        if not match or len(match[2]) > 16:
            return []
        return sorted({value + int(match[2], 16) for value, _ in self.symbols.get(match[1], ())})

    def near(self, address):
        """"name+0xoff", or None."""
        best = None
        for name, places in self.symbols.items():
            for value, size in places:
                if value <= address < value + size and (best is None or value > best[1]):
                    best = (name, value)
        return f"{best[0]}+{address - best[1]:#x}" if best else None

    # --- source lines ------------------------------------------------------------------------------------

    def line(self, address):
        """(file, line) of an address, the file relative to the tree; None where nothing is known."""
        if self._starts is None:
            self._read_lines()
        at = bisect.bisect_right(self._starts, address) - 1
        if at < 0:
            return None
        _, end, file, line = self._rows[at]
        return (file, line) if address < end and line else None

    def _read_lines(self):
        rows = []
        for unit in self.dwarf.iter_CUs() if self.dwarf else ():
            table = self.dwarf.line_program_for_CU(unit)
            if table is None:
                continue
            files = self._files(unit, table)
            last = None
            for state in (entry.state for entry in table.get_entries() if entry.state is not None):
                if last is not None and state.address > last.address:
                    rows.append((last.address, state.address, files(last.file), last.line))
                last = None if state.end_sequence else state
        self._rows = sorted(rows)
        self._starts = [row[0] for row in self._rows]

    @staticmethod
    def _files(unit, table):
        """index -> path. DWARF 5 counts from 0, with the unit's own folder as folder 0; before that from 1."""
        header, known = table.header, {}
        base = 0 if header.version >= 5 else 1
        attribute = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
        here = attribute.value.decode("utf-8", "replace") if attribute else ""

        def path(index):
            if index not in known:
                entry = header["file_entry"][index - base]
                folders = header["include_directory"]
                folder = folders[entry.dir_index - base] if entry.dir_index >= base else b""
                whole = os.path.normpath(os.path.join(here, folder.decode("utf-8", "replace"), entry.name.decode("utf-8", "replace")))
                known[index] = os.path.relpath(whole, here) if here and whole.startswith(here + os.sep) else whole
            return known[index]
        return path

    def source(self, file, line):
        """The text of a source line; "" if the file isn't there or was changed after the kernel was built."""
        if (file, line) not in self._sources:
            self._sources[file, line] = self._read_source(os.path.join(TOP, file), line)
        return self._sources[file, line]

    def _read_source(self, path, line):
        try:
            if os.path.getmtime(path) > os.path.getmtime(self.path):
                return "(changed since the kernel was built)"
            with open(path, encoding="utf-8", errors="replace") as f:
                text = " ".join(f.read().split("\n")[line - 1].split())
                return text if text != "{" else ""
        except (OSError, IndexError):
            return ""

    # --- variables ---------------------------------------------------------------------------------------

    def variable(self, address):
        """The debug information (a DIE) of the variable that starts there, or None."""
        if self._variables is None:
            self._variables = self._read_variables(lambda unit: unit.get_top_DIE().iter_children())
        if address not in self._variables and not self._has_all_variables:
            # Those inside functions too: that takes many times longer, and is seldom needed.
            self._variables.update(self._read_variables(lambda unit: unit.iter_DIEs()))
            self._has_all_variables = True
        return self._variables.get(address)

    def _read_variables(self, dies_of):
        return {where: die for unit in (self.dwarf.iter_CUs() if self.dwarf else ()) for die in dies_of(unit)
                if die.tag == "DW_TAG_variable" and (where := self._location(die)) is not None}

    @staticmethod
    def _location(die):
        location = die.attributes.get("DW_AT_location")
        if location is None or location.form != "DW_FORM_exprloc" or len(location.value) != 9 or location.value[0] != DW_OP_ADDR:
            return None
        return struct.unpack("<Q", bytes(location.value[1:]))[0]

    def object_at(self, place, address):
        """(name, start, bytes) of the sealed object that a record names. The same name in two files: the address says which;
        through another mapping it still says which place in the page."""
        match = PLACE.match(place or "")
        if not match or len(match[2]) > 16:
            return None
        offset = int(match[2], 16)
        found = [(match[1], value, size) for value, size in self.symbols.get(match[1], ()) if size > offset]
        if address is not None:
            exact = [o for o in found if o[1] + offset == address]
            found = exact or [o for o in found if (o[1] + offset) & PAGE_MASK == address & PAGE_MASK]
        return found[0] if len(found) == 1 else None
