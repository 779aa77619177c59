#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/stats.py: how large the source and the kernels are: files, lines, functions, the core path, sections, objects.

  stats.py [MACHINE]...      run in the repository's root, with the kernels built
"""
import os
import sys

import counting
import elf
import source

LONGEST, LARGEST, LONG_FILE = 10, 10, 400


def folders():
    """Lines and files by folder, as far down as a second name (kernel/policy, tests/unit)."""
    sums = {}
    for path in source.all_files():
        folder = "/".join(os.path.dirname(path).split("/")[:2]) or "."
        count, lines = sums.get(folder, (0, 0))
        sums[folder] = (count + 1, lines + source.line_count(path))
    yield f"{'folder':20}{'files':>7}{'lines':>8}"
    for folder, (count, lines) in sorted(sums.items()):
        yield f"{folder:20}{count:>7}{lines:>8,}"
    core = source.core_files()
    yield f"{'core':20}{len(core):>7}{sum(map(source.line_count, core)):>8,}   ({', '.join(source.CORE)})"


def functions():
    found = sorted(source.functions(*source.CORE), key=lambda f: (-f.lines, f))
    median, p95, longest = source.function_lengths()
    yield (f"functions: {len(found)}; lines: median {median:g} (at most {source.FUNCTION_MEDIAN}), 95 % up to {p95} "
           f"(at most {source.FUNCTION_P95}), longest {longest} (at most {source.FUNCTION_LINES})")
    for function in found[:LONGEST]:
        yield f"  {function.lines:>4}  {function.file}:{function.name}"


def files():
    long = sorted(((n, f) for f in source.code_files() if (n := source.line_count(f)) > LONG_FILE), reverse=True)
    yield f"files of more than {LONG_FILE} lines (at most {source.FILE_LINES}):{'' if long else ' none'}"
    for lines, path in long:
        yield f"  {lines:>4}  {path}"
    total = sum(source.line_count(path) for _, path in source.core_path_rows())
    yield f"core path: {total:,} lines (at most {source.CORE_PATH_LINES:,})"


def image(machine):
    kernel = elf.Elf(f"build/{machine}/amber.elf")
    sections = [s for s in kernel.sections if s.flags & elf.SHF_ALLOC and s.size]
    yield f"{machine}: image_bytes {counting.image_bytes(machine):,} (text, rodata, data, as in the file, without init)"
    for section in sections:
        yield f"  {section.size:>8,}  {section.name}{' (not in the file)' if section.type == elf.SHT_NOBITS else ''}"
    names = {s.index: s.name for s in sections}
    objects = [s for s in kernel.symbols if s.type == elf.STT_OBJECT and s.section in names]
    yield "  the largest objects:"
    for item in sorted(objects, key=lambda s: (-s.size, s.name))[:LARGEST]:
        yield f"  {item.size:>8,}  {item.name} ({names[item.section]})"


def main(machines):
    parts = [folders(), functions(), files(), *(image(m) for m in machines or counting.MACHINES)]
    print("\n\n".join("\n".join(part) for part in parts))


if __name__ == "__main__":
    main(sys.argv[1:])
