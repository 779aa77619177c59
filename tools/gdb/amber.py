# SPDX-License-Identifier: MIT
"""tools/gdb/amber.py: the commands `amber …` for gdb; `make debug` loads it. docs/debugging.md shows a session.

Each command reads physical memory (physical.py), so it works at any moment; what is wrong is said in one line.
"""
import os
import sys
import textwrap

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import at  # noqa: E402  (needs the path above)
import dry_run  # noqa: E402
import objects  # noqa: E402
import printers  # noqa: E402
import records  # noqa: E402
import roots  # noqa: E402
from entries import field, letters, walk_to  # noqa: E402
from physical import MASK, Clear, address_of, kernel, register  # noqa: E402


class Amber(gdb.Command):
    """What only Amber's kernel has, read from physical memory: it works at any moment.

amber map [ROOT]      what a root table maps: permissions, page size, frames, area
amber walk ADDR       the page tables' entries for an address, level by level, bit by bit
amber alias ADDR      all mappings of that frame, in all roots (-p ADDR: a physical address)
amber sealed [NAME]   sealed objects, their class, their bytes now
amber violations      the records of writes to sealed memory
amber why N           record N in the kernel's words, with source lines
amber dryrun          run on to a dry run's next step: before and behind it, with what was stored; then the verdict
amber ps              threads
amber type TEXT       TEXT and a newline to the machine's serial line

ADDR: a number, the name of an object or function, or an expression without spaces such as $pc."""

    def __init__(self):
        super().__init__("amber", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, argument, from_tty):
        if argument.strip():
            print(f"amber: no such command '{argument.split()[0]}' (try help amber)")
        else:
            print(self.__doc__)


class Part(gdb.Command):
    """One subcommand: a function that takes the argument and yields lines."""

    def __init__(self, name, function, completes=gdb.COMPLETE_NONE):
        self.__doc__ = function.__doc__
        self.name, self.function = name, function
        super().__init__("amber " + name, gdb.COMMAND_DATA, completes)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        try:
            for line in self.function(argument.strip()):
                print(line)
        except Clear as clear:
            print(f"amber {self.name}: {clear}")
        except gdb.error as error:
            print(f"amber {self.name}: {str(error).splitlines()[0]}")


def map_(argument):
    """What a root table maps: amber map [ROOT].
ROOT: kernel, gate, bring-up, dry-run N, a program's name, the physical address of a table, or --roots for a list; without it: what
is loaded now on this CPU. --json [ROOT]: every root or that one, line by line as the shell's maps --json."""
    if argument == "--roots":
        for root in roots.roots():
            yield f"  {root.table:#012x}  {root.name}"
    elif argument.split()[:1] == ["--json"]:
        name = argument.removeprefix("--json").strip()
        for root in [roots.root_named(name)] if name else roots.roots():
            yield from roots.as_json(root)
    elif argument:
        yield from roots.map_lines(roots.root_named(argument))
    else:
        for root in current_roots():
            yield from roots.map_lines(root)


def current_roots():
    """On aarch64 two are loaded."""
    tables = {roots.loaded(0): True, roots.loaded(MASK): False} if kernel().machine == "aarch64" else {roots.loaded(MASK): False}
    for table, is_low in tables.items():
        known = roots.roots() if roots.is_built() else []
        yield next((root for root in known if root.table == table),
                   roots.Root("of no space" if is_low else "that nobody owns" if known else "of the boot tables", table, 0, is_low))


