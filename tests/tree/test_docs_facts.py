# SPDX-License-Identifier: MIT
"""tests/tree/test_docs_facts.py: what pages count or list, and the sources have: it changes there, and somebody must tell the page."""
import glob
import os
import re

import source
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


# --- figures: measured once, said on several pages; docs/measuring.md is the one to change ----------------------------

SAID_IN_COMPARISON = ["ipc_0", "ipc_4", "ipc_10", "ipc_64", "signal", "notification_pingpong", "yield_pair", "fault_pager", "fault_map",
                      "map_page", "protect_page"]


def figures():
    """{name: [x86_64, aarch64]} of measuring.md's tables, as printed."""
    rows = re.findall(r"^\| `(\w+)` \| .*? \| ([\d,]+) \| ([\d,]+|–) \|", read("docs/measuring.md"), re.M)
    return {name: [x, a] for name, x, a in rows}


def test_figures_beside_sel4():
    table = read("docs/comparison.md").split("## Figures beside seL4's")[1]
    rows = re.findall(r"^\| .* \| [\d,]+ \| ([\d,]+) \| [\d,]+ \| ([\d,]+) \|$", table, re.M)
    known = figures()
    assert [list(row) for row in rows] == [known[name] for name in SAID_IN_COMPARISON]


def test_figures_of_the_fast_way():
    rows = re.findall(r"^\| `(\w+)`(?::.*?)? \| ([\d,]+) \| ([\d,]+) \|$", read("docs/fast-dry-run.md"), re.M)
    known = figures()
    assert len(rows) == 4 and all([x, a] == known[name] for name, x, a in rows)


def test_figures_in_sentences():
    """Each pattern's numbers, x86_64 and aarch64 in turn, are those of the named figures."""
    known = figures()
    for page, pattern, named in (
            ("faults-and-policies", r"Cost\*\*.*?([\d,]+) \(x86_64\) or ([\d,]+) \(aarch64\).*?time, ([\d,]+)\s+or ([\d,]+) in",
             ["ignore_warm", "ignore_cold"]),
            ("memory", r"nothing ([\d,]+) \(x86_64\) or ([\d,]+) \(aarch64\).*?entry ([\d,]+) or ([\d,]+), 512 entries ([\d,]+) "
                       r"or ([\d,]+);.*?call ([\d,]+) or ([\d,]+)\.",
             ["gate_empty", "gate_one", "gate_512", "map_page"]),
            ("progress", r"image has ([\d,]+) bytes \(x86_64\) and ([\d,]+) \(aarch64\)", ["image_bytes"]),
            ("measuring", r"\| \*\*in all\*\* \| \*\*([\d,]+)\*\* \| \| \*\*([\d,]+)\*\*", ["ipc_0"]),
            ("measuring", r"`ignore_warm`, ([\d,]+) and ([\d,]+) instead", ["ignore_warm"]),
            ("measuring", r"`image_bytes`, ([\d,]+) and ([\d,]+) instead", ["image_bytes"])):
        found = re.search(pattern, read(f"docs/{page}.md"), re.S)
        assert found and list(found.groups()) == [n for name in named for n in known[name]], page


def test_the_breakdown_adds_up():
    """Each column of one round trip, by function."""
    table = read("docs/measuring.md").split("## Where the instructions go")[1].split("\n\n")[2]
    rows = [re.findall(r"\| *\**([\d,]*)\** *(?=\|)", row) for row in table.splitlines()[2:] if not row.startswith("| …")]
    *parts, kernel, programs, whole = [[int(n or 0) for n in row[-4:]] for row in rows]
    assert [sum(column) for column in zip(*parts)] == kernel
    for i in (0, 2):
        assert kernel[i] + kernel[i + 1] + programs[i] == whole[i]


def test_lines_are_those_of_the_tree():
    """"33,000 lines": right to a thousand."""
    lines = sum(map(source.line_count, source.core_files()))
    for page, pattern in (("comparison", r"\| ([\d,]+), two machines"), ("progress", r"The kernel has ([\d,]+) lines")):
        assert abs(int(re.search(pattern, read(f"docs/{page}.md"))[1].replace(",", "")) - lines) < 1000, page


def test_next_pages_follow_the_readme():
    pages = re.findall(r"^\| \[([^\]]+)\]\(docs/([a-z-]+\.md)\)", read("README.md"), re.M)
    for (_, page), (name, following) in zip(pages, pages[1:]):
        assert re.findall(r"Next page: \[.*", read(f"docs/{page}")) == [f"Next page: [{name}]({following})."], page
    assert "Next page" not in read(f"docs/{pages[-1][1]}")
