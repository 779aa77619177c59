# SPDX-License-Identifier: MIT
"""tests/tree/test_layers.py: tools/check_layers.py finds nothing here, and finds what is wrong where something is."""
import os

import check_layers
import pytest
from machines import TOP


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch):
    monkeypatch.chdir(TOP)


def test_layers():
    assert list(check_layers.check()) == []


BREACHES = [
    ("mm/x.c", '#include "../kernel/irq.h"\n', "relative"),
    ("mm/x.c", '#include "irq.h"\n', "not of this layer"),
    ("boot/x.c", '#include "frame.h"\n', "not of this layer"),
    ("kernel/policy/x.c", "#include <amber/log.h>\n", "may not be used"),
    ("kernel/x.c", "#include <string.h>\n", "may not be used"),
    ("include/amber/x.h", "#include <arch.h>\n", "may not be used"),
]


@pytest.mark.parametrize("path, text, complaint", BREACHES)
def test_a_forbidden_include_is_seen(path, text, complaint):
    faults = list(check_layers.check_includes(path, text))
    assert len(faults) == 1 and complaint in faults[0] and faults[0].startswith(f"{path}:1: ")


WORDS = [
    ("mm/x.c", "#ifdef __x86_64__", "generic code"), ("kernel/x.c", "int f(void) __weak;", "weak"),
    ("kernel/x.c", "extern int x;", "extern"), ("kernel/x.c", "write(TTBR1_EL1);", "generic code"),
]


@pytest.mark.parametrize("path, text, complaint", WORDS)
def test_a_forbidden_word_is_seen(path, text, complaint):
    faults = list(check_layers.check_words(path, text))
    assert len(faults) == 1 and complaint in faults[0]


def test_comments_are_no_code():
    assert list(check_layers.check_words("mm/x.c", "/* as __x86_64__ does */ int x; /* CR3 */\n")) == []


def test_the_same_files_on_both_machines():
    """Half of the names at least are the same: so a reader of one machine knows the other."""
    here, there = ({f for f in os.listdir(f"arch/{m}")} for m in check_layers.MACHINES)
    assert len(here & there) >= 15
