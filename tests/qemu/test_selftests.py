# SPDX-License-Identifier: MIT
"""tests/qemu/test_selftests.py: the tests inside the kernel (test=PATTERN, KTAP); those of the dry run need a policy."""
import re

import pytest
from runner import boot, boot_shared

RESULT = re.compile(r"^(not ok|ok) (\d+) (\S+)( # SKIP .*)?$")
POLICIES = ["panic", "ignore", "once"]
SECONDS = 240


def results(guest):
    """(ok, name, skipped) of each; the plan must fit."""
    lines = guest.people_lines
    assert "KTAP version 1" in lines, guest.explain("no KTAP")
    plan = next(int(m[1]) for line in lines if (m := re.match(r"1\.\.(\d+)$", line)))
    found = [m for line in lines if (m := RESULT.match(line))]
    assert [int(m[2]) for m in found] == list(range(1, plan + 1)), guest.explain(f"the plan says {plan}")
    return [(m[1] == "ok", m[3], bool(m[4])) for m in found]


def run_all(machine, policy="panic"):
    return boot_shared(machine, f"test=* ro_fault={policy}", seconds=SECONDS)


@pytest.mark.parametrize("policy", POLICIES)
def test_all(machine, policy):
    found = results(run_all(machine, policy))
    assert found and all(ok for ok, _, _ in found), [name for ok, name, _ in found if not ok]
    assert len({name for _, name, _ in found}) == len(found)


@pytest.mark.parametrize("policy", ["ignore", "once"])
def test_each_form_of_store_was_tried(machine, policy):
    """None is left out under these policies, and each left its record."""
    guest = run_all(machine, policy)
    tried = [name for ok, name, skipped in results(guest) if ok and not skipped and name.startswith("dry_run_")]
    assert len(tried) >= 25
    assert [name for _, name, skipped in results(guest) if skipped and name.startswith("dry_run_")] == []
    assert len(guest.violations) >= len(tried) and {v["verdict"] for v in guest.violations} == {policy}


def test_a_pattern_chooses(machine):
    names = [name for _, name, _ in results(run_all(machine))]
    assert [name for _, name, _ in results(boot(machine, f"test={names[-1]}"))] == [names[-1]]
    prefix = names[-1].split("_")[0]
    chosen = [name for _, name, _ in results(boot(machine, f"test={prefix}_*", seconds=SECONDS))]
    assert chosen == [n for n in names if n.startswith(prefix + "_")]


def test_no_match_is_a_failure(machine):
    assert boot(machine, "test=no_such_test", "failed").one("exit")["violations"] == 0


def test_initcalls_reversed(machine):
    found = results(boot(machine, "test=* ro_fault=ignore initcall_order=reversed", seconds=SECONDS))
    assert all(ok for ok, _, _ in found)


def test_they_power_off_without_exit_debug(machine):
    assert boot(machine, "test=no_such_test", "failed", raw=True).status == 0


@pytest.mark.parametrize("policy", ["ignore", "once"])
def test_interrupts_are_masked_briefly(machine, policy):
    """Counted in instructions, so with -icount: no event, a repeated store's included, takes more than 20,000."""
    guest = boot(machine, f"test=masks_briefly ro_fault={policy}", extra=("-icount", "shift=0,sleep=off"), seconds=SECONDS)
    assert results(guest) == [(True, "masks_briefly", False)]
