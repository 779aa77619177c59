# SPDX-License-Identifier: MIT
<<<<<<< HEAD
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
=======
"""tests/qemu/test_handles.py: who may do what at the prompt: all handle tables, read from outside."""
from contextlib import contextmanager

import pytest
from handle_tables import HandleTables
from shell import Session
from runner import start


@contextmanager
def tables(machine, cmdline, started=None):
    """started: a program in the background. consoletest waits for ever here: its driver finds no devices."""
    with start(machine, cmdline, memory_file=True, qmp=True, keyboard=True) as guest:
        shell = Session(guest, "amber: ready")
        if started:
            shell.command(f"{started} &")
            guest.wait_for(lambda: "it can't drive the console" in guest.text, "its own driver's end")
            guest.settle(1)
        guest.qmp.execute("stop")
        yield HandleTables(guest).handles


def of(handles, type_):
    return [(h.space, h.rights) for h in handles if h.type == type_]


@pytest.mark.parametrize("lab", ["lab=off", ""])
def test_without_lab_nobody_has_the_device(machine, lab):
    with tables(machine, lab) as handles:
        assert {h.space for h in handles} == {"supervisor", "console", "sh"}
        assert of(handles, "lab") == []


def test_only_the_shell_gets_the_lab_device(machine):
    """And the supervisor, which gives it to the next shell. What the shell starts gets nothing."""
    with tables(machine, "lab=on", "consoletest") as handles:
        assert "consoletest" in {h.space for h in handles}
        found = of(handles, "lab")
        assert sorted(space for space, _ in found) == ["sh", "supervisor"]
        assert dict(found)["sh"] == {"read", "write"}


def test_who_may_do_what_to_the_kernel(machine):
    with tables(machine, "lab=on", "consoletest") as handles:
        found = dict(of(handles, "system"))
        assert found.pop("supervisor") >= {"read", "send", "receive", "control", "grant"}
        assert found == {"console": {"send", "receive"}, "sh": {"read", "send", "control"}}
        assert {h.space for h in handles if h.type == "irq"} == {"supervisor", "console"}
>>>>>>> s4
