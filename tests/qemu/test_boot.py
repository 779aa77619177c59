# SPDX-License-Identifier: MIT
"""tests/qemu/test_boot.py: the contract's chapters on files, starting, power-off and exit statuses."""
import re
import subprocess

import pytest
from check_elf import build_id
from machines import TOP
from runner import boot, boot_shared, kernel_elf, start

INJECT_ONE = "lab=on inject=lab_sealed_word:store8:0xdead"


def test_boot_event(machine):
    event = boot_shared(machine, "test=none_such", "failed").one("boot")
    assert event["arch"] == machine.name
    assert event["lab"] is False and event["broken"] == [] and event["cpus"] >= 1
    assert event["protocol"] == machine.protocol
    assert 100 * 1024 < event["memory_kib"] <= 128 * 1024
    assert build_id(kernel_elf(machine)).hex()[:12] in event["version"]


def test_features_in_use(machine):
    features = boot_shared(machine, "test=none_such", "failed").one("boot")["features"]
    expected = {"SMEP", "SMAP", "UMIP"} if machine.name == "x86_64" else {"PAN"}
    assert expected <= set(features)


def test_cmdline_in_boot_event(machine):
    guest = boot(machine, 'lab=on test=none_such x="a b" \u00e9', "failed")
    event = guest.one("boot")
    assert event["lab"] is True
    assert event["cmdline"] == guest.cmdline.encode().decode("latin-1")


def test_lines_start_with_the_time_since_entry(machine):
    guest = boot_shared(machine, "test=none_such", "failed", extra=("-icount", "shift=0,sleep=off"))  # the host has no say in it
    times = [float(m[1]) for line in guest.people_lines if (m := re.match(r"\[(\d+\.\d{6})\] ", line))]
    assert times == sorted(times)
    assert 0 <= times[0] < 2


def test_ready_and_idle(machine):
    with start(machine) as guest:
        guest.wait_prompt()
        assert guest.said("amber: ready")
        guest.settle(0.5)
        guest.check(None)
        assert guest.text.count("amber> ") == 1
        assert guest.process.poll() is None
        assert guest.named("exit") == []


def test_seal_comes_before_ready(machine):
    with start(machine) as guest:
        guest.wait_ready()
        assert guest.text.index('"event":"seal"') < guest.text.index("ready")


def test_power_off_without_exit_debug(machine):
    guest = boot(machine, INJECT_ONE + " ro_fault=ignore", raw=True)
    assert guest.status == 0


def test_halt_after_a_panic_without_exit_debug(machine):
    with start(machine, INJECT_ONE, raw=True) as guest:
        guest.wait_event("exit")
        guest.settle(1)
        guest.check("sealed")
        assert guest.process.poll() is None, "it did not halt"


def test_exit_debug_without_the_device(machine):
    """Where the device is missing: an ordinary power-off."""
    command = machine.command(INJECT_ONE + " ro_fault=ignore exit=debug")
    at = command.index(machine.exit_device[0])
    del command[at:at + 2]
    done = subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=240, check=False)
    assert done.returncode == 0
    assert b'"event":"exit","status":"ok"' in done.stdout


@pytest.mark.parametrize("memory", ["16M", "24M", "33M", "64M", "127M", "512M", "1G"])
def test_memory_sizes(machine, memory):
    guest = boot(machine, "test=none_such", "failed", memory=memory)
    assert guest.one("seal")["state"] == "sealed"


def test_more_than_3_gib(machine):
    guest = boot(machine, "test=none_such", "failed", memory="4G")
    assert guest.one("boot")["memory_kib"] > 3 * 1024 * 1024


@pytest.mark.parametrize("memory", ["5M", "6M", "8M", "10M"])
def test_too_little_memory(machine, memory):
    """It seals, or says in one line about memory why not; it never hangs without a word."""
    with start(machine, "test=no_such_test", memory=memory) as guest:
        guest.wait_end()
        last = guest.one("exit")
        assert last["status"] == "failed" or guest.said("memory: "), guest.explain("no word about memory")


def test_many_processors_are_no_trouble(machine):
    count = 8 if machine.name == "aarch64" else 12
    guest = boot(machine, "test=none_such", "failed", extra=("-smp", str(count)))
    assert guest.one("seal")["state"] == "sealed"


BAD_CPUS = {"x86_64": ("qemu64,-nx", "NX"), "aarch64": ("cortex-a72", "LSE")}


def test_cpu_that_lacks_something(machine):
    cpu, lacks = BAD_CPUS[machine.name]
    with start(machine, cpu=cpu) as guest:
        guest.wait_end()
        lines = [line for line in guest.lines if line.strip()]
        assert re.search(rf"cpu: needs .*{lacks}.*, stopping$", lines[0]), guest.explain("not the first line")
        assert "@amber" not in lines[0] and guest.status == machine.statuses["panic"]


def test_plain_cpus(machine):
    cpu = "qemu64" if machine.name == "x86_64" else "max,pauth=off,lpa2=off"
    guest = boot(machine, INJECT_ONE + " ro_fault=ignore", cpu=cpu)
    assert guest.one("inject")["result"] == "resumed"


def test_instructions_are_counted_where_the_clock_counts_them(machine):
    counted = boot(machine, INJECT_ONE + " ro_fault=ignore", extra=("-icount", "shift=0,sleep=off"))
    assert 0 < counted.one("seal")["instructions"] < counted.one("exit")["instructions"]
    plain = boot(machine, INJECT_ONE + " ro_fault=ignore")
    assert plain.one("seal")["instructions"] is None and plain.one("exit")["instructions"] is None


def test_it_was_built_of_one_source(machine):
    """Two runs under -icount write the same, byte for byte: nothing depends on the host."""
    line = "exit=debug nonce=same " + INJECT_ONE + " ro_fault=once"
    first, second = (boot(machine, line, raw=True, extra=("-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"))
                     for _ in range(2))
    assert first.text == second.text


def test_two_boots_put_the_arena_at_the_same_place(machine):
    first, second = (boot(machine, f"test=none_such loglevel={n}", "failed").one("seal") for n in (1, 2))
    assert first["gate_root"] == second["gate_root"]
    assert first["dry_run_roots"] == second["dry_run_roots"]


def test_qemu_line_runs_as_it_is(machine):
    line = subprocess.run(["make", "-s", "qemu-line", f"ARCH={machine.name}", "CMDLINE=exit=debug lab=on note='a  b' "
                           "ro_fault=ignore inject=lab_sealed_word:store8:1"], cwd=TOP, stdout=subprocess.PIPE, text=True,
                          check=True, env=clean_environment()).stdout
    assert line.count("\n") == 1
    done = subprocess.run(line, shell=True, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=240, check=False)
    assert done.returncode == machine.statuses["ok"]
    assert b"note='a  b'" in done.stdout


def clean_environment():
    import os
    return {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "ARCH", "T"))}
