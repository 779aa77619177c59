# SPDX-License-Identifier: MIT
"""tools/source.py: measures the source itself: its files, their lines, the C functions, the core path. For `make stats`
(tools/stats.py) and for the tests that hold the limits (tests/tree/test_style.py, tests/tree/test_core_path.py)."""
import glob
import os
import re
import statistics
import subprocess
from collections import namedtuple

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORE = ("boot", "kernel", "mm", "arch", "linker", "include")
FILE_LINES, FUNCTION_LINES, FUNCTION_MEDIAN, FUNCTION_P95 = 500, 60, 15, 45
CORE_PATH_PAGE, CORE_PATH_LINES = "docs/core-path.md", 1500

Function = namedtuple("Function", "file name lines")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def line_count(path):
    return read(path).count("\n")


def files(*patterns):
    found = []
    for pattern in patterns:
        found += glob.glob(os.path.join(TOP, pattern), recursive=True)
    return sorted(os.path.relpath(p, TOP) for p in found if os.path.isfile(p) and "__pycache__" not in p)


def core_files():
    return files(*(f"{folder}/**/*" for folder in CORE))


def all_files():
    named = ("Makefile", ".clang-format", ".ci/run", "README.md", "CONTRIBUTING.md")
    found = core_files() + files("tests/**/*", "tools/**/*", "docs/**/*", *named)
    return [f for f in found if not f.startswith(("tests/fuzz/corpus/", "docs/images/"))]  # no text


def code_files():
    return [f for f in all_files() if f.endswith((".c", ".h", ".S", ".py", ".sh")) or f == "Makefile"]


def functions(*folders):
    """Each C function of these folders (default: all), as universal-ctags finds them."""
    sources = files(*(f"{folder}/**/*.[ch]" for folder in folders or (*CORE, "tests", "tools")))
    output = subprocess.run(["ctags", "-x", "--c-kinds=f", "--fields=+ne", "--_xformat=%N\t%F\t%n\t%e", *sources], cwd=TOP,
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in output.splitlines():
        name, path, first, last = line.split("\t")
        yield Function(path, name, int(last) - int(first) + 1)


def function_lengths():
    """(median, 95th percentile, longest) of the core's functions."""
    lines = sorted(f.lines for f in functions(*CORE))
    return statistics.median(lines), lines[int(len(lines) * 0.95)], lines[-1]


def core_path_rows():
    """[(lines, path)] as the page has them."""
    return [(int(lines), path) for lines, path in re.findall(r"^\| (\d+) \| `([\w./]+)` \|", read(CORE_PATH_PAGE), re.M)]
