# SPDX-License-Identifier: MIT
"""tests/qemu/test_random_machines.py: machines put together at random: RAM from 4 MiB to 4 GiB, CPU model, board and its
options, number of CPUs, devices. Each seals, or says in one line why it can't and ends as after a panic.

Some every day; many, each CPU model that QEMU has, and many RAM sizes near the edge in `make check-all`.
"""
import dataclasses
import random
import re
import subprocess

import pytest
from runner import boot, start

INJECT = "lab=on ro_fault=ignore inject=lab_sealed_word:store8:0xdead"
BOARDS = {"x86_64": ["q35", "pc"], "aarch64": ["virt,dtb-randomness=off", "virt", "virt-7.0"]}
BOARD_OPTIONS = {
    "x86_64": ["hpet=off", "vmport=off", "smm=off", "i8042=off", "acpi=off", "pit=off", "max-ram-below-4g=1G"],
    "aarch64": ["virtualization=on", "secure=on", "highmem=off", "iommu=smmuv3", "its=off", "mte=on", "acpi=off", "gic-version=2",
                "gic-version=3"]}
CPUS = {"x86_64": ["max", "max", "qemu64", "kvm64", "Nehalem", "EPYC", "max,-smep", "max,-umip,-smap", "qemu32", "max,-nx"],
        "aarch64": ["max", "max", "neoverse-n1", "cortex-a76", "max,sve=off", "cortex-a72", "a64fx"]}
DEVICES = ["virtio-rng-pci", "qemu-xhci", "pci-testdev", "virtio-balloon-pci"]
# x86_64: models without long mode. aarch64: what is missing in which; 32-bit models can't start the Image at all.
NO_LONG_MODE = re.compile(r"486|athlon|coreduo|kvm32|n270|pentium[23]?|qemu32|base")
MISSING = {"cortex-a35": "LSE", "cortex-a53": "LSE", "cortex-a57": "LSE", "cortex-a72": "LSE", "a64fx": "zeroing blocks"}
CPUS_64 = ("cortex-a35", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "a64fx", "neoverse-n1", "max")
KIB_MIN, KIB_EDGE, KIB_MAX = {"x86_64": 4 << 10, "aarch64": (4 << 10) + 64}, 12 << 10, 4 << 20


def missing_in(machine, cpu, board):
    """What the one line must name; None: nothing is missing. The CPU is looked at before the interrupt controller."""
    if machine.name == "x86_64":
        return "long mode" if NO_LONG_MODE.fullmatch(cpu) else "NX" if ",-nx" in cpu else None
    return MISSING.get(cpu) or ("GICv2" if "gic-version=3" in board else None)


def random_memory(dice, machine, low=None, high=KIB_MAX):
    """Small sizes as often as big ones."""
    low = low or KIB_MIN[machine.name]
    return f"{int(low * (high / low) ** dice.random())}K"


def check_machine(machine, *, board, cpu, memory, extra=()):
    missing = missing_in(machine, cpu, board)
    with start(dataclasses.replace(machine, board=board), INJECT, cpu=cpu, memory=memory, extra=extra) as guest:
        guest.wait_end()
        if missing:
            check_refusal(machine, guest, missing)
        elif guest.one("exit")["status"] == "ok":
            guest.check("ok")
            seal = guest.one("seal")
            no_timer = guest.said("cpus: there is no timer: the other CPUs stay off")
            assert not no_timer or "pit=off" in board, guest.explain("there is a timer")
            probed = 1 if no_timer else guest.one("boot")["cpus"]
            assert seal["state"] == "sealed" and seal["cpus_probed"] == probed, guest.explain("not sealed")
            assert guest.one("inject")["result"] == "resumed" and guest.one("violation")["verdict"] == "ignore", guest.explain("?")
        else:
            check_too_little(guest, int(memory[:-1]))


