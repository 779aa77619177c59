# SPDX-License-Identifier: MIT
"""tests/qemu/test_aarch64.py: what only aarch64 has: exception levels at entry, the GIC's versions."""
import re

from runner import boot, start

ONLY_MACHINES = ["aarch64"]
INJECT_ONE = "lab=on ro_fault=once inject=lab_sealed_word:store8:0xdead"


def test_entered_at_el2(machine):
    guest = boot(machine, INJECT_ONE, board=",virtualization=on")
    assert guest.one("seal")["state"] == "sealed"
    assert guest.one("inject")["after"] == "adde000000000000"


def test_power_off_from_el2_uses_smc(machine):
    assert boot(machine, INJECT_ONE, board=",virtualization=on", raw=True).status == 0


def test_gic_v3_is_refused_with_one_line(machine):
    with start(machine, board=",gic-version=3") as guest:
        guest.wait_end()
        lines = [line for line in guest.lines if line.strip()]
        assert re.search(r"cpu: needs GICv2.*, stopping$", lines[0]), guest.explain("not the first line")
        assert guest.status == machine.statuses["panic"] and "@amber" not in guest.text
