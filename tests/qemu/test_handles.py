# SPDX-License-Identifier: MIT
"""tests/qemu/test_handles.py: who may do what at the prompt: every handle of every program, found in RAM from outside.

Without lab=on there is no handle to the lab device, and no such device: no call can reach it.
"""
import pytest
from shell import session
from structures import Memory, all_handles, object_count

READ, WRITE, MAP, SEND, RECEIVE, GRANT, CONTROL = (1 << i for i in range(7))
SERVICES = {"supervisor", "console", "sh"}
seen = {}


def at_the_prompt(machine, options):
    """With programs in the background, and one that has ended. (handles, Memory)"""
    if (machine.name, options) not in seen:
        with session(machine, options, memory_file=True, qmp=True, extra=("-smp", "2")) as shell:
            for command in ("hello", "systest linger &", "stress 5 100000 &"):
                shell.command(command)
            shell.guest.qmp.execute("stop")
            memory = Memory(shell.guest)
            seen[machine.name, options] = all_handles(memory), {kind: object_count(memory, kind) for kind in ("lab", "system", "space")}
            shell.guest.qmp.execute("cont")
    return seen[machine.name, options]


def holders(found, kind):
    return {(h.space, h.rights) for h in found if h.type == kind}


@pytest.mark.parametrize("options", ["", "lab=off"])
def test_without_lab_there_is_no_way_to_it(machine, options):
    found, objects = at_the_prompt(machine, options)
    assert SERVICES | {"systest", "stress"} <= {h.space for h in found}
    assert not holders(found, "lab") and objects["lab"] == 0


def test_with_lab_it_is_the_shells(machine):
    """And the supervisor's, who starts the next shell."""
    found, objects = at_the_prompt(machine, "lab=on")
    assert holders(found, "lab") == {("supervisor", READ | WRITE | MAP | SEND | RECEIVE | GRANT | CONTROL), ("sh", READ | WRITE)}
    assert objects["lab"] == 1


def test_who_gives_orders(machine):
    found, objects = at_the_prompt(machine, "lab=on")
    assert {(space, rights) for space, rights in holders(found, "system") if space != "supervisor"} == {
        ("console", SEND | RECEIVE), ("sh", READ | SEND | CONTROL)}
    assert {space for space, _ in holders(found, "irq")} == {"supervisor", "console"}
    assert objects["system"] == 1
