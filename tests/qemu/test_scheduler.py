# SPDX-License-Identifier: MIT
"""tests/qemu/test_scheduler.py: pre-emption, priorities, time-outs, CPUs, partners that die: user/program/schedtest/. One CPU
under -icount, where the order of things is the same each time; several without it, so that they really run at once."""
import pytest
from runner import boot

ICOUNT = ("-icount", "shift=3,sleep=off")


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_scheduler(machine, cpus):
    guest = boot(machine, f"init='schedtest {cpus}'", extra=("-smp", str(cpus), *(ICOUNT if cpus == 1 else ())))
    wrong = [line for line in guest.people_lines if "schedtest: not ok" in line]
    assert not wrong and guest.said("schedtest: 0 of these went wrong")


@pytest.mark.parametrize("cpus", [1, 4])
def test_idle_cpus_halt(machine, cpus):
    """100 seconds pass at once when nobody executes anything: one CPU that spins instead would take 12,500,000,000 instructions."""
    guest = boot(machine, "init='schedtest idle'", extra=("-smp", str(cpus), *ICOUNT))
    assert guest.said("init: 'schedtest' has ended with exit code 0")
