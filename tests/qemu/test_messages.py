# SPDX-License-Identifier: MIT
"""tests/qemu/test_messages.py: what messages bring from space to space, and a pager's answers: user/program/ipctest/."""
import pytest
from runner import boot
from test_programs import said_by


@pytest.mark.parametrize("cpus", [1, 4])
def test_messages(machine, cpus):
    lines = said_by(boot(machine, "init=ipctest", extra=("-smp", str(cpus))), "ipctest")
    assert not [line for line in lines if line.startswith("not ok")]
    assert sum(line.startswith("ok: ") for line in lines) >= 60 and lines[-1] == "0 of these went wrong"
