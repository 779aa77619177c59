# SPDX-License-Identifier: MIT
"""tools/gdb/printers.py: what `print` says about the kernel's main structs: one line in words, then the fields (print/r: fields only)."""
import gdb
import gdb.printing
from physical import LAYOUT, Clear, enum_text, kernel, name_of
from records import lines
from roots import size_text


def set_text(value, names):
    return "|".join(name for i, name in enumerate(names) if value >> i & 1) or "none"


def rights_text(value):
    return set_text(value, ["read", "write", "map", "send", "receive", "grant", "control"])


def members(value):
    """Those of a struct or union without a name as if they were the outer one's, as in C."""
    for field in value.type.fields():
        if field.name:
            yield field.name, value[field]
        else:
            yield from members(value[field])


class Printer:
    """The words of a subclass, then every field."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        core = kernel()
        try:
            return self.words()
        except (Clear, gdb.error) as problem:
            return f"({problem})"

    def children(self):
        return members(self.value)

    def field(self, name):
        return int(self.value[name])


class Thread(Printer):
    def words(self):
        space = self.field("space")
        whose = f"of space '{name_of(kernel().object(space, 'struct space')['name'])}'" if space else "of the kernel"
        return (f"thread {self.field('serial')} '{name_of(self.value['name'])}' {whose}: {enum_text(self.value['state'], 'THREAD_')}, "
                f"priority {self.field('priority')}, CPU {self.field('cpu')}")


class Space(Printer):
    def words(self):
        return (f"space {self.field('number')} '{name_of(self.value['name'])}': {self.field('thread_count')} threads, "
                f"{int(self.value['handles']['used'])} handles, {self.field('region_count')} regions, "
                f"{self.field('mapped_pages')} pages, root {int(self.value['memory']['root']):#x}")


class Handle(Printer):
    def words(self):
        value, target = self.field("value"), self.field("object")
        index = value & ((1 << LAYOUT["HANDLE_INDEX_BITS"]) - 1)
        if not target:
            return f"handle {index}: free"
        kind = gdb.Value(int(kernel().object(target, "struct object")["type"])).cast(gdb.lookup_type("enum object_type"))
        return (f"handle {index} ({value:#x}): {enum_text(kind, 'OBJECT_')} at {target:#x}, rights {rights_text(self.field('rights'))}, "
                f"badge {self.field('badge'):#x}")


class Violation(Printer):
    def words(self):
        return f"violation {self.field('seq')}: " + ";".join(lines(self.value))


class Mapping(Printer):
    def words(self):
        perms = self.field("perms")
        letters = "".join(letter if perms >> i & 1 else "-" for i, letter in enumerate("rwxud"))
        return (f"0x{self.field('start'):016x}: {size_text(self.field('bytes'))} -> {self.field('frame'):#x}, {letters}, entry "
                f"{self.field('index')} of the level-{self.field('level')} table at {self.field('table'):#x}")


class Chain(Printer):
    def words(self):
        parts = []
        for i in range(min(self.field("count"), 8)):
            element = self.value["elements"][i]
            name = kernel().text(kernel().object(element["policy"], "struct policy")["name"])
            budget = int(element["budget"])
            parts.append(name + (f" ({int(element['used'])} of {budget} used)" if budget else ""))
        start = self.field("object")
        return f"chain '{name_of(self.value['text'])}' for {kernel().symbols.text(start) if start else 'everything else'}: " + ", ".join(parts)


def load():
    found = gdb.printing.RegexpCollectionPrettyPrinter("amber")
    for name, printer in (("thread", Thread), ("space", Space), ("handle", Handle), ("violation", Violation), ("mapping", Mapping),
                          ("chain", Chain)):
        found.add_printer(name, f"^{name}$", printer)
    gdb.printing.register_pretty_printer(None, found, replace=True)
