#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/module.py: programs of one's own, outside of this tree (docs/your-own-program.md): a template, and the boot module.

  module.py new NAME FOLDER           FOLDER/NAME/main.c, a program to start from (make program NAME=…)
  module.py build MACHINE FOLDER TO   what is in FOLDER becomes TO/programs.cpio (make run MODULE=FOLDER)

`build` takes NAME.c, NAME/*.c (with NAME/MACHINE/*.S), and finished programs (ELF files). A FOLDER that has a main.c is one
program. Compiler, linker, objcopy and their arguments come from the Makefile, in the environment. Every complaint is one line.
"""
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
NAME_MAX = 31  # kernel/space.h: PROGRAM_NAME_MAX with its 0; ps and the log show the whole of it
NO_PROGRAM = (".h", ".md", ".txt")  # may lie beside programs
SERVICES = ("supervisor", "console", "sh")
MACHINES = {62: "x86_64", 183: "aarch64"}  # e_machine; System V gABI, chapter 4
ET_EXEC = 2
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS = 1, 2, 3, 7
PF_X, PF_W, PF_R = 1, 2, 4
PAGE, USER_START, USER_END = 4096, 0x200000, 0x8000000000  # include/amber/abi.h
SEGMENTS_MAX, SEGMENT_BYTES_MAX, HEADS_MAX = 8, 32768 * PAGE, 64  # kernel/elf.h, elf.c
ARCHIVE_BYTES_MAX = 48 << 20  # QEMU's 128 MiB have to hold it, on aarch64 their second half


class Complaint(Exception):
    """What the user has to mend."""


def commands():
    """Of the shell: a program of that name can't be started at the prompt."""
    folder = os.path.join(TOP, "user", "program", "sh")
    texts = [open(os.path.join(folder, f), encoding="utf-8").read() for f in os.listdir(folder) if f.startswith("cmd_")]
    return sorted(re.findall(r"^COMMAND(?:_IF)?\((\w+),", "\n".join(texts), re.M))


def system_programs():
    folder = os.path.join(TOP, "user", "program")
    return {os.path.splitext(name)[0] for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)) or name.endswith(".c")}


def check_name(name, what):
    if not NAME.fullmatch(name):
        raise Complaint(f"{what}: '{name}' is no name for a program (a letter, then letters, digits, - and _)")
    if len(name) > NAME_MAX:
        raise Complaint(f"{what}: '{name}' is too long for a program's name (at most {NAME_MAX} characters)")


# --- make program ---------------------------------------------------------------------------------------------------------

def new(name, folder):
    if not name:
        raise Complaint("usage: make program NAME=foo [DIR=my]")
    check_name(name, "NAME")
    if name in commands():
        raise Complaint(f"NAME: '{name}' is a command of the shell: the program could not be started at the prompt")
    if name in SERVICES:
        raise Complaint(f"NAME: '{name}' is a program that the system itself needs")
    path = os.path.join(folder, name, "main.c")
    for taken in (os.path.join(folder, name), os.path.join(folder, name + ".c")):
        if os.path.lexists(taken):
            raise Complaint(f"{taken} exists already; nothing is changed")
    with open(os.path.join(TOP, "user", "template.c"), encoding="utf-8") as f:
        text = f.read()
    os.makedirs(os.path.dirname(path))
    with open(path, "x", encoding="utf-8") as f:
        f.write(text.replace("user/template.c", "main.c").replace("NAME", name))
    print(f"{path} is your program; build and boot with it:  make run MODULE={shlex.quote(folder)}")
    print(f"then type  {name}  at the prompt; docs/your-own-program.md goes on from there")
    if name in system_programs():
        print(f"(while the module is there, it takes the place of the system's own program '{name}')")


# --- make run MODULE= -----------------------------------------------------------------------------------------------------

def in_folder(folder, *endings):
    if not os.path.isdir(folder):
        return []
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(endings) and not name.startswith(".")]
    return [path for path in paths if os.path.isfile(path)]


def sources_of(folder, machine):
    sources = in_folder(folder, ".c")
    return sources + in_folder(os.path.join(folder, machine), ".S") if sources else []


def programs_in(folder, machine):
    """[(name, where it stands, its sources; none: it is finished)]"""
    if not os.path.isdir(folder):
        raise Complaint(f"{folder}: no such folder" if not os.path.exists(folder) else f"{folder} is no folder")
    if os.path.isfile(os.path.join(folder, "main.c")):
        return [(os.path.basename(os.path.abspath(folder)), folder, sources_of(folder, machine))]
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith(".") or name.endswith(NO_PROGRAM):
            continue
        if os.path.isdir(path):
            sources = sources_of(path, machine)
            if not sources:
                print(f"module: {path}: no C source in it; left out")
                continue
            found.append((name, path, sources))
        elif name.endswith(".c"):
            found.append((name[:-2], path, [path]))
        else:
            found.append((name, path, []))
    if not found:
        raise Complaint(f"{folder}: no program in it (NAME.c, NAME/main.c, or a finished program: an ELF file)")
    return found


def check_names(programs):
    seen = {}
    for name, path, _ in programs:
        check_name(name, path)
        if name in seen:
            raise Complaint(f"{seen[name]} and {path}: two programs of the same name '{name}'")
        seen[name] = path
        if name in commands():
            print(f"module: '{name}' is a command of the shell, too: the prompt knows only that one (init={name} starts yours)")
        elif name in system_programs():
            print(f"module: '{name}' takes the place of the system's own program of that name")


def segment_problem(flags, offset, start, file_bytes, memory_bytes, size):
    """As kernel/elf.c:check_segment."""
    if offset + file_bytes > size:
        return "a segment's data lie behind its end"
    if file_bytes > memory_bytes:
        return "a segment has more data than memory"
    if start % PAGE:
        return "a segment doesn't start on a page"
    if not USER_START <= start <= start + memory_bytes <= USER_END:
        return "a segment lies outside the user half"
    if memory_bytes > SEGMENT_BYTES_MAX:
        return "a segment is too large"
    if not flags & PF_R:
        return "a segment can't be read"
    return "a segment is writable and executable" if flags & PF_W and flags & PF_X else None


def segments_problem(data):
    """What the kernel would say of it when it is started (kernel/elf.c): better now."""
    entry, at = struct.unpack_from("<QQ", data, 24)
    head_bytes, count = struct.unpack_from("<HH", data, 54)
    if head_bytes != 56 or not 0 < count <= HEADS_MAX:
        return "the number or the size of its segments' heads is wrong"
    if at + count * head_bytes > len(data):
        return "its segments' heads lie behind its end"
    found = []
    for i in range(count):
        kind, flags, offset, start, _, file_bytes, memory_bytes, _ = struct.unpack_from("<IIQQQQQQ", data, at + i * head_bytes)
        if kind in (PT_DYNAMIC, PT_INTERP, PT_TLS):
            return "not a static executable"
        if kind != PT_LOAD or not memory_bytes:
            continue
        if problem := segment_problem(flags, offset, start, file_bytes, memory_bytes, len(data)):
            return problem
        end = start + -(-memory_bytes // PAGE) * PAGE
        if any(start < other_end and other_start < end for other_start, other_end, _ in found):
            return "two segments share a page"
        found.append((start, end, flags))
    if len(found) > SEGMENTS_MAX:
        return "too many segments"
    inside = any(start <= entry < end and flags & PF_X for start, end, flags in found)
    return None if inside else "its entry is not in an executable segment"


def check_finished(path, machine):
    if not os.path.isfile(path):
        raise Complaint(f"{path}: neither a file nor a folder")
    with open(path, "rb") as f:
        data = f.read()
    head = data[:64]
    if len(head) < 64 or head[:7] != b"\x7fELF\x02\x01\x01":
        raise Complaint(f"{path}: no program (no 64-bit little-endian ELF file)")
    kind, made_for = struct.unpack_from("<HH", head, 16)
    if made_for != {n: number for number, n in MACHINES.items()}[machine]:
        raise Complaint(f"{path}: made for {MACHINES.get(made_for, f'another machine (e_machine {made_for})')}, not for {machine}")
    if kind != ET_EXEC:
        raise Complaint(f"{path}: not a static executable (link it as docs/programs.md says)")
    if problem := segments_problem(data):
        raise Complaint(f"{path}: {problem} (link it as docs/programs.md says)")


def words(name):
    return shlex.split(os.environ[name])


def run(command, what):
    if subprocess.run(command, check=False).returncode:
        raise Complaint(what)


def compile_program(name, path, sources, to):
    """→ TO/NAME.elf, with symbols."""
    objects = []
    for number, source in enumerate(sources):
        objects.append(os.path.join(to, "obj", f"{name}-{number}.o"))
        run([*words("AMBER_COMPILER"), *words("AMBER_FLAGS"), "-c", source, "-o", objects[-1]], f"{source} doesn't compile, see above")
    elf = os.path.join(to, f"{name}.elf")
    run([*words("AMBER_LINKER"), *objects, *words("AMBER_LIBRARY"), "-o", elf], f"{path} can't be linked, see above")
    return elf


def pack(archive, names, to):
    for name in names:
        os.chmod(os.path.join(archive, name), 0o644)
        os.utime(os.path.join(archive, name), (0, 0))
    done = subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--reproducible", "--quiet"], cwd=archive, stdout=subprocess.PIPE,
                          input="".join(f"{name}\n" for name in names).encode(), check=True)
    if len(done.stdout) > ARCHIVE_BYTES_MAX:
        raise Complaint(f"the programs have {len(done.stdout) >> 20} MiB together (at most {ARCHIVE_BYTES_MAX >> 20})")
    return write_if_changed(os.path.join(to, "programs.cpio"), done.stdout)


def write_if_changed(path, data):
    """So that an ISO isn't made again for nothing."""
    if os.path.exists(path):
        with open(path, "rb") as f:
            if f.read() == data:
                return
    with open(path, "wb") as f:
        f.write(data)


def build(machine, folder, to):
    folder = os.path.normpath(os.path.expanduser(folder))
    programs = programs_in(folder, machine)
    check_names(programs)
    archive = os.path.join(to, "archive")
    shutil.rmtree(archive, ignore_errors=True)
    os.makedirs(archive)
    os.makedirs(os.path.join(to, "obj"), exist_ok=True)
    for name, path, sources in programs:
        if sources:
            elf = compile_program(name, path, sources, to)
            run([*words("AMBER_OBJCOPY"), "--strip-all", elf, os.path.join(archive, name)], f"{elf} can't be packed")
        else:
            check_finished(path, machine)
            shutil.copyfile(path, os.path.join(archive, name))
    names = [name for name, _, _ in programs]
    pack(archive, names, to)
    print(f"module: {folder}: {', '.join(names)}")


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "new":
        new(arguments[1], os.path.normpath(os.path.expanduser(arguments[2])))
    elif len(arguments) == 4 and arguments[0] == "build":
        build(*arguments[1:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Complaint, OSError) as why:
        text = f"{why.filename}: {why.strerror}" if isinstance(why, OSError) and why.filename else why
        sys.exit(f"{'program' if sys.argv[1:2] == ['new'] else 'module'}: {text}")
