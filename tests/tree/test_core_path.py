# SPDX-License-Identifier: MIT
"""tests/tree/test_core_path.py: the reading path of docs/core-path.md: its line counts are true, and it stays short."""
import os
import re

from machines import TOP

PAGE = "docs/core-path.md"
LINES_MAX = 1500
# What belongs to it, in the order of reading; then the policies of the name, in any order. A new policy may stay out.
PATH = ["linker/amber.ld.S", "kernel/main.c", "mm/seal.c", "mm/gate.c", "mm/fault.c", "mm/dry_run.c"]
POLICIES = {f"kernel/policy/{name}.c" for name in ("chain", "panic", "oops", "unprotect", "ignore", "once", "same")}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def rows():
    """[(lines, path)] as the page has them."""
    return [(int(lines), path) for lines, path in re.findall(r"^\| (\d+) \| `([\w./]+)` \|", read(PAGE), re.M)]


def test_every_file_is_there():
    paths = [path for _, path in rows()]
    assert paths[:len(PATH)] == PATH
    assert POLICIES <= set(paths[len(PATH):])
    assert all(path.startswith("kernel/policy/") for path in paths[len(PATH):])


def test_line_counts_are_true():
    wrong = [f"{path}: {PAGE} says {lines}, it has {n}" for lines, path in rows() if (n := read(path).count("\n")) != lines]
    assert wrong == []


def test_the_sum_is_true_and_small():
    total = sum(lines for lines, _ in rows())
    assert re.findall(r"^\| \*\*(\d+)\*\* \| in all", read(PAGE), re.M) == [str(total)]
    assert total <= LINES_MAX, f"the core path has {total} lines, {LINES_MAX} are the limit: move detail out of it"
