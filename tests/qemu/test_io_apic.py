# SPDX-License-Identifier: MIT
"""tests/qemu/test_io_apic.py: the I/O APIC as QEMU sees it: one entry is ours, masked while nobody drives the line; also from the ISO."""
import re

import pytest
from runner import start

ONLY_MACHINES = ["x86_64"]
PIN = re.compile(r"pin (\d+) +0x([0-9a-f]{16})")
COM1 = 4
MASKED = 1 << 16
OURS = 67 | 1 << 15   # vector, by level; fixed, physical, to APIC ID 0
REMOTE_IRR = 1 << 14  # the device's: an interrupt is being handled


def entries(guest):
    found = {int(pin): int(word, 16) for pin, word in PIN.findall(guest.qmp.monitor("info pic"))}
    assert len(found) == 24, guest.explain("no I/O APIC with 24 entries")
    return found


def drive(guest, state):
    """Lines that are typed reach the driver, by interrupts. state: of the line's entry while it waits."""
    guest.wait_line("uart: the driver runs")
    for word in (b"one", b"two"):
        for _ in range(100):  # until the driver waits
            now = entries(guest)
            if now[COM1] & ~REMOTE_IRR == state:
                break
            guest.settle(0.1)
        assert now.pop(COM1) & ~REMOTE_IRR == state
        assert all(word & MASKED and not word & 0x700 for word in now.values()), now
        guest.type(word + b"\n")
        guest.wait_line(f"uart: you typed '{word.decode()}'")


@pytest.mark.parametrize("cpus", [1, 4])
def test_entries(machine, cpus):
    with start(machine, "init=uart", keyboard=True, qmp=True, extra=("-smp", str(cpus))) as guest:
        drive(guest, OURS)
        guest.type(b"quit\n")
        guest.wait_end()
        assert guest.status == machine.statuses["ok"], guest.explain("it failed")


@pytest.mark.parametrize("boot", ["bios", "uefi"])
def test_from_the_iso(machine, boot):
    """Firmware leaves entries of its own: they are masked."""
    with start(machine, "init=uart", keyboard=True, qmp=True, boot=boot, extra=("-smp", "4")) as guest:
        drive(guest, OURS)
        guest.type(b"quit\n")
        guest.wait_end()
        assert guest.status == machine.statuses["ok"], guest.explain("it failed")


@pytest.mark.parametrize("program", ["hello", "uart"])
def test_masked_without_a_driver(machine, program):
    """Before one has bound the line, and when it has ended; looked at when the machine has switched itself off."""
    with start(machine, f"init={program}", keyboard=True, qmp=True, debug_exit=False, extra=("-no-shutdown",)) as guest:
        if program == "uart":
            drive(guest, OURS)
            guest.type(b"quit\n")
        guest.wait_event("exit")
        guest.settle(0.5)
        assert all(word & MASKED for word in entries(guest).values())
