#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/check_layers.py: do the layers hold? Prints "file:line: what is wrong" for each breach.

  check_layers.py        run in the repository's root, with both kernels built

1. #include: each folder sees its own headers and those of lower layers; a .c file includes its own first.
2. Symbols of the objects: none is used in a lower folder and defined in a higher one, but for the upcalls and the
   ground floor. (Includes can be evaded by `extern`, symbols cannot.)
3. arch_…: what arch.h promises, both machines define, and nobody else defines any.
4. No word of one machine in generic code, no weak symbol, no `extern` in a .c file.
"""
import glob
import os
import re
import sys

import elf

MACHINES = ("x86_64", "aarch64")
FOLDERS = ("include/amber", "arch/x86_64", "arch/aarch64", "boot", "mm", "kernel", "kernel/policy", "kernel/selftest")
# Higher number = higher layer.
LEVELS = {"arch": 0, "mm": 1, "boot": 2, "kernel": 3}
# Headers whose functions are implemented above some of their callers: the two stories' edges, and what everything stands on.
UPCALLS = ["upcalls", "gate_ops"]
GROUND_FLOOR = ["log", "event", "json", "panic", "lock", "string", "error", "symbols", "options", "broken", "percpu"]
COMPILER_HEADERS = {"stdbool.h", "stddef.h", "stdint.h", "stdarg.h"}
LIBRARY_HEADERS = {"boot/fdt.c": {"libfdt.h"}, "boot/fdt_nodes.c": {"libfdt.h"}}
MACHINE_WORDS = re.compile(r"\b(__x86_64__|__aarch64__|__arm64__|x86_64|aarch64|CR[034]|EFER|TTBR[01]_EL1|SCTLR_EL1|RFLAGS|ESR_EL1)\b")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.S)
NAME = re.compile(r"\b([a-z_][a-z0-9_]*)\s*(?:\(|\[|;| =)")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def code_only(text):
    """Comments and strings blanked out, lines kept."""
    return COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def sources():
    for folder in FOLDERS:
        for path in sorted(glob.glob(f"{folder}/*.[chS]")):
            yield path


def header_names(folder):
    return {os.path.basename(p) for p in glob.glob(f"{folder}/*.h")}


def allowed_headers(path):
    """Names that may stand between quotation marks there; and whether <amber/…> is free."""
    folder = os.path.dirname(path)
    if folder == "include/amber":
        return set()
    if folder == "kernel/policy" and os.path.basename(path) != "chain.c":
        return set()
    seen = {"arch.h"} | header_names(folder)
    if folder in ("mm", "kernel", "kernel/policy", "kernel/selftest"):
        seen |= header_names("mm")
    if folder.startswith("kernel"):
        seen |= header_names("kernel")
    return seen


def check_includes(path, text):
    own, first = own_header(path, text), True
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        kind, name = match[1], match[2]
        place = f"{path}:{number}"
        if ".." in name:
            yield f"{place}: a relative include: {name}"
        elif kind == '"' and name not in allowed_headers(path):
            yield f"{place}: {name} is not of this layer or a lower one"
        elif kind == "<" and not is_allowed_system(path, name):
            yield f"{place}: <{name}> may not be used here"
        if first and path.endswith(".c"):
            if own and name != own:
                yield f"{place}: {path} does not include its own header ({own}) first"
        first = False


def own_header(path, text):
    """The header that declares what this file defines: beside it, or of its name in include/amber."""
    name = os.path.basename(path)[:-2] + ".h"
    if os.path.exists(os.path.join(os.path.dirname(path), name)):
        return name
    shared = f"include/amber/{name}"
    if not os.path.exists(shared):
        return None
    declares = set(re.findall(r"\b(\w+)\([^()]*\)[^;{]*;", code_only(read(shared))))
    defines = set(re.findall(r"^\w[^;{}()=]*?\b(\w+)\([^;{}]*\)\s*\{", code_only(text), re.M))
    return f"amber/{name}" if declares & defines else None


def is_allowed_system(path, name):
    if name.startswith("amber/"):
        policy = path.startswith("kernel/policy/") and not path.endswith("/chain.c")
        return name == "amber/policy.h" or not policy
    if name == "arch_inline.h":
        return path == "arch/arch.h"
    if name == "arch.h":
        return not path.startswith(("include/", "kernel/policy/"))
    return name in COMPILER_HEADERS | LIBRARY_HEADERS.get(path, set()) and not path.startswith("kernel/policy/")


def declared(header):
    """Names that a header of include/amber declares."""
    return set(NAME.findall(code_only(read(f"include/amber/{header}.h"))))


def objects(machine):
    """(source path, Elf) of each object of a built kernel."""
    root = f"build/{machine}/obj/"
    for path in sorted(glob.glob(root + "**/*.o", recursive=True)):
        source = path[len(root):-2]
        if os.path.exists(source):
            yield source, elf.Elf(path)


def level(source):
    return LEVELS[source.split("/")[0]]


def check_symbols(machine):
    free = set().union(*(declared(h) for h in UPCALLS + GROUND_FLOOR))
    found = list(objects(machine))
    if not found:
        yield f"build/{machine}: not built"
    home = {s.name: source for source, o in found for s in o.symbols if s.section != elf.SHN_UNDEF and s.bind != elf.STB_LOCAL}
    for source, o in found:
        for s in o.symbols:
            if s.bind == elf.STB_WEAK:
                yield f"{source}:1: weak symbol {s.name}"
            user = home.get(s.name)
            if s.section == elf.SHN_UNDEF and user and level(user) > level(source) and s.name not in free:
                yield f"{source}:{line_of(source, s.name)}: {s.name} is defined above, in {user}"


def line_of(path, word):
    for number, line in enumerate(read(path).split("\n"), 1):
        if re.search(rf"\b{re.escape(word)}\b", line):
            return number
    return 1


def check_contract():
    text = code_only(read("arch/arch.h"))
    text = re.sub(r"#.*", "", text)
    promised = set(re.findall(r"\b(arch_[a-z0-9_]+)\s*(?:\(|\[|;)", text))
    for machine in MACHINES:
        defined = set()
        for header in glob.glob(f"arch/{machine}/*.h"):
            defined |= set(re.findall(r"^static inline [^;{]*?\b(arch_[a-z0-9_]+)\(", code_only(read(header)), re.M))
        for source, o in objects(machine):
            names = {s.name for s in o.symbols if s.section != elf.SHN_UNDEF and s.name.startswith("arch_") and s.bind != elf.STB_LOCAL}
            if source.startswith("arch/"):
                defined |= names
            else:
                for name in names:
                    yield f"{source}:{line_of(source, name)}: {name} is defined outside arch/"
        for name in sorted(promised - defined):
            yield f"arch/arch.h:{line_of('arch/arch.h', name)}: {machine} does not define {name}"
        for name in sorted(defined - promised):
            yield f"arch/{machine}:1: defines {name}, which is not in arch.h"


def check_words(path, text):
    code = code_only(text)
    for number, line in enumerate(code.split("\n"), 1):
        place = f"{path}:{number}"
        if not path.startswith(("arch/", "boot/")) and (match := MACHINE_WORDS.search(line)):
            yield f"{place}: {match[0]} in generic code"
        if re.search(r"\b__weak\b|\bweak\)", line):
            yield f"{place}: a weak symbol"
        if path.endswith(".c") and re.match(r"\s*extern\b", line):
            yield f"{place}: extern belongs into a header"


def check():
    for path in sources():
        text = read(path)
        yield from check_includes(path, text)
        yield from check_words(path, text)
    for machine in MACHINES:
        yield from check_symbols(machine)
    yield from check_contract()


def main():
    faults = list(check())
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
