# SPDX-License-Identifier: MIT
"""tests/qemu/test_screen.py: the x86_64 text screen (80×25 at 0xb8000), read as memory."""
import pytest
from runner import start

ONLY_MACHINES = ["x86_64"]
LINE = "lab=on inject=lab_sealed_word:store8:0xdead"


def screen(guest):
    cells = guest.qmp.memory(0xB8000, 80 * 25 * 2)
    text = cells[::2].decode("cp437").replace("\0", " ")
    return [text[i:i + 80].rstrip() for i in range(0, 80 * 25, 80)]


@pytest.mark.parametrize("way", ["kernel", "bios"])
def test_panic_screen_tells_the_story(machine, way):
    with start(machine, LINE, raw=True, qmp=True, boot=way, extra=("-device", "VGA")) as guest:
        guest.wait_event("exit")
        guest.settle(0.3)
        lines = screen(guest)
        whole = "\n".join(lines)
        for part in ("lab_sealed_word", "0x5ea1ed", "0xdead", "inject", "arch_inject_store8", "sealed memory is unchanged", "ro_fault="):
            assert part in whole, f"no {part!r} on the screen:\n{whole}"
        assert "@amber" not in whole and " rax " not in whole, whole
        assert any(lines[:3]) or len([line for line in lines if line]) >= 8


def test_screen_and_serial_say_the_same(machine):
    with start(machine, "", raw=True, qmp=True, extra=("-device", "VGA")) as guest:
        guest.wait_ready()
        guest.settle(0.2)
        shown = [line for line in screen(guest) if line]
        assert shown
        for line in shown:
            assert any(line in said or said.endswith(line) or line[:70] in said for said in guest.people_lines) or len(line) < 80, line


def test_without_a_display_device(machine):
    with start(machine, LINE, raw=True) as guest:
        guest.wait_event("exit")
        guest.check("sealed")
