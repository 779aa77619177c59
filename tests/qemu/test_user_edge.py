# SPDX-License-Identifier: MIT
"""tests/qemu/test_user_edge.py: the few instructions between user mode and the kernel that run on the other's GS base, or on its stack.

Nothing that user mode does brings a trap there; gdb does: it halts QEMU in front of one of them.
"""
import os
import re
import subprocess

import pytest
from runner import kernel_elf, start

ONLY_MACHINES = ["x86_64"]
PLACES = ["syscall_entry", "syscall_entry+3", "user_sysretq-3", "user_sysretq", "trap_from_user", "trap_from_user+3", "user_iretq-3", "user_iretq"]
CPUS = 2


def gdb(guest, *commands):
    """Lets it do that, and go; what it printed."""
    path = os.path.join(guest.folder, "gdb")
    guest.qmp.monitor("gdbserver none")
    guest.qmp.monitor(f"gdbserver unix:{path},server=on,wait=off")
    words = ["set confirm off", "set pagination off", f"target remote {path}", *commands, "detach"]
    result = subprocess.run(["gdb-multiarch", "-q", "-nx", "-batch", guest.machine.elf(guest.broken)] + [w for c in words for w in ("-ex", c)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=240, check=False)
    # The kernel may be through with its panic, and QEMU gone, before gdb has said good-bye.
    assert result.returncode == 0 or "Target disconnected" in result.stdout, guest.explain(result.stdout)
    return result.stdout


def halted_at(guest, place, *commands):
    guest.wait_event("seal")
    said = gdb(guest, f"hbreak *(char *)&{place}", "continue", 'printf "at %lx\\n", $rip', "delete", *commands)
    name, offset = re.match(r"(\w+)([+-]\d)?$", place).groups()
    assert f"at {kernel_elf(guest.machine).symbol(name) + int(offset or 0):x}\n" in said, guest.explain(said)


def running(machine):
    return start(machine, 'init="stress 3 1000000"', qmp=True, extra=("-smp", str(CPUS)))


@pytest.mark.parametrize("place", PLACES)
def test_a_panic_elsewhere_stops_it(machine, place):
    """By an interrupt that nothing masks, which comes right there."""
    with running(machine) as guest:
        halted_at(guest, place, "set variable *(unsigned *)&x86_stop_requested = 1", "monitor nmi")
        for _ in range(100):
            guest.settle(0.5)
            said = gdb(guest, *(f'printf "stopped %d\\n", cpu_states[{cpu}].is_stopped' for cpu in range(CPUS)))
            if said.count("stopped 1\n") == CPUS:
                return
        assert False, guest.explain(said)


@pytest.mark.parametrize("word, value", [(1, 3), (1, 0x2B), (4, 0x10)])
def test_a_spoilt_frame_is_a_panic(machine, word, value):
    """rip, cs, flags, rsp, ss: iretq faults, behind swapgs."""
    with running(machine) as guest:
        halted_at(guest, "user_iretq", f"set variable ((unsigned long *)$rsp)[{word}] = {value}")
        guest.wait_end()
        guest.check("panic")
        assert guest.one("panic")["reason"] == "general protection fault at user_iretq+0x0"
