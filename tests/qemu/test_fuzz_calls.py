# SPDX-License-Identifier: MIT
"""tests/qemu/test_fuzz_calls.py: random system calls (init=fuzz, user/program/fuzz), on several CPUs without -icount. When the program has
ended the kernel counts what is left (kernel/census.c) and compares handles, objects, regions, page tables and frame table
(kernel/objects_check.c): a difference is the status `failed`."""
import json
import os
import re
import subprocess
import sys

import pytest
from machines import TOP
from runner import boot, boot_shared
from test_programs import said_by

LONG = pytest.mark.long
SEEDS, CALLS = (12, 13, 14, 15), 50_000
# Of 200,000: so many of each call at least.
LEAST_GOOD, LEAST_BAD = 50, 20
# A worker may not do it: it would print, write to a device, end the test; the lab's hole is not for it.
NEVER_GOOD = {"console_write", "device_write", "system_control", "lab_write", "lab_read"}
NEVER_MADE = {"lab_write", "lab_read"}


def options(seed, calls):
    return f"init='fuzz {seed} {calls}'"


def counts(guest):
    """{call: (succeeded, failed)}"""
    found = {}
    for line in said_by(guest, "fuzz"):
        if line.startswith("ok/failed:"):
            found.update({name: (int(good), int(bad)) for name, good, bad in re.findall(r" (\w+) (\d+)/(\d+)", line)})
    return found


def calls():
    tool = os.path.join(TOP, "tools", "syscalls.py")
    return json.loads(subprocess.run([sys.executable, tool, "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout)


def everyday(machine, seed):
    return boot_shared(machine, options(seed, CALLS), extra=("-smp", "2"), seconds=1500)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_calls(machine, seed):
    total = sum(good + bad for good, bad in counts(everyday(machine, seed)).values())
    assert total >= CALLS * 0.9  # some are no call's number


def test_random_calls_on_one_cpu(machine):
    boot(machine, options(11, 15_000), seconds=900)


def test_each_call_succeeds_and_fails(machine):
    """Else the fuzzer would only knock at the door."""
    runs = [counts(everyday(machine, seed)) for seed in SEEDS]
    total = {name: tuple(sum(run[name][i] for run in runs) for i in (0, 1)) for name in runs[0]}
    assert sorted(total) == sorted(call["name"] for call in calls())
    assert {name for name, (good, _) in total.items() if good < LEAST_GOOD} == NEVER_GOOD, total
    never_bad = {call["name"] for call in calls() if not call["errors"]}
    assert {name for name, (_, bad) in total.items() if bad < LEAST_BAD} == NEVER_MADE | never_bad, total


@LONG
def test_a_million_calls(machine):
    boot(machine, options(1, 1_000_000), extra=("-smp", "2"), seconds=8000)
