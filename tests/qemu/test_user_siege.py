# SPDX-License-Identifier: MIT
"""tests/qemu/test_user_siege.py: programs that attack the kernel with partners (user/program/siege)."""
import pytest
from runner import boot


def siege(machine, words, cpus, *extra):
    guest = boot(machine, f"init='siege {words}' loglevel=2", extra=("-smp", str(cpus), *extra), seconds=120)
    assert not guest.said("siege: wrong")


@pytest.mark.parametrize("threads, cpus", [(550, 1), (50, 2)])
def test_a_chain_of_pagers_ends(machine, threads, cpus):
    """Each thread is the pager of the one before and faults itself."""
    siege(machine, f"chain {threads}", cpus)
