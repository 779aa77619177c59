# SPDX-License-Identifier: MIT
"""tools/gdb/at.py: stopping at violation N (tools/debug.py:at_violation records the run and replays it twice), and the serial line.

In a replay every stop finds the same machine at the same instruction. The first one counts how often the instruction runs as
ordinary code between record N-1 and its own, the second stops there: before the store, with its registers.
"""
import os
import threading

import gdb
from physical import Clear, kernel, register
from roots import is_dry_run
from debug import serial_line  # physical.py has put tools/ into the path

line = None  # the connection to the machine's serial line, and its lock


def type_text(text):
    """To the serial line, whose other end is a socket. What comes out of it meanwhile is in the log as well."""
    global line
    path = os.environ.get("AMBER_CONSOLE")
    if not path:
        raise Clear("this machine's serial line takes no input (make debug without AT= does)")
    try:
        if line is None:
            opened = serial_line(path)
            if not opened:
                raise Clear("the serial line is taken: type there, where `make console` runs")
            threading.Thread(target=drain, args=opened[:1], daemon=True).start()
            line = opened
        line[0].sendall(text.encode() + b"\n")
    except OSError as error:
        raise Clear(f"the machine's serial line doesn't answer: {error.strerror}") from None


def drain(connection):
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass


def stop_at(address):
    stop = gdb.Breakpoint(f"*{address:#x}", type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
    stop.silent = True
    return stop


def run_on():
    """False: the machine has ended."""
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error:
        return False
    return gdb.selected_inferior().pid != 0


def must_run_on():
    if not run_on():
        raise Clear("the replay has ended before: it was not the same this time")


def run_to_previous(number):
    """To where record number-1 is opened, or to where the gate comes alive: from here on the instruction is counted."""
    start = stop_at(kernel().edge("violation_log_open" if number else "kernel_map_go_live"))
    for _ in range(max(number, 1)):
        must_run_on()
    start.delete()


def count_runs(number, pc):
    """Up to the run whose record is opened. In between can be stores that are not recorded, or that join a record."""
    run_to_previous(number)
    opened, store, runs = stop_at(kernel().edge("violation_log_open")), stop_at(pc), 0
    while True:
        must_run_on()
        if register("pc") == pc:
            runs += not is_dry_run()
        elif runs:
            break
        else:
            raise Clear("the replay has come to the record without its store: it was not the same this time")
    opened.delete()
    store.delete()
    return runs


def stop_before(number, pc, runs):
    run_to_previous(number)
    store = stop_at(pc)
    while runs:
        must_run_on()
        runs -= not is_dry_run()
    store.delete()
    gdb.execute("frame")
    print(f"This store is violation {number}: it has not happened yet. `stepi` goes into the page fault, `amber dryrun` to its dry run.")


def count_pass(number, pc, path):
    """In batch mode: the count goes to that file."""
    try:
        runs = count_runs(number, pc)
        with open(path, "w", encoding="ascii") as f:
            f.write(f"{runs}\n")
    except (Clear, gdb.error) as problem:
        print(f"amber: {problem}")
        gdb.execute("quit 3")


def stop_pass(number, pc, runs):
    """At the start of the session."""
    try:
        stop_before(number, pc, runs)
    except (Clear, gdb.error) as problem:
        print(f"amber: {problem}")
