# SPDX-License-Identifier: MIT
"""tests/tree/test_pure_policies.py: a policy is a pure function: its object needs nothing from anywhere."""
import glob
import os

import elf
import pytest
from machines import TOP

NAMES = sorted(os.path.basename(p)[:-2] for p in glob.glob(os.path.join(TOP, "kernel", "policy", "*.c")) if not p.endswith("chain.c"))


def test_there_are_some():
    assert {"panic", "oops", "unprotect", "ignore", "once", "same"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_undefined_symbol(machine, name):
    found = elf.Elf(os.path.join(machine.folder(), "obj", "kernel", "policy", f"{name}.c.o"))
    assert [s.name for s in found.symbols if s.section == elf.SHN_UNDEF and s.name] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_nothing(machine, name):
    """No data that could change: what it remembers is in the state that it gets."""
    found = elf.Elf(os.path.join(machine.folder(), "obj", "kernel", "policy", f"{name}.c.o"))
    assert [s.name for s in found.sections if s.flags & 1 and s.flags & elf.SHF_ALLOC and s.size] == []
