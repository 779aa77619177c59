# SPDX-License-Identifier: MIT
"""tests/tree/test_core_path.py: the reading path of docs/core-path.md: its line counts are true, and it stays short."""
import glob
import os
import re

from machines import TOP

PAGE = "docs/core-path.md"
LINES_MAX = 1500
# What belongs to it, in the order of reading; the policies in any order.
PATH = ["linker/amber.ld.S", "kernel/main.c", "mm/seal.c", "mm/gate.c", "mm/fault.c", "mm/dry_run.c"]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def rows():
    """[(lines, path)] as the page has them."""
    return [(int(lines), path) for lines, path in re.findall(r"^\| (\d+) \| `([\w./]+)` \|", read(PAGE), re.M)]


def test_every_file_is_there():
    paths = [path for _, path in rows()]
    policies = sorted(os.path.relpath(p, TOP) for p in glob.glob(os.path.join(TOP, "kernel", "policy", "*.c")))
    assert paths[:len(PATH)] == PATH
    assert sorted(paths[len(PATH):]) == policies


def test_line_counts_are_true():
    wrong = [f"{path}: {PAGE} says {lines}, it has {n}" for lines, path in rows() if (n := read(path).count("\n")) != lines]
    assert wrong == []


def test_the_sum_is_true_and_small():
    total = sum(lines for lines, _ in rows())
    assert re.findall(r"^\| \*\*(\d+)\*\* \| in all", read(PAGE), re.M) == [str(total)]
    assert total <= LINES_MAX, f"the core path has {total} lines, {LINES_MAX} are the limit: move detail out of it"
