# SPDX-License-Identifier: MIT
"""tests/qemu/test_user_siege.py: programs that attack the kernel with partners (user/program/siege)."""
import pytest
from runner import boot


def siege(machine, words, cpus, *extra):
    guest = boot(machine, f"init='siege {words}' loglevel=2", extra=("-smp", str(cpus), *extra))
    assert not guest.said("siege: wrong")


@pytest.mark.parametrize("threads, cpus", [(550, 1), (50, 2)])
def test_a_chain_of_pagers_ends(machine, threads, cpus):
    """Each thread is the pager of the one before and faults itself."""
    siege(machine, f"chain {threads}", cpus)


@pytest.mark.parametrize("cpus", [1, 2])
def test_senders_that_all_fail(machine, cpus):
    siege(machine, "bad-senders 300", cpus)


@pytest.mark.parametrize("cpus", [1, 2])
def test_many_sleepers(machine, cpus):
    siege(machine, "sleepers 550", cpus)


@pytest.mark.parametrize("rounds, cpus", [(100, 1), (101, 2), (102, 4)])
def test_handles_in_messages(machine, rounds, cpus):
    """Sent, revoked, passed on, and what they stand for killed; the kernel counts and compares what is left."""
    siege(machine, f"luggage {rounds}", cpus)


def test_programs_until_there_is_no_memory(machine):
    siege(machine, "storm 3", 2, "-m", "16M")


@pytest.mark.parametrize("cpus", [1, 2])
def test_registers_stay(machine, cpus):
    """Of threads of two spaces, over some hundred preemptions."""
    siege(machine, "hold 300", cpus)


@pytest.mark.parametrize("rounds, cpus", [(200, 1), (1000, 2)])
def test_a_new_threads_registers(machine, rounds, cpus):
    """All 0 but its argument and its stack, while another program's threads fill theirs."""
    siege(machine, f"fresh {rounds}", cpus)


@pytest.mark.parametrize("cpus", [1, 2])
def test_what_a_pager_answers(machine, cpus):
    siege(machine, "pager 100", cpus)


@pytest.mark.parametrize("words, cpus", [("message-pages 2000", 1), ("message-pages 2000", 2), ("vdso 5", 1)])
def test_pages_that_are_no_regions(machine, words, cpus):
    siege(machine, words, cpus)


@pytest.mark.parametrize("words, cpus", [("orphans 5", 1), ("orphans 5", 2), ("failed-create 1", 1), ("thief 7", 1)])
def test_ends(machine, words, cpus):
    """Spaces that hold each other and a thread that was never started; a thread_create that fails; a child that watches itself."""
    siege(machine, words, cpus)


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_dead_space_is_not_revived(machine, cpus):
    """By its own handle to itself, which doesn't count: given away, in a message, in an answer."""
    siege(machine, "revive 20", cpus)


@pytest.mark.parametrize("cpus", [1, 2])
def test_another_thread_goes_on_taking_apart(machine, cpus):
    """Whoever began with a dead object is less important than somebody who spins."""
    siege(machine, "reaper 2", cpus)


def test_a_handle_is_closed_while_it_is_revoked(machine):
    """What is half removed goes all the same. Under -icount it takes longer than a tick each time."""
    siege(machine, "closed-while-revoked 3", 1, "-icount", "shift=5,sleep=off")


@pytest.mark.parametrize("cpus", [1, 2])
def test_who_is_killed_ends(machine, cpus):
    """However unimportant it was, or is made afterwards."""
    siege(machine, f"hurry {cpus}", cpus)


def test_an_idle_cpu_gives_way(machine):
    """It helps to give 96 MiB back until a thread is ready. 32 ns for an instruction, so that it takes longer than a tick."""
    siege(machine, "idle-helps 2", 2, "-m", "512M", "-icount", "shift=5,sleep=off")


@pytest.mark.parametrize("cpus", [1, 2])
def test_who_waits_with_a_revoked_handle(machine, cpus):
    """Also if he closes it before, and goes on waiting."""
    siege(machine, "revoked 3", cpus)


def test_tables_of_all_memory(machine):
    """A block of the arena stays one. Three quarters of RAM are never asked for by tables: of 128 MiB, 80 are there for others."""
    siege(machine, "tables 80", 1)
