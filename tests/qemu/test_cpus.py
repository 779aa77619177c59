# SPDX-License-Identifier: MIT
"""tests/qemu/test_cpus.py: several CPUs: who comes up, who doesn't, and what they do to each other.

The races run without -icount: with it CPUs take turns, and a missing lock would not show.
"""
import os
import re
import subprocess

import pytest
from machines import AARCH64, X86_64
from runner import boot
from test_selftests import SECONDS, results

COUNTS = [1, 2, 4, 8]


def smp(count):
    return ("-smp", str(count))


@pytest.mark.parametrize("count", COUNTS)
def test_each_cpu_comes_up_and_probes_the_seal(machine, count):
    guest = boot(machine, "test=cpus_all_tick", extra=smp(count))
    assert guest.one("boot")["cpus"] == count
    assert guest.one("seal")["cpus_probed"] == count and guest.one("seal")["state"] == "sealed"
    assert len(guest.one("seal")["dry_run_roots"]) == count
    assert bool(guest.said(f"cpus: {count} CPUs are up")) == (count > 1)


def test_a_ninth_cpu_stays_off(machine):
    guest = boot(machine, "test=cpus_all_tick", extra=smp(8 if machine.name == "aarch64" else 9))
    if machine.name == "aarch64":  # a GICv2 has eight at most: QEMU refuses nine
        assert guest.one("boot")["cpus"] == 8
        return
    assert guest.one("boot")["cpus"] == 8 == guest.one("seal")["cpus_probed"]
    assert guest.said("cpus: the machine has 9 CPUs; at most 8 are used, the others stay off")
    assert len([line for line in guest.people_lines if "] cpus: " in line]) == 2  # the other one counts those that are up


@pytest.mark.parametrize("limit, line", [(1, "cpus: smp=1: 2 of 3 CPUs stay off"), (2, "cpus: smp=2: 1 of 3 CPUs stays off")])
def test_smp_limits(machine, limit, line):
    guest = boot(machine, f"smp={limit} test=cpus_all_tick", extra=smp(3))
    assert guest.one("boot")["cpus"] == limit == guest.one("seal")["cpus_probed"]
    assert guest.said(line)


def test_a_cpu_that_does_not_come_up(tmp_path):
    """The device tree lists a CPU that the machine doesn't have: PSCI refuses to start it. The seal goes on without it. (QEMU
    has no way to list a CPU in x86_64's MADT that isn't there.)"""
    machine = AARCH64
    tree = tmp_path / "two.dtb"
    board = machine.command("", extra=smp(2))
    board[board.index("-M") + 1] += f",dumpdtb={tree}"
    subprocess.run(board, check=True, capture_output=True, timeout=240)
    guest = boot(machine, "test=cpus_all_tick", extra=("-dtb", str(tree)))
    assert guest.one("boot")["cpus"] == 2 and guest.one("seal")["cpus_probed"] == 1
    assert guest.said("cpus: CPU 1 (hardware id 0x1) does not come up; going on without it")


def test_injections_are_spread(machine):
    line = ";".join(["lab_sealed_word:store8:1"] * 6)
    guest = boot(machine, f"ro_fault=ignore lab=on inject={line}", extra=smp(3))
    assert {v["cpu"] for v in guest.violations} == {0, 1, 2}
    guest = boot(machine, "ro_fault=ignore lab=on inject=" + ";".join(["lab_sealed_word:store8:1@irq"] * 3), extra=smp(3))
    assert {v["cpu"] for v in guest.violations} == {0, 1, 2} and {v["context"] for v in guest.violations} == {"irq"}


@pytest.mark.parametrize("policy", ["once", "ignore", "log-and-unprotect"])
@pytest.mark.parametrize("count", [2, 4])
def test_races(machine, policy, count):
    """Two CPUs increment one sealed word; store to a page that is being sealed, protected, opened; attack gate and dry run; NMIs."""
    guest = boot(machine, f"test=cpus_* ro_fault={policy}", extra=smp(count), seconds=SECONDS)
    found = results(guest)
    assert all(ok for ok, _, _ in found), [name for ok, name, _ in found if not ok]
    needs = {"once": "cpus_once_loses_nothing", "ignore": "cpus_cannot_reach_the_gate", "log-and-unprotect": "cpus_opening_loses_nothing"}
    assert (True, needs[policy], False) in found


def test_nmi_storm_was_tried():
    found = results(boot(X86_64, "test=cpus_nmi_storm ro_fault=ignore", extra=smp(2), seconds=SECONDS))
    assert found == [(True, "cpus_nmi_storm", False)]


@pytest.mark.parametrize("crash", ["undefined", "page_fault"])
def test_faults_inside_the_gate(machine, crash):
    guest = boot(machine, f"test=crash_{crash}_in_gate", "panic", extra=smp(2))
    assert guest.one("panic")["reason"].startswith("inside the gate: ")
    assert guest.people_lines and not guest.said("again, while the first one")


def test_a_panic_on_another_cpu_stops_all(machine):
    """The second injection runs on CPU 1; the story is told once, and nothing comes behind the exit event."""
    guest = boot(machine, "ro_fault=ignore:1,panic lab=on inject=lab_sealed_word:store8:1;lab_sealed_word:store8:2", "sealed",
                 extra=smp(2))
    assert guest.one("panic")["cpu"] == guest.violations[-1]["cpu"]
    assert len([line for line in guest.people_lines if re.search(r"panic: +who ", line)]) == 1


def test_the_default_of_make_run(machine):
    line = subprocess.run(["make", "-s", "qemu-line", f"ARCH={machine.name}", "SMP=3"], capture_output=True, text=True, check=True,
                          cwd=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))).stdout
    assert "-smp 3" in line.replace("'", "")


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_by_iso(firmware):
    """The trampoline's page and the tables come from another firmware there."""
    guest = boot(X86_64, "test=cpus_answer_shootdowns", boot=firmware, extra=smp(4), seconds=SECONDS)
    assert guest.one("seal")["cpus_probed"] == 4 and results(guest) == [(True, "cpus_answer_shootdowns", False)]
