#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/symbols.py: the kernel's symbol table as assembly (struct symbol in include/amber/symbols.h).

  symbols.py --empty            a table without entries, for the first link
  symbols.py KERNEL             the table of a linked kernel
  symbols.py --check KERNEL S   is S what KERNEL gives? (the last link moved no address)

The table is the last thing in .rodata, so its size moves everything behind it: the kernel is linked
without a table, then with one of the right size, then with the final addresses.
"""
import re
import sys

import elf

FUNCTION, OBJECT = 1, 2
HASH_SHIFT = 16
# The linker script's edges are known to the command line too; they have no size.
STRETCH = re.compile(r"bench_\w+_(begin|end)$")  # include/amber/stretch.h: marks inside of functions
EDGES = re.compile(r"__(text|rodata|init|ro_after_init|ro_core)_(start|end)$")


def entries(kernel):
    """(address, bytes, name, file, flags), sorted; where addresses are equal the one with a size is last."""
    found = set()
    for s in kernel.symbols:
        if s.section == elf.SHN_UNDEF or not s.name:
            continue
        if s.type == elf.STT_FUNC:
            flags = FUNCTION
        elif s.type == elf.STT_OBJECT:
            flags = OBJECT
        elif s.type == elf.STT_NOTYPE and EDGES.match(s.name):
            flags = 0
        elif s.type == elf.STT_NOTYPE and is_code_label(kernel, s):
            flags = FUNCTION
        else:
            continue
        found.add((s.value, s.size, s.name, s.file, flags))
    return sorted(found, key=lambda e: (e[0], e[1] > 0, -e[1], e[2], e[3]))


def is_code_label(kernel, symbol):
    """A label in assembly without .type; not the linker script's names, the assembler's $x and .L, nor what is counted."""
    if symbol.section >= len(kernel.sections) or not kernel.sections[symbol.section].flags & elf.SHF_EXEC:
        return False
    return not symbol.name.startswith(("__", "$", ".L")) and not STRETCH.match(symbol.name)


def assembly(table):
    names = [""] + sorted({e[2] for e in table} | {e[3] for e in table if e[3]})
    offsets, offset = {}, 0
    for name in names:
        offsets[name] = offset
        offset += len(name) + 1
    lines = ["/* SPDX-License-Identifier: MIT */", "/* Made by tools/symbols.py: include/amber/symbols.h says what it means. */",
             '\t.section .symbol_table, "a", %progbits', "\t.balign 16"]
    rows = ["\t.quad %#x\n\t.long %d, %d, %d, %d" % (addr, size, offsets[name], offsets[file], flags)
            for addr, size, name, file, flags in ((*e[:4], e[4] | name_hash(e[2]) << HASH_SHIFT) for e in table)]
    lines += symbol("symbol_table", rows)
    lines += symbol("symbol_count", ["\t.long %d" % len(table)])
    lines += symbol("symbol_names", ['\t.asciz "%s"' % name for name in names])
    return "\n".join(lines) + "\n"


def name_hash(name):
    """As kernel/symbols.c computes it."""
    value = 0
    for byte in name.encode("ascii"):
        value = (value * 31 + byte) & 0xFFFF
    return value


def symbol(name, body):
    return [f"\t.globl {name}", f"\t.type {name}, %object", f"{name}:"] + body + [f"\t.size {name}, . - {name}"]


def main(args):
    if args == ["--empty"]:
        sys.stdout.write(assembly([]))
    elif len(args) == 3 and args[0] == "--check":
        with open(args[2], encoding="ascii") as f:
            if f.read() != assembly(entries(elf.Elf(args[1]))):
                sys.exit(f"{args[1]}: the last link moved addresses; {args[2]} does not fit")
    elif len(args) == 1 and not args[0].startswith("-"):
        sys.stdout.write(assembly(entries(elf.Elf(args[0]))))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