def check_refusal(machine, guest, missing):
    lines = [line for line in guest.lines if line.strip()]
    assert len(lines) == 1 and re.fullmatch(rf"cpu: needs .*{missing}.*, stopping", lines[0]), guest.explain(f"not one line: {lines}")
    assert guest.status == machine.statuses["panic"], guest.explain("the status is not a panic's")


def check_too_little(guest, kib):
    """One line says what is needed, and that is more than there is."""
    guest.check("panic")
    assert [e["event"] for e in guest.events] == ["boot", "panic", "exit"], guest.explain("other events")
    reason = guest.one("panic")["reason"]
    found = re.match(r"memory: too little: (\d+) KiB free; needs about (\d+) MiB of RAM", reason)
    assert found and int(found[1]) < kib < int(found[2]) << 10, guest.explain(f"{kib} KiB should do: {reason}")
    assert len([line for line in guest.people_lines if "too little" in line]) == 1, guest.explain("not one line")


def check_seed(machine, seed):
    dice = random.Random(f"machine {machine} {seed}")
    options = dice.sample(BOARD_OPTIONS[machine.name], dice.choice([0, 0, 1, 2]))
    if len({o.split("=")[0] for o in options}) < len(options):  # two GICs
        options = options[:1]
    cpu = dice.choice(CPUS[machine.name])
    if not cpu.startswith("max"):
        options = [o for o in options if o != "mte=on"]  # QEMU refuses it
    board = ",".join([dice.choice(BOARDS[machine.name])] + options)
    extra = [word for device in dice.sample(DEVICES, dice.choice([0, 1, 2])) for word in ("-device", device)]
    extra += ["-smp", str(dice.choice([1, 1, 2, 3, 8]))]
    high = 2 << 20 if "highmem=off" in options else KIB_MAX
    check_machine(machine, board=board, cpu=cpu, memory=random_memory(dice, machine, high=high),
                  extra=tuple(extra))


def cpu_models(machine):
    """Of `qemu -cpu help`, without the versions of one model."""
    text = subprocess.run([machine.qemu, "-M", machine.board, "-cpu", "help"], stdout=subprocess.PIPE, timeout=240, text=True, check=True).stdout
    if machine.name == "aarch64":
        names = re.findall(r"^  (\S+)$", text, re.M)
        return [n for n in names if n in CPUS_64]
    return [n for n in re.findall(r"^x86 (\S+)", text, re.M) if not re.search(r"-v\d+$", n) and n != "host"]


@pytest.mark.parametrize("seed", range(4))
def test_random_machine(machine, seed):
    check_seed(machine, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4, 100))
def test_more_random_machines(machine, seed):
    check_seed(machine, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_random_memory_near_the_edge(machine, seed):
    dice = random.Random(f"memory {machine} {seed}")
    check_machine(machine, board=machine.board, cpu="max", memory=random_memory(dice, machine, high=KIB_EDGE))


def test_what_the_refusal_asks_for_is_enough(machine):
    """The size that the line names seals."""
    guest = boot(machine, "", "panic", memory=f"{KIB_MIN[machine.name]}K")
    needed = re.search(r"needs about (\d+) MiB", guest.one("panic")["reason"])[1]
    assert boot(machine, INJECT, memory=f"{needed}M").one("seal")["state"] == "sealed"


@pytest.mark.long
def test_every_cpu_model(machine):
    """All of them in one test: which there are depends on QEMU."""
    models = cpu_models(machine)
    assert len(models) >= 5 and "max" in models and any(missing_in(machine, m, "") for m in models)
    for model in models:
        check_machine(machine, board=machine.board, cpu=model, memory=f"{64 << 10}K")


def test_named_machines(machine):
    """The shapes that the documents name, each seen by itself."""
    shapes = {"x86_64": [("pc", "max"), ("q35", "max")],
              "aarch64": [("virt,dtb-randomness=off,virtualization=on", "max"), (machine.board, "neoverse-n1"), (machine.board, "cortex-a72")]}
    for board, cpu in shapes[machine.name]:
        check_machine(machine, board=board, cpu=cpu, memory=f"{128 << 10}K")
