# SPDX-License-Identifier: MIT
"""tools/gdb/at.py: stopping at violation N (tools/debug.py:at_violation starts it three times), and the serial line.

The run is deterministic, so it can be run again. The first pass finds which instruction record N is about, the second how
often that instruction runs between record N-1 and its own, the third stops there: before the store, with its registers.
"""
import json
import os
import socket
import threading

import gdb
from physical import MASK, Clear, kernel, register

line = None  # the connection to the machine's serial line


def type_text(text):
    """To the serial line, whose other end is a socket. What comes out of it meanwhile is in the log as well."""
    global line
    path = os.environ.get("AMBER_CONSOLE")
    if not path:
        raise Clear("this machine's serial line takes no input (make debug without AT= does)")
    try:
        if line is None:
            opened = socket.socket(socket.AF_UNIX)
            opened.connect(path)
            threading.Thread(target=drain, args=(opened,), daemon=True).start()
            line = opened
        line.sendall(text.encode() + b"\n")
    except OSError as error:
        raise Clear(f"the machine's serial line doesn't answer: {error.strerror}") from None


def drain(connection):
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass


def stop_at(address, ignore=0):
    stop = gdb.Breakpoint(f"*{address:#x}", type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
    stop.silent = True
    stop.ignore_count = ignore
    return stop


def run_on():
    """False: the machine has ended."""
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error:
        return False
    return gdb.selected_inferior().pid != 0


def record_opened():
    """At the first instruction of violation_log_open: its argument."""
    return kernel().object(register("rdi" if kernel().machine == "x86_64" else "x0"), "struct violation")


def ended(count, number):
    raise Clear(f"there is no violation {number} in this run: it has ended after {count} record{'' if count == 1 else 's'}")


def find_store(number):
    """Pass 1: the address of the instruction."""
    opened = stop_at(kernel().edge("violation_log_open"), number)
    if not run_on():
        ended(opened.hit_count, number)
    pc = int(record_opened()["pc"]) & MASK
    opened.delete()
    return pc


def run_to_previous(number):
    """To where record number-1 is opened, or to where the gate comes alive: from here on the instruction is counted."""
    start = stop_at(kernel().edge("violation_log_open"), number - 1) if number else stop_at(kernel().edge("kernel_map_go_live"))
    if not run_on():
        ended(start.hit_count, number)
    start.delete()


def count_runs(number, pc):
    """Pass 2: how often it runs from there on, up to the time that is recorded."""
    run_to_previous(number)
    opened, store = stop_at(kernel().edge("violation_log_open")), stop_at(pc, 1 << 30)
    if not run_on():
        ended(number, number)
    runs = store.hit_count
    opened.delete()
    store.delete()
    return runs


def stop_before(number, pc, runs):
    """Pass 3."""
    run_to_previous(number)
    store = stop_at(pc, runs - 1)
    if not run_on() or register("pc") != pc:
        raise Clear("the run was not the same this time")
    store.delete()
    gdb.execute("frame")
    print(f"This store is violation {number}: it has not happened yet. `stepi` goes into the page fault, `amber dryrun` to its dry run.")


def pass_(which, number, path):
    """Run by tools/debug.py in batch mode (1, 2) or at the start of the session (3); passes hand on by that file."""
    try:
        found = {}
        if which > 1:
            with open(path, encoding="ascii") as f:
                found = json.load(f)
        if which == 1:
            found["pc"] = find_store(number)
        elif which == 2:
            found["runs"] = count_runs(number, found["pc"])
        else:
            stop_before(number, found["pc"], found["runs"])
            return
        with open(path, "w", encoding="ascii") as f:
            json.dump(found, f)
    except Clear as clear:
        print(f"amber: {clear}")
        if which < 3:
            gdb.execute("quit 3")
