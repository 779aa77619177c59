# SPDX-License-Identifier: MIT
"""tests/qemu/test_stress.py: everything at once (init=stress, user/program/stress.c), on several CPUs without -icount. When the
program has ended the kernel counts what is left (kernel/census.c) and compares handles, objects, regions, page tables and frame table
(kernel/objects_check.c): a difference is the status `failed`. Last: under -icount no stretch with interrupts masked is long."""
import counting
import pytest
from machines import TOP
from runner import boot

MASKED_MAX = 17_000 # 20,000 is the aim: a margin for other seeds
MASKED_WORK = ["stress 5 100", "fuzz 5 8000", "siege chain 550", "siege sleepers 550", "siege bad-senders 300", "siege revoked 2"]
# What system_read shows, with as many threads as there can be; not records of violations, because making one takes longer.
MASKED_WORK += ["systest crowd 400;threads;counts;seal;sealed;maps;symbol lab_sealed_word;symbol nothing;symbol cpus.c:nothing"]
MASKED_WORK_OF_SEVERAL = ["stress 5 60", "siege chain 50", "siege luggage 20"]
LONG = pytest.mark.long


def stress(machine, seed, steps, cpus, seconds):
    guest = boot(machine, f"init='stress {seed} {steps}' loglevel=2", extra=("-smp", str(cpus)), seconds=seconds)
    assert guest.said(f"stress: {steps} steps: ok")


@pytest.mark.parametrize("cpus", [1, 4])
def test_stress(machine, cpus):
    stress(machine, 7 + cpus, 1000, cpus, 240)


@LONG
def test_stress_of_200_thousand_steps(machine):
    stress(machine, 1, 200_000, 4, 4000)


def counted(machine, cmdline, cpus):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(TOP)
        run = counting.Run(machine.name, f"{cmdline} smp={cpus}", extra=f"-smp {cpus}")
    assert run.counts["contradictions"] == 0
    return run.counts


@pytest.mark.parametrize("words, cpus", [(words, 1) for words in MASKED_WORK] + [(words, 4) for words in MASKED_WORK_OF_SEVERAL])
def test_interrupts_are_masked_briefly(machine, words, cpus):
    """Several CPUs take turns under -icount: what one waits for the big lock is seldom among it."""
    longest = counted(machine, f"init='{words}' loglevel=0", cpus)["masked"]
    assert longest["instructions"] <= MASKED_MAX, f"{longest['instructions']} from {longest['from']:#x} to {longest['to']:#x}"


@pytest.mark.parametrize("words, said", [
    ("stress x 5", "stress: 'x' is no number; usage stress SEED STEPS"), ("stress 5 0x", "stress: '0x' is no number; usage stress SEED STEPS"),
    ("stress 5", "stress: usage stress SEED STEPS"), ("fuzz 1 -1", "fuzz: '-1' is no number; usage fuzz SEED N"),
    ("siege chain ten", "siege: 'ten' is no number; usage siege PART NUMBER"),
    ("siege chains 10", "siege: 'chains' is no part"), ("siege", "siege: usage siege PART NUMBER (threads, rounds or a seed)"),
    ("fuzz 1 0", "fuzz: usage fuzz SEED N, at least 1")])
def test_a_wrong_word_is_named(machine, words, said):
    guest = boot(machine, f"init='{words}'", "failed")
    assert guest.said(said) and guest.said(f"init: '{words.split()[0]}' has ended with exit code 2")


def test_one_line_in_a_step(machine):
    """40 threads whose faults nobody answers any more: with what it takes to print them."""
    longest = counted(machine, "init='siege faults 40' loglevel=1", 1)["masked_printing"]
    assert longest["instructions"] <= 2 * MASKED_MAX, longest
