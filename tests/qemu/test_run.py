# SPDX-License-Identifier: MIT
"""tests/qemu/test_run.py: shell commands from the boot line, unattended."""
import os
import shutil
import subprocess

import pytest
from runner import boot, start
from shell import commands_of, own_lines, session, unattended


def test_commands_run_in_order(machine):
    """Each is shown behind a prompt; one that fails says why, and the next one runs."""
    guest, said = unattended(machine, "clock; hello 3 ;;kill;nothing ; hello 4 'a;b'; kill 77 ;reboot")
    assert [own_lines(lines) for lines in said][1:] == [
        ["sh: 'hello' has ended: exit code 3"], ["kill: usage kill ID"], ["sh: no such command 'nothing' (try help)"],
        ["sh: 'hello' has ended: exit code 4"], ["kill: 77: no such thread (ps shows them)"], ["reboot: not inside run="], []]
    assert guest.said("  2 'a;b'") and own_lines(said[0])[0].endswith("s since the kernel's first instruction")


def test_in_the_background(machine):
    """Each end is told before one of the next prompts, and leaves its place to another: at most eight run at once."""
    guest, _ = unattended(machine, "hello 3 &;hello;hello;" * 12 + "hello;" * 20)
    assert guest.people_lines.count("sh: 'hello' has ended: exit code 3") == 12 and "can't be started" not in guest.text


def test_every_command(machine):
    guest, said = unattended(machine, "help;ps;seal;ro;ro options;log;clock;mem;hello", cmdline="lab=on")
    assert all(own_lines(lines) for lines in said[:8])


@pytest.mark.parametrize("cpus", [1, 4])
def test_fuzz_unattended(machine, cpus):
    guest, said = unattended(machine, "fuzz 5 2000;fuzz 6 2000", extra=("-smp", str(cpus)), seconds=400)
    assert own_lines(said[0] + said[1]) == ["fuzz: all objects and all memory were given back"] * 2


