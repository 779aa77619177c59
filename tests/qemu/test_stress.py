# SPDX-License-Identifier: MIT
"""tests/qemu/test_stress.py: everything at once (init=stress, user/program/stress.c) and random system calls (init=fuzz,
user/program/fuzz.c), on several CPUs without -icount. When the program has ended the kernel counts what is left
(kernel/census.c) and compares handles, objects, regions, page tables and frame table (kernel/objects_check.c): a difference is the
status `failed`. Last: under -icount no stretch with interrupts masked is long."""
import counting
import pytest
from machines import TOP
from runner import boot

MASKED_MAX = 17_000 # 20,000 is the aim: a margin for other seeds
MASKED_WORK = ["stress 5 400", "fuzz 5 8000", "siege chain 550", "siege sleepers 550", "siege bad-senders 300", "siege revoked 2"]
LONG = pytest.mark.long


def stress(machine, seed, steps, cpus, seconds):
    guest = boot(machine, f"init='stress {seed} {steps}' loglevel=2", extra=("-smp", str(cpus)), seconds=seconds)
    assert guest.said(f"stress: {steps} steps: ok")


def fuzz(machine, seed, calls, cpus, seconds):
    guest = boot(machine, f"init='fuzz {seed} {calls}' loglevel=0", extra=("-smp", str(cpus)), seconds=seconds)
    assert guest.one("exit")["status"] == "ok"


@pytest.mark.parametrize("cpus", [1, 4])
def test_stress(machine, cpus):
    stress(machine, 7 + cpus, 1000, cpus, 240)


@LONG
def test_stress_of_200_thousand_steps(machine):
    stress(machine, 1, 200_000, 4, 4000)


@pytest.mark.parametrize("seed, cpus", [(11, 1), (12, 2), (13, 2), (14, 2)])
def test_fuzz(machine, seed, cpus):
    fuzz(machine, seed, 25_000, cpus, 240)


@LONG
def test_fuzz_of_a_million_calls(machine):
    fuzz(machine, 1, 1_000_000, 2, 3000)


@pytest.mark.parametrize("words", MASKED_WORK)
def test_interrupts_are_masked_briefly(machine, words):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(TOP)
        run = counting.Run(machine.name, f"init='{words}' smp=1 loglevel=0")
    assert run.counts["contradictions"] == 0
    longest = run.counts["masked"]
    assert longest["instructions"] <= MASKED_MAX, f"{longest['instructions']} from {longest['from']:#x} to {longest['to']:#x}"
