# SPDX-License-Identifier: MIT
"""tests/tree/test_docs_facts.py: what pages count or list, and the sources have: it changes there, and somebody must tell the page."""
import glob
import os
import re

import syscalls
from machines import TOP
from test_docs import read

NUMBERS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight"]


def sources(*folders):
    return {os.path.relpath(f, TOP): read(os.path.relpath(f, TOP))
            for folder in folders for f in glob.glob(os.path.join(TOP, folder, "**", "*.[ch]"), recursive=True)}


def test_who_touches_user_memory():
    """A claim about security: the table has every system call with an address, and every file that copies."""
    rows = re.findall(r"^\| `(\w+)` \| (in|out): .* \| `(kernel/\w+\.c)` \|$", read("docs/user-faults.md"), re.M)
    calls = {call.name for call in syscalls.calls() if any(a.kind == "pointer" for a in call.arguments)}
    assert {name for name, _, _ in rows} == calls and f"in {NUMBERS[len(calls)]} system calls only" in read("docs/user-faults.md")
    copying = {path for path, text in sources("kernel", "arch", "mm").items()
               if re.search(r"= user_copy_(in|out)\(", text) and "selftest" not in path}
    assert {path for _, _, path in rows} == copying
    assert {path for _, way, path in rows if way == "out"} == {p for p, t in sources("kernel").items() if "= user_copy_out(" in t}
    raw = {path for path, text in sources("kernel", "arch", "mm").items() if re.search(r"\barch_user_access_begin\(\);", text)}
    assert {p for p in raw if "selftest" not in p} == {"kernel/user_copy.c"}


def test_the_exercise_has_the_next_number():
    number = int(re.search(r"SYSCALL\((\d+), thread_count", read("docs/add-a-system-call.md"))[1])
    assert number == max(call.number for call in syscalls.calls()) + 1


def test_kinds_of_objects():
    kinds = re.findall(r"^\tOBJECT_([A-Z]+),", read("include/amber/abi.h"), re.M)
    kinds = [k.lower() for k in kinds if k not in ("NONE", "TYPES")]
    rows = read("docs/microkernel.md").split("## Kinds of objects")[1].split("## ")[0]
    assert sorted(re.findall(r"^\| ([a-z]+) \| ", rows, re.M)) == sorted(kinds + ["object"])  # "object": the table's head
    assert f"| {len(kinds)} kinds; a table of handles" in read("docs/comparison.md")


def test_files_of_system_calls():
    listed = re.search(r"`kernel/sys_\{([a-z,]+)\}\.c`", read("docs/microkernel.md"))[1].split(",")
    assert sorted(listed) == sorted(os.path.basename(p)[4:-2] for p in glob.glob(os.path.join(TOP, "kernel", "sys_*.c")))


def test_devices_that_programs_may_have():
    """threat-model.md says that there are two, and what a program can do with them."""
    devices = re.search(r"enum user_device \{ (.*?), USER_DEVICES \}", read("arch/arch.h"))[1].split(", ")
    assert devices == ["USER_DEVICE_UART", "USER_DEVICE_KEYBOARD"]
    assert "there are two: the serial line, and on x86_64 the keyboard controller's ports, which can only be read" in read("docs/threat-model.md")
