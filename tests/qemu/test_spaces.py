# SPDX-License-Identifier: MIT
"""tests/qemu/test_spaces.py: spaces of running programs, read from outside while they map, seal and die."""
import outside
import pytest
from outside import View
from runner import start

STOPS = 4  # at moments that nobody chose


@pytest.mark.parametrize("cpus", [1, 2])
def test_rules_hold_at_any_moment(machine, cpus):
    seen = set()
    with start(machine, 'init="stress 11 100000"', extra=("-smp", str(cpus)), memory_file=True, qmp=True,
               seconds=400) as guest:
        guest.wait_event("seal")
        for _ in range(STOPS):
            lines = len(guest.people_lines)
            guest.wait_for(lambda n=lines: len(guest.people_lines) > n + 2, "more lines of the program")
            guest.qmp.execute("stop")
            view = View(guest)
            assert outside.no_writable_mapping(view, "text", "rodata", "ro_after_init", "ro_core") == []
            assert outside.no_writable_table(view) == []
            assert outside.no_writable_user_seal(view) == []
            assert outside.no_writable_and_executable(view) == []
            assert outside.misplaced_user_leaves(view) == []
            seen |= {frame.type for frame in view.frame_table if view.user}
            guest.qmp.execute("cont")
    assert {"user", "user_table", "space_root"} <= seen