def bits_text(form, step):
    parts = []
    for bit in form.bits(step.entry, step.level):
        value = field(step.entry, bit)
        means = bit.means(value) if callable(bit.means) else bit.means[value] if value < len(bit.means) else "reserved"
        place = f"{bit.low}" if bit.width == 1 else f"{bit.low + bit.width - 1}:{bit.low}"
        part = f"{place} {bit.name}={value}" + (f" {means}" if means != "-" else "")
        parts.append(part.replace(" ", "\0"))  # not torn apart
    lines = textwrap.wrap("; ".join(parts), 118, initial_indent="      ", subsequent_indent="      ", break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def walk_lines(root, address):
    form = roots.form()
    steps, mapping = walk_to(form, root, address)
    yield f"0x{address:016x} by root {roots.name_of_root(root)}, table at {root:#x}"
    for step in steps:
        leads = ""
        if step.kind == "table":
            leads = f" -> table {form.address(step.entry, step.level, False):#x}"
        elif step.kind == "leaf":
            leads = f" -> frame {form.address(step.entry, step.level, True):#x}"
        yield (f"  level {step.level} ({form.tables[step.level]}): entry {step.index} at {step.table + 8 * step.index:#x} = "
               f"0x{step.entry:016x} {step.kind}{leads}")
        yield from bits_text(form, step)
    if not mapping:
        yield "  not mapped"
        return
    physical = mapping.frame + address - mapping.start
    frame = roots.frame_at(physical)
    yield (f"  together: physical {physical:#x}, {letters(mapping.rights)}, {roots.size_text(mapping.bytes)} page, "
           f"{roots.Areas().at(mapping)[0]}, {kernel().symbols.text(address)}")
    if frame:
        yield f"  frame: {frame.type}, {frame.writable} writable mapping{'' if frame.writable == 1 else 's'}"


def walk(argument):
    """The tables' entries for an address, bit by bit: amber walk ADDR [ROOT].
Without ROOT: by what is loaded now on this CPU. Levels are counted as the kernel does: 4 is the root's."""
    words = argument.split(None, 1)
    if not words:
        raise Clear("usage: amber walk ADDR [ROOT] (no spaces in ADDR)")
    address = address_of(words[0])
    root = roots.root_named(words[1]) if len(words) == 2 else None
    table = root.table if root else roots.loaded(address)
    roots.check_address(address, root)
    yield from walk_lines(table, address)


def alias(argument):
    """Every mapping of a frame, in all roots: amber alias ADDR.
The frame is the one behind that address now; -p ADDR: a physical address."""
    words = argument.split()
    is_physical = words[:1] == ["-p"]
    if len(words) != 1 + is_physical:
        raise Clear("usage: amber alias [-p] ADDR (no spaces in ADDR)")
    address = address_of(words[-1])
    if not is_physical:
        table = roots.loaded(address)
        roots.check_address(address)
        _, mapping = walk_to(roots.form(), table, address)
        if not mapping:
            raise Clear(f"{address:#x} is not mapped now")
        address = mapping.frame + address - mapping.start
    frame = roots.frame_at(address)
    writable = f"{frame.writable} writable mapping{'' if frame.writable == 1 else 's'}" if frame else ""
    yield f"physical {address:#x}" + (f": {frame.type}, {writable} (the gate's window isn't counted)" if frame else "")
    count = 0
    for root in roots.roots():
        for m in roots.mappings_of(root):
            if m.frame <= address < m.frame + m.bytes:
                count += 1
                at_ = m.start + address - m.frame
                yield (f"  {root.name:<12} 0x{at_:016x}  {letters(m.rights)}  {roots.size_text(m.bytes)} page, {roots.Areas().at(m)[0]}")
    yield f"  {count} mapping{'' if count == 1 else 's'}; what other roots share with the root kernel is said once"


def type_(argument):
    """Send TEXT and a newline to the machine's serial line: amber type TEXT.
It is read when the machine runs on."""
    at.type_text(argument)
    return []


def load():
    Amber()
    for name, function, completes in (
            ("map", map_, gdb.COMPLETE_NONE), ("walk", walk, gdb.COMPLETE_EXPRESSION), ("alias", alias, gdb.COMPLETE_EXPRESSION),
            ("sealed", objects.sealed, gdb.COMPLETE_SYMBOL), ("violations", records.violations, gdb.COMPLETE_NONE),
            ("why", records.why, gdb.COMPLETE_NONE), ("dryrun", dry_run.dryrun, gdb.COMPLETE_NONE), ("ps", objects.ps, gdb.COMPLETE_NONE),
            ("type", type_, gdb.COMPLETE_NONE)):
        Part(name, function, completes)
    printers.load()
    for setting in ("pagination off", "confirm off", "stack-cache off", "code-cache off"):
        gdb.execute("set " + setting)


load()
