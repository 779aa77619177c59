# SPDX-License-Identifier: MIT
"""tests/qemu/test_machines.py: machines of many shapes. Each seals, or says in one line why it can't and ends as after a
panic; none hangs, none resets without a word. The long half walks the memory sizes and every entry of the ISO's menu."""
import dataclasses
import re
import struct
import subprocess

import pytest
from machines import MACHINES
from runner import boot, start

INJECT = "lab=on ro_fault=ignore inject=lab_sealed_word:store8:0xdead"
Q35 = {
    "nehalem": {"cpu": "Nehalem"},
    "kvm64": {"cpu": "kvm64"},
    "no-smep-smap-umip": {"cpu": "max,-smep,-smap,-umip"},
    "pc": {"board": "pc"},
    "microvm": {"board": "microvm"},
    "isapc": {"board": "isapc"},
    "default-devices": {"plain": True},
    "pc-default-devices": {"board": "pc", "plain": True},
    "vga": {"extra": ("-device", "VGA")},
    "pc-vga": {"board": "pc", "extra": ("-vga", "std")},
    "smp": {"extra": ("-smp", "4")},
    "initrd": {"extra": ("-initrd", "README.md")},
    "12M": {"memory": "12M"},
    "65M": {"memory": "65M"},
    "3G": {"memory": "3G"},
    "5G": {"memory": "5G"},
}
VIRT = {
    "neoverse-n1": {"cpu": "neoverse-n1"},
    "cortex-a76": {"cpu": "cortex-a76"},
    "secure": {"board": "virt,dtb-randomness=off,secure=on"},
    "secure-el2": {"board": "virt,dtb-randomness=off,secure=on,virtualization=on"},
    "highmem-off": {"board": "virt,dtb-randomness=off,highmem=off"},
    "iommu": {"board": "virt,dtb-randomness=off,iommu=smmuv3"},
    "old": {"board": "virt-2.6"},
    "default-devices": {"plain": True},
    "smp": {"extra": ("-smp", "4")},
    "initrd": {"extra": ("-initrd", "README.md")},
    "12M": {"memory": "12M"},
    "65M": {"memory": "65M"},
    "3G": {"memory": "3G"},
    "5G": {"memory": "5G"},
}
SHAPES = {"x86_64": Q35, "aarch64": VIRT}
# Machines that can't work: what the one line says.
NO_CPUS = {
    "x86_64": {"qemu32": "long mode", "qemu64,-nx": "NX"},
    "aarch64": {"cortex-a53": "LSE", "a64fx": "zeroing blocks"},
}


def cells(*values):
    return struct.pack(f">{len(values)}I", *values)


UART = cells(0, 0x9000000, 0, 0x1000)
GIC = cells(0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000)
# Damage to the device tree: what is replaced, by what (of the same length), and what the panic says.
TREES = {
    "no-gic": (b"arm,cortex-a15-gic", b"arm,cortex-a15-xyz", "devices: "),
    "uart-in-ram": (UART, cells(0, 0x42000000, 0, 0x1000), "devices: "),
    "uart-nowhere": (UART, cells(0xFFFFFFFF, 0xFFFFF000, 0, 0x1000), "devices: "),
    "gic-in-ram": (GIC, cells(0, 0x42000000) + GIC[8:], "devices: "),
    "gic-unaligned": (GIC, cells(0, 0x8000010) + GIC[8:], "devices: "),
    "timer": (cells(1, 11, 0x104), cells(2, 11, 0x104), "boot information can't be used: fdt: node timer: interrupt 11 of type 2"),
}
# How each entry of the ISO's menu ends; None: it waits.
MENU = ["sealed", "ok", "ok", "ok", "ok", "sealed", "ok", "ok", None]
ISO_SIZES = {"bios": ("7M", "16M", "64M", "129M", "4G"), "uefi": ("48M", "64M", "127M", "4G")}
SIZES = [5, 7, 9, 11, 14, 15, 17, 18, 20, 32, 63, 66, 96, 129, 130, 511, 2048, 3071, 3073, 8192]
# Names of the cases, by function and machine; QEMU refuses 4 MiB on aarch64: no space for the device tree.
CASES = {
    "test_shape": SHAPES,
    "test_missing_in_the_cpu": NO_CPUS,
    "test_refused_device_tree": {"aarch64": TREES},
    "test_every_memory_size": {"x86_64": [f"{n}M" for n in [4] + SIZES], "aarch64": [f"{n}M" for n in SIZES]},
    "test_memory_sizes_from_the_iso": {"x86_64": [f"{firmware}-{m}" for firmware, sizes in ISO_SIZES.items() for m in sizes]},
    "test_each_menu_entry": {"x86_64": [f"{firmware}-{n}" for firmware in ISO_SIZES for n in range(len(MENU))]},
}


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        arch, cases = metafunc.config.getoption("--arch"), CASES[metafunc.function.__name__]
        pairs = [(m, n) for m in MACHINES.values() if arch in ("", m.name) for n in cases.get(m.name, ())]
        metafunc.parametrize("machine, name", pairs, ids=[f"{m}-{n}" for m, n in pairs], scope="session")


