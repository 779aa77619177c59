# SPDX-License-Identifier: MIT
"""tests/qemu/test_handles.py: who may do what at the prompt: all handle tables, read from outside."""
from contextlib import contextmanager

import pytest
from handle_tables import HalfDone, HandleTables
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
        yield at_rest(guest)


def at_rest(guest):
    """Of a guest that is stopped, when nobody is in the middle of something, and that driver, a second `console`, is gone."""
    for _ in range(300):
        guest.qmp.execute("stop")
        try:
            handles = HandleTables(guest).handles
            if len({(h.space, h.index) for h in handles}) == len(handles):
                return handles
        except HalfDone:
            pass
        guest.qmp.execute("cont")
        guest.settle(0.1)
    raise AssertionError(guest.explain("there are still two programs of one name"))


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