def module(machine, tmp_path, name):
    """QEMU's arguments: a boot module in which `hello` has that name."""
    folder = tmp_path / "programs"
    folder.mkdir()
    shutil.copy(os.path.join(machine.folder(), "user", "archive", "hello"), folder / name)
    with open(tmp_path / "programs.cpio", "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=folder, input=name.encode(), stdout=out, check=True)
    return "-initrd", str(tmp_path / "programs.cpio")


def test_a_failure_is_the_status(machine, tmp_path):
    """A module whose `fuzz` ends with exit code 9."""
    guest, said = unattended(machine, "fuzz 9 1;clock", "failed", extra=module(machine, tmp_path, "fuzz"))
    failed = "this boot has failed, since 'fuzz' has"
    assert own_lines(said[0]) == ["sh: 'fuzz' has ended: exit code 9", f"sh: {failed}", "fuzz: all objects and all memory were given back"]
    assert own_lines(said[-1])[:1] == [f"poweroff: {failed}"]


def test_wrong_use_is_no_failure(machine):
    """A test program that did nothing, and one that can't do anything here, leave the status ok; so do fuzz's calls, none."""
    _, said = unattended(machine, "stress;schedtest 9;attacks;systest;fuzz 1 0;siege;clock")
    for lines, name in zip(said, ("stress", "schedtest")):
        assert own_lines(lines) == [f"sh: '{name}' has ended: exit code 2"] and f" {name}: usage {name} " in lines[0]
    hint = "wants handles that the shell doesn't give: boot with init="
    assert own_lines(said[2])[1:] == [f"sh: 'attacks' {hint}attacks"]
    assert own_lines(said[3])[1:] == [f"sh: 'systest' {hint}systest"] and " systest: usage systest " in said[3][0]
    assert own_lines(said[4]) == ["fuzz: 0: at least 1 call"]
    assert any(" thief-inside" in line for line in said[5]) and all(len(line) < 96 for line in said[5])


@pytest.mark.parametrize("service", ["console", "sh"])
def test_who_dies_at_each_start_is_given_up(machine, tmp_path, service):
    """Later each time, eight times; then the machine is switched off: without it nobody could do that. Under -icount: who lives for a
    second because the host is busy isn't dead soon after its start."""
    exact = ("-icount", "shift=0,sleep=off")
    guest = boot(machine, "run=poweroff", "failed", extra=(*module(machine, tmp_path, service), *exact))
    deaths = [line.split("] ", 1)[1] for line in guest.people_lines if "] supervisor: " in line]
    assert deaths == [f"supervisor: '{service}' has died (exit code 0); started again in {125 << i} ms" for i in range(7)] + [
        f"supervisor: '{service}' has died (exit code 0) 8 times in a row: the end"]
    assert guest.text.count("] hello: hello, world") == 0 and guest.text.count(f"] {service}: hello, world") == 8


def test_an_ordinary_exit_code_is_no_failure(machine):
    unattended(machine, "hello 9")


@pytest.mark.parametrize("bytes_", [255, 256, 300])
def test_long_commands(machine, bytes_):
    line = "hello " + "x" * (bytes_ - 6)
    guest = boot(machine, f'run="{line};clock;poweroff"')
    lines = dict((command[:6], own_lines(lines)) for command, lines in commands_of(guest))
    assert ("sh: line too long (at most 255)" in lines["hello "]) == (bytes_ > 255), guest.explain("the wrong one is too long")
    assert len(lines["clock"]) == 1


def thread_id(machine, name, **options):
    """Threads have the same numbers in each boot like this one."""
    guest, said = unattended(machine, "ps", **options)
    return next(line.split()[0] for line in said[0] if name in line.split())


def test_a_shell_that_each_command_kills_is_not_given_up(machine):
    """There is an end to the commands. Threads: sh, one of console, then each sh that is started again."""
    victim = int(thread_id(machine, "sh"))
    numbers = [victim, *range(victim + 2, victim + 13)]
    guest, said = unattended(machine, ";".join(f"kill {number}" for number in numbers))
    assert guest.text.count("supervisor: 'sh' has died (killed); started again\n") == len(numbers)


@pytest.mark.parametrize("name", ["sh", "console"])
def test_it_goes_on_behind_a_death(machine, name):
    victim = thread_id(machine, name)
    guest, said = unattended(machine, f"clock;kill {victim};clock;hello 4")
    assert guest.said(f"supervisor: '{name}' has died (killed); started again")
    assert own_lines(said[2]) and "sh: 'hello' has ended: exit code 4" in own_lines(said[3])


def test_policies_unattended(machine):
    """The store of each; a panic ends the run."""
    guest, said = unattended(machine, "lab write lab_sealed_word 1;lab write lab_sealed_word 2;lab write lab_sealed_word 3;log",
                             cmdline="lab=on ro_fault=ignore:1,oops:1,once:1,panic")
    assert [v["verdict"] for v in guest.violations] == ["ignore", "oops", "once"]
    assert [line.split(": ")[-1] for line in own_lines(said[0] + said[1] + said[2])] == [
        "not written, still 0x5ea1ed", "killed by an oops", "written"]
    guest = boot(machine, "lab=on run='lab write lab_sealed_word 1;clock;poweroff'", "sealed")
    assert [command for command, _ in commands_of(guest)] == ["lab write lab_sealed_word 1"]


def test_oops_and_on(machine):
    """The contract's `oops` takes the thread that wrote, not the shell; all that comes behind runs."""
    guest, said = unattended(machine, "lab write lab_sealed_word 1;ps;lab read lab_sealed_word", cmdline="lab=on ro_fault=oops")
    assert [v["verdict"] for v in guest.violations] == ["oops"] and guest.one("oops")["thread"] == "sh"
    rows = [line.split() for line in own_lines(said[1])[1:]]
    assert ["ended", "killed by an oops"] in [[row[2], " ".join(row[6:])] for row in rows if row[1] == "sh"]
    assert [row[2] for row in rows if row[1] == "sh" and row[2] != "ended"] == ["running"]
    assert own_lines(said[2])[0].endswith(": 0x5ea1ed") and not guest.said("has died")


def test_inject_then_run(machine):
    guest, said = unattended(machine, "log", cmdline="lab=on ro_fault=ignore inject=lab_sealed_word:store8:0xdead")
    assert guest.one("inject")["result"] == "resumed" and "0x5ea1ed -> 0xdead" in own_lines(said[0])[0]


def test_the_prompt_stays(machine):
    with session(machine, 'run="clock"', behind="first instruction") as shell:
        assert len(own_lines(shell.command("clock"))) == 1


def test_no_keyboard_is_no_loop(machine):
    """Nobody types: it waits."""
    with start(machine, "run=clock") as guest:
        guest.wait_for(lambda: guest.text.count("amber> ") == 2, "the prompt")
        guest.settle(1)
        guest.check(None)
        assert guest.text.count("amber> ") == 2 and guest.process.poll() is None