def without_nodefaults(machine):
    """The same machine with the devices that QEMU gives it unasked: a network card, on x86_64 a display."""
    class Plain(type(machine)):
        def command(self, *arguments, **options):
            command = super().command(*arguments, **options)
            command.remove("-nodefaults")
            return command
    return Plain(*(getattr(machine, f.name) for f in dataclasses.fields(machine)))


def test_shape(machine, name):
    options = dict(SHAPES[machine.name][name])
    machine = dataclasses.replace(machine, board=options.pop("board", machine.board))
    if options.pop("plain", False):
        machine = without_nodefaults(machine)
    guest = boot(machine, INJECT, **options)
    seal = guest.one("seal")
    assert seal["state"] == "sealed" and seal["cpus_probed"] == guest.one("boot")["cpus"]
    assert guest.one("inject")["result"] == "resumed" and guest.one("violation")["verdict"] == "ignore"


def test_missing_in_the_cpu(machine, name):
    with start(machine, cpu=name) as guest:
        guest.wait_end()
        lines = [line for line in guest.lines if line.strip()]
        assert len(lines) == 1 and re.fullmatch(rf"cpu: needs .*{NO_CPUS[machine.name][name]}.*, stopping", lines[0]), lines
        assert guest.status == machine.statuses["panic"]


def test_too_little_memory_says_how_much_is_needed(machine):
    guest = boot(machine, "", "panic", memory="5M")
    reason = guest.one("panic")["reason"]
    found = re.match(r"memory: too little: (\d+) KiB free; needs about (\d+) MiB", reason)
    assert found and int(found[1]) < 5 * 1024, reason
    assert [e["event"] for e in guest.events] == ["boot", "panic", "exit"]
    assert boot(machine, INJECT, memory=f"{found[2]}M").one("seal")["state"] == "sealed"


def test_self_tests_in_16_mib(machine):
    assert "\nnot ok" not in boot(machine, "test=* ro_fault=ignore", memory="16M").text


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """What QEMU hands over on aarch64."""
    path = tmp_path_factory.mktemp("tree") / "virt.dtb"
    machine = MACHINES["aarch64"]
    subprocess.run([machine.qemu, "-M", f"{machine.board},dumpdtb={path}", "-cpu", "max", "-m", "128M", "-nodefaults"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=240, check=True)
    return path


def test_refused_device_tree(machine, name, tree, tmp_path):
    """The event `boot` comes first all the same, and exit=debug is obeyed."""
    before, after, reason = TREES[name]
    data = tree.read_bytes()
    assert before in data and len(before) == len(after)
    (tmp_path / "damaged.dtb").write_bytes(data.replace(before, after))
    guest = boot(machine, "", "panic", extra=("-dtb", str(tmp_path / "damaged.dtb")))
    assert [e["event"] for e in guest.events] == ["boot", "panic", "exit"]
    assert reason in guest.one("panic")["reason"], guest.log


@pytest.mark.long
def test_every_memory_size(machine, name):
    with start(machine, "test=* ro_fault=ignore", memory=name) as guest:
        guest.wait_end()
        ended = guest.one("exit")["status"]
        guest.check(ended)
        assert ended == "ok" or (int(name[:-1]) < 8 and guest.said("memory: too little: ")), guest.explain(ended)


@pytest.mark.long
def test_memory_sizes_from_the_iso(machine, name):
    firmware, memory = name.split("-")
    assert boot(machine, INJECT, boot=firmware, memory=memory).one("seal")["state"] == "sealed"


@pytest.mark.long
def test_each_menu_entry(machine, name):
    firmware, entry = name.split("-")
    with start(machine, "", raw=True, boot=firmware, keyboard=True) as guest:
        guest.wait_for(lambda: "the shell: no late write" in guest.text, "the menu")
        guest.settle(0.5)
        guest.type(b"\x0e" * int(entry) + b"\r")  # Ctrl-N: GRUB's next line
        if MENU[int(entry)] is None:
            guest.wait_ready()
        else:
            guest.wait_event("exit")
        guest.check(MENU[int(entry)])
        assert "\nnot ok" not in guest.text
