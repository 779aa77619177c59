# SPDX-License-Identifier: MIT
"""tests/tree/test_style.py: the size and the look of the source: files, functions, heads, names, words."""
import os
import re

import pytest
import source
import stats
from source import all_files, code_files, core_files, files, functions, line_count, read

# CORE_LINES: a ratchet against growth; the budget of 10,000 is missed (docs/progress.md).
CORE_LINES = 34500
COLUMNS = {".c": 130, ".h": 130, ".S": 130}
OTHER_COLUMNS = 150
BAD_NAMES = re.compile(r"(^|[/_])(utils?|misc|common|helpers?)([._/]|$)")
BAD_WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")  # spelled here only
LICENSE = "SPDX-License-Identifier: MIT"


def test_no_file_is_long():
    assert [(f, n) for f in code_files() if (n := line_count(f)) > source.FILE_LINES] == []


def test_the_makefile_is_short():
    assert line_count("Makefile") <= 300


def test_no_function_is_long():
    assert [f for f in functions() if f.lines > source.FUNCTION_LINES] == []


def test_functions_are_short_as_a_whole():
    median, p95, longest = source.function_lengths()
    assert median <= source.FUNCTION_MEDIAN and p95 <= source.FUNCTION_P95 and longest <= source.FUNCTION_LINES


def test_stats_prints_what_is_measured_here():
    """`make stats` and the tests above share one measuring code; its words are what people read."""
    median, p95, longest = source.function_lengths()
    line = next(stats.functions())
    assert re.findall(r"median (\S+) .* up to (\d+) .* longest (\d+) ", line) == [(f"{median:g}", str(p95), str(longest))]
    assert list(stats.functions())[1].split()[0] == str(longest)
    lines = {row.split()[0]: int(row.split()[2].replace(",", "")) for row in list(stats.folders())[1:]}
    assert lines["core"] == sum(line_count(f) for f in core_files())
    assert sum(n for name, n in lines.items() if name != "core") == sum(line_count(f) for f in all_files())


def test_the_core_is_small():
    assert sum(line_count(f) for f in core_files()) <= CORE_LINES


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
