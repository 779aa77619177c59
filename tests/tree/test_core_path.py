# SPDX-License-Identifier: MIT
"""tests/tree/test_core_path.py: the reading path of docs/core-path.md: its line counts are true, and it stays short."""
import re

from source import CORE_PATH_LINES, CORE_PATH_PAGE, core_path_rows, line_count, read

# What belongs to it, in the order of reading; then the policies of the name, in any order. A new policy may stay out.
PATH = ["linker/amber.ld.S", "kernel/main.c", "mm/seal.c", "mm/gate.c", "mm/fault.c", "mm/dry_run.c"]
POLICIES = {f"kernel/policy/{name}.c" for name in ("chain", "panic", "oops", "unprotect", "ignore", "once", "same")}


def test_every_file_is_there():
    paths = [path for _, path in core_path_rows()]
    assert paths[:len(PATH)] == PATH
    assert POLICIES <= set(paths[len(PATH):])
    assert all(path.startswith("kernel/policy/") for path in paths[len(PATH):])


def test_line_counts_are_true():
    wrong = [f"{path}: {CORE_PATH_PAGE} says {lines}, it has {n}" for lines, path in core_path_rows() if (n := line_count(path)) != lines]
    assert wrong == []


def test_the_sum_is_true_and_small():
    total = sum(lines for lines, _ in core_path_rows())
    assert re.findall(r"^\| \*\*(\d+)\*\* \| in all", read(CORE_PATH_PAGE), re.M) == [str(total)]
    assert total <= CORE_PATH_LINES, f"the core path has {total} lines, {CORE_PATH_LINES} are the limit: move detail out of it"
