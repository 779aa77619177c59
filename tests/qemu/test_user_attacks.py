# SPDX-License-Identifier: MIT
"""tests/qemu/test_user_attacks.py: the boundary between user mode and the kernel: wrong arguments of each system call, by the
program `attacks`. Random ones: test_stress.py; forbidden instructions and addresses: test_programs.py, `traps`.

A program's exit code 0 alone makes the boot `ok` if also everything that it had was given back (kernel/program_first.c).
"""
import os
import re

import pytest
from runner import boot
from syscalls import errors
from test_fuzz_calls import calls
from test_programs import cpio, said_by

# What syscalls.def lists and `attacks` can't bring about, or not alone.
ELSEWHERE = {
    ("system_control", "ERR_RANGE"), ("system_control", "ERR_DENIED"), ("system_control", "ERR_NOT_FOUND"),  # init= gives no orders: systest
    ("console_write", "ERR_BUSY"),      # a kernel line breaks in: consoletest
    ("map", "ERR_BUSY"), ("map_seal", "ERR_BUSY"), ("protect", "ERR_BUSY"), ("unmap", "ERR_BUSY"),  # a race: test=mappings_survive_a_race
    ("handle_duplicate", "ERR_GONE"),   # a race with its own end
    ("irq_bind", "ERR_UNSUPPORTED"),    # both machines have the line
}
ONLY_PORTS = {("map", "ERR_UNSUPPORTED")}  # x86_64's serial line


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("lab", ["off", "on"])
def test_wrong_arguments(machine, cpus, lab):
    lines = said_by(boot(machine, f"init=attacks lab={lab}", extra=("-smp", str(cpus)), seconds=300), "attacks")
    counts = [int(m[1]) for line in lines if (m := re.fullmatch(r"[a-z_]+: (\d+) attacks", line))]
    total = int(re.fullmatch(r"(\d+) attacks, 0 of them went wrong", lines[-1])[1])
    assert len(counts) >= 41 and total > sum(counts) > 2200
    assert not [line for line in lines if line.startswith("not ok")]


def bad_programs(machine, folder):
    """A boot module with a file that is no program, and one for another machine."""
    folder.mkdir()
    with open(os.path.join(machine.folder(), "user", "archive", "hello"), "rb") as f:
        elf = f.read()
    (folder / "bad-magic").write_bytes(b"MZ" + elf[2:])
    (folder / "bad-machine").write_bytes(elf[:18] + b"\x08" + elf[19:])
    return cpio(folder, "bad.cpio")


def test_each_listed_error_comes_and_no_other(machine, tmp_path):
    """`attacks` itself fails at an error that syscalls.def doesn't list for the call. docs/syscalls.md is made from that."""
    module = bad_programs(machine, tmp_path / "programs")
    lines = said_by(boot(machine, "init='attacks module' lab=on", extra=("-initrd", module), seconds=300), "attacks")
    names = [name for name, _ in errors()]
    found = [re.fullmatch(r"never seen: (\w+): (\d+)", line) for line in lines]
    never = {(m[1], names[int(m[2]) - 1]) for m in found if m}
    listed = {(call["name"], error) for call in calls() for error in call["errors"]}
    assert never == ELSEWHERE | (set() if machine.name == "x86_64" else ONLY_PORTS)
    assert never < listed and len(listed - never) > 220
