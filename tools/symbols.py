#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/symbols.py: the kernel's symbol table as assembly (struct symbol in include/amber/symbols.h).

  symbols.py --empty            a table without entries, for the first link
  symbols.py KERNEL LIST             the table of a linked kernel; LIST names the objects that it was linked from
  symbols.py --check KERNEL LIST S   is S what KERNEL gives? (the last link moved no address)

The table is the last thing in .rodata, so its size moves everything behind it: the kernel is linked
without a table, then with one of the right size, then with the final addresses.
"""
import os
import re
import sys
from collections import Counter
from itertools import accumulate

import elf

FUNCTION, OBJECT = 1, 2
TOKEN, NAME_MAX, SIZE_BITS, KIND_BITS = 128, 64, 22, 2  # as in struct symbol
WORTH_IT = 4  # times that a token must be used
SEALED = re.compile(r"ro_after_init|ro_core")
# The linker script's edges are known to the command line too; they have no size.
STRETCH = re.compile(r"bench_\w+_(begin|end)$")  # include/amber/stretch.h: marks inside of functions
EDGES = re.compile(r"__(text|rodata|init|ro_after_init|ro_core)_(start|end)$")


def files_of_sealed(objects):
    """{name: source file} of sealed objects that other files see: the linked kernel doesn't say where they are defined."""
    found = {}
    for path in objects:
        unit = elf.Elf(path)
        for s in unit.symbols:
            if s.type == elf.STT_OBJECT and s.bind != elf.STB_LOCAL and s.section < len(unit.sections):
                if SEALED.search(unit.sections[s.section].name):
                    found[s.name] = os.path.basename(path).removesuffix(".o")
    return found


def entries(kernel, files):
    """(address, bytes, name, file, kind), sorted; where addresses are equal the one with a size is last."""
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
        found.add((s.value, s.size, s.name, s.file or files.get(s.name, ""), flags))
    return sorted(found, key=lambda e: (e[0], e[1] > 0, -e[1], e[2], e[3]))


def is_code_label(kernel, symbol):
    """A label in assembly without .type; not the linker script's names, the assembler's $x and .L, nor what is counted."""
    if symbol.section >= len(kernel.sections) or not kernel.sections[symbol.section].flags & elf.SHF_EXEC:
        return False
    return not symbol.name.startswith(("__", "$", ".L")) and not STRETCH.match(symbol.name)


def assembly(table):
    names = [""] + sorted({e[2] for e in table} | {e[3] for e in table if e[3]})
    files = [""] + sorted({e[3] for e in table if e[3]})
    coded, tokens = compressed(names)
    offsets = dict(zip(names, offsets_of(coded)))
    rows = []
    for addr, size, name, file, kind in table:
        check_fits(addr, size, name, offsets, files)
        rows.append("\t.long %#x, %d\n\t.short %d\n\t.short %#x" % (
            addr & 0xFFFFFFFF, size | (kind | files.index(file) << KIND_BITS) << SIZE_BITS, offsets[name], name_hash(name)))
    lines = ["/* SPDX-License-Identifier: MIT */", "/* Made by tools/symbols.py: include/amber/symbols.h says what it means. */",
             '\t.section .symbol_table, "a", %progbits', "\t.balign 16"]
    lines += symbol("symbol_table", rows)
    lines += symbol("symbol_count", ["\t.long %d" % len(table)])
    lines += symbol("symbol_files", ["\t.short %d" % offsets[file] for file in files])
    lines += symbol("symbol_tokens", ["\t.short %d" % offset for offset in offsets_of(tokens)])
    lines += symbol("symbol_token_texts", ['\t.asciz "%s"' % token.decode("ascii") for token in tokens])
    lines += symbol("symbol_names", ["\t.byte %s" % ", ".join(map(str, code + b"\0")) for code in coded])
    return "\n".join(lines) + "\n"


def check_fits(addr, size, name, offsets, files):
    """Into the fields of struct symbol."""
    if addr < 2**64 - 2**31 or size >= 1 << SIZE_BITS or len(name) >= NAME_MAX or offsets[name] >= 1 << 16 or len(files) > 256:
        sys.exit(f"symbols: {name}: address {addr:#x}, {size} bytes, name at {offsets[name]} or one of {len(files)} files "
                 "doesn't fit into struct symbol (include/amber/symbols.h)")


def compressed(names):
    """(codes of each name, texts of the tokens): the most frequent pair of codes becomes a new code, again and again."""
    data = b"".join(name.encode("ascii") + b"\0" for name in names)
    texts = {code: bytes((code,)) for code in range(TOKEN)}
    for token in range(TOKEN, 256):
        pairs = Counter(zip(data, data[1:]))
        count, pair = max(((n, p) for p, n in pairs.items() if 0 not in p), default=(0, None))
        if count < WORTH_IT:
            break
        data = data.replace(bytes(pair), bytes((token,)))
        texts[token] = texts[pair[0]] + texts[pair[1]]
    return data.split(b"\0")[:-1], [texts[token] for token in sorted(texts) if token >= TOKEN]


def offsets_of(texts):
    """Where each begins when they follow each other, each with a final 0."""
    return list(accumulate((len(text) + 1 for text in texts), initial=0))[:-1]


def name_hash(name):
    """As kernel/symbols.c computes it."""
    value = 0
    for byte in name.encode("ascii"):
        value = (value * 31 + byte) & 0xFFFF
    return value


def symbol(name, body):
    return [f"\t.globl {name}", f"\t.type {name}, %object", f"{name}:"] + body + [f"\t.size {name}, . - {name}"]


def of_kernel(kernel, objects_list):
    with open(objects_list, encoding="utf-8") as f:
        return assembly(entries(elf.Elf(kernel), files_of_sealed(f.read().split())))


def main(args):
    if args == ["--empty"]:
        sys.stdout.write(assembly([]))
    elif len(args) == 4 and args[0] == "--check":
        with open(args[3], encoding="ascii") as f:
            if f.read() != of_kernel(*args[1:3]):
                sys.exit(f"{args[1]}: the last link moved addresses; {args[3]} does not fit")
    elif len(args) == 2 and not args[0].startswith("-"):
        sys.stdout.write(of_kernel(*args))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
