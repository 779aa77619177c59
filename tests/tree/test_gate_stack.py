# SPDX-License-Identifier: MIT
"""tests/tree/test_gate_stack.py: the gate's stack is one page without a guard, so the frames on it are added up.

The compiler writes each function's frame to a .su file; the sum over *all* functions of the gate's files is more than
any path through them, as none recurses.
"""
import glob
import os
import re

PAGE, SPARE = 4096, 1024  # for what they call: string functions, TLB, lookups


def frames(machine):
    for path in glob.glob(os.path.join(machine.folder(), "obj", "mm", "gate*.su")):
        with open(path, encoding="utf-8") as f:
            for line in f:
                place, size, kind = line.rstrip("\n").split("\t")
                yield place.split(":")[-1], int(size), kind


def test_frames_are_known_and_small(machine):
    found = list(frames(machine))
    assert found
    assert [f for f in found if f[1] > 256 or not re.match("static|dynamic,bounded", f[2])] == []


def test_all_of_them_fit(machine):
    assert sum(size for _, size, _ in frames(machine)) <= PAGE - SPARE
