# SPDX-License-Identifier: MIT
"""tests/qemu/test_user_attacks.py: the boundary between user mode and the kernel: wrong arguments of each system call, by the
program `attacks`. Random ones: test_stress.py; forbidden instructions and addresses: test_programs.py, `traps`.

A program's exit code 0 alone makes the boot `ok` if also everything that it had was given back (kernel/program_first.c).
"""
import re

import pytest
from runner import boot
from test_programs import said_by


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("lab", ["off", "on"])
def test_wrong_arguments(machine, cpus, lab):
    lines = said_by(boot(machine, f"init=attacks lab={lab}", extra=("-smp", str(cpus))), "attacks")
    counts = [int(m[1]) for line in lines if (m := re.fullmatch(r"[a-z_]+: (\d+) attacks", line))]
    total = int(re.fullmatch(r"(\d+) attacks, 0 of them went wrong", lines[-1])[1])
    assert len(counts) >= 41 and total > sum(counts) > 2200
    assert not [line for line in lines if line.startswith("not ok")]
