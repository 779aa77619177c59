# SPDX-License-Identifier: MIT
"""tests/qemu/test_user_attacks.py: the boundary between user mode and the kernel, attacked by user programs: wrong arguments of
each system call (attacks), seeded random calls (fuzz). Forbidden instructions and addresses: test_programs.py, `traps`.

A program's exit code 0 alone makes the boot `ok` if also everything that it had was given back (kernel/program_first.c).
"""
import re

import pytest
from runner import boot
from test_programs import said_by

FUZZ_CALLS = 25000        # 200,000 in all on two machines with four seeds each
FUZZ_CALLS_LONG = 500000  # … and 1,000,000


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("lab", ["off", "on"])
def test_wrong_arguments(machine, cpus, lab):
    lines = said_by(boot(machine, f"init=attacks lab={lab}", extra=("-smp", str(cpus))), "attacks")
    counts = [int(m[1]) for line in lines if (m := re.fullmatch(r"[a-z_]+: (\d+) attacks", line))]
    total = int(re.fullmatch(r"(\d+) attacks, 0 of them went wrong", lines[-1])[1])
    assert len(counts) >= 41 and total > sum(counts) > 2200
    assert not [line for line in lines if line.startswith("not ok")]


def fuzz(machine, seed, calls, cpus):
    lines = said_by(boot(machine, f'init="fuzz {seed} {calls}"', seconds=calls / 2000 + 60, extra=("-smp", str(cpus))), "fuzz")
    assert int(re.match(r"(\d+) calls by [1-9]\d* workers", lines[-1])[1]) >= calls


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_calls(machine, seed):
    fuzz(machine, seed, FUZZ_CALLS, 2)


@pytest.mark.long
@pytest.mark.parametrize("cpus", [1, 2])
def test_many_random_calls(machine, cpus):
    fuzz(machine, 5, FUZZ_CALLS_LONG, cpus)
