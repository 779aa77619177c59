# SPDX-License-Identifier: MIT
"""tests/tree/test_style.py: the size and the look of the source: files, functions, heads, names, words."""
import glob
import os
import re
import statistics
import subprocess

import pytest
from machines import TOP

CORE = ("boot", "kernel", "mm", "arch", "linker", "include")
# CORE_LINES: a ratchet against growth; the budget of 10,000 is missed (docs/progress.md).
FILE_LINES, FUNCTION_LINES, CORE_LINES = 500, 60, 17000
COLUMNS = {".c": 130, ".h": 130, ".S": 130}
OTHER_COLUMNS = 150
FUNCTION_MEDIAN, FUNCTION_P95 = 15, 45
BAD_NAMES = re.compile(r"(^|[/_])(utils?|misc|common|helpers?)([._/]|$)")
BAD_WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")  # spelled here only
LICENSE = "SPDX-License-Identifier: MIT"


def files(*patterns):
    found = []
    for pattern in patterns:
        found += glob.glob(os.path.join(TOP, pattern), recursive=True)
    return sorted(os.path.relpath(p, TOP) for p in found if os.path.isfile(p) and "__pycache__" not in p)


def core_files():
    return files(*(f"{folder}/**/*" for folder in CORE))


def all_files():
    named = ("Makefile", ".clang-format", ".ci/run", "README.md", "CONTRIBUTING.md")
    return core_files() + files("tests/**/*", "tools/**/*", "docs/**/*", *named)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def code_files():
    return [f for f in all_files() if f.endswith((".c", ".h", ".S", ".py", ".sh")) or f == "Makefile"]


def functions():
    """(file, name, lines) of each C function."""
    sources = [f for f in files("boot/**/*.[ch]", "kernel/**/*.[ch]", "mm/**/*.[ch]", "arch/**/*.[ch]", "tests/**/*.[ch]")]
    output = subprocess.run(["ctags", "-x", "--c-kinds=f", "--fields=+ne", "--_xformat=%N\t%F\t%n\t%e", *sources], cwd=TOP,
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in output.splitlines():
        name, path, first, last = line.split("\t")
        yield path, name, int(last) - int(first) + 1


def test_no_file_is_long():
    assert [(f, n) for f in code_files() if (n := read(f).count("\n")) > FILE_LINES] == []


def test_the_makefile_is_short():
    assert read("Makefile").count("\n") <= 300


def test_no_function_is_long():
    assert [f for f in functions() if f[2] > FUNCTION_LINES] == []


def test_functions_are_short_as_a_whole():
    lines = sorted(n for path, _, n in functions() if not path.startswith("tests/"))
    assert statistics.median(lines) <= FUNCTION_MEDIAN
    assert lines[int(len(lines) * 0.95)] <= FUNCTION_P95


def test_the_core_is_small():
    assert sum(read(f).count("\n") for f in core_files()) <= CORE_LINES


def test_file_names_say_something():
    assert [f for f in all_files() if BAD_NAMES.search(f)] == []


@pytest.mark.parametrize("ending", [".c", ".h", ".S"])
def test_heads(ending):
    """Licence first, then what the file is for."""
    for path in code_files():
        if not path.endswith(ending) or path.startswith("tests/unit/fake_arch"):
            continue
        lines = read(path).split("\n")
        assert lines[0] == f"/* {LICENSE} */", f"{path}: no licence line"
        assert lines[1].startswith("/*"), f"{path}: no head comment"
        head = " ".join(lines[1:4])
        assert os.path.basename(path) in head or os.path.splitext(os.path.basename(path))[0] in head, f"{path}: the head does not name it"


def test_scripts_have_a_licence():
    for path in code_files():
        if path.endswith((".py", ".sh")) or path == "Makefile":
            assert LICENSE in "\n".join(read(path).split("\n")[:3]), path


def test_nothing_is_left_unfinished():
    found = [(f, m[0]) for f in all_files() if f != "tests/tree/test_style.py" and (m := BAD_WORDS.search(read(f)))]
    assert found == []


def test_lines_have_an_end():
    long = [(f, n) for f in code_files() if not f.startswith(("tests/unit/", "tests/fuzz/")) for n, line in enumerate(read(f).split("\n"), 1)
            if len(line) > COLUMNS.get(os.path.splitext(f)[1], OTHER_COLUMNS)]
    assert long == []


def test_c_is_indented_with_tabs():
    wrong = [(f, n) for f in core_files() if f.endswith((".c", ".h")) for n, line in enumerate(read(f).split("\n"), 1)
             if re.match(r" {2,8}\S", line) or line.rstrip() != line]
    assert wrong == []


def test_no_tool_is_left_in_the_tree():
    """What is generated or private stays out."""
    assert files("**/*.orig", "**/*.rej", "**/*.o", "kernel/**/*tmp*", "*.log") == [f for f in files("build/**/*.o")]
