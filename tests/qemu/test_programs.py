# SPDX-License-Identifier: MIT
"""tests/qemu/test_programs.py: user programs: init=, the ones in the archive, and a boot module with others."""
import os
import re
import shutil
import subprocess

import pytest
from machines import TOP
from runner import boot, boot_shared, start


def said_by(guest, program):
    """What the program printed, line by line."""
    return [m[1] for line in guest.people_lines if (m := re.match(rf"\[\d+\.\d{{6}}\] {program}: (.*)$", line))]


def cpio(folder, name):
    """An archive of what is in the folder, as docs/programs.md says."""
    path = os.path.join(os.path.dirname(folder), name)
    with open(path, "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=folder, input="\n".join(sorted(os.listdir(folder))).encode(), stdout=out,
                       check=True)
    return path


def test_hello(machine):
    guest = boot_shared(machine, 'init="hello 0 two"')
    lines = said_by(guest, "hello")
    assert lines[:4] == ["hello, world; my words are:", "  0 'hello'", "  1 '0'", "  2 'two'"]
    assert any("exit code 0" in line for line in said_by(guest, "init"))


def test_the_time_is_the_kernels(machine):
    """Read without a system call, just before the line is printed; under -icount, so that a busy host adds nothing."""
    guest = boot_shared(machine, 'init="hello 0 two"', extra=("-icount", "shift=0,sleep=off"))
    seconds, micros, user = next(m.groups() for line in guest.people_lines if (m := re.match(r"\[(\d+)\.(\d{6})\] hello: it is (\d+) us", line)))
    late = int(seconds) * 1000000 + int(micros) - int(user)
    assert 0 <= late < 20000, f"the line was printed {late} us after the program's time"


@pytest.mark.parametrize("words, line", [
    ("hello 3", "'hello' has ended with exit code 3"),
    ("nothing at all", "no such program 'nothing' (there are: "),
])
def test_what_fails_says_so(machine, words, line):
    guest = boot(machine, f'init="{words}"', "failed")
    assert sum(line in said for said in said_by(guest, "init")) == 1


def test_an_unknown_program_names_those_there_are(machine):
    guest = boot(machine, "init=nothing", "failed")
    names = re.search(r"\(there are: (.*)\)", "\n".join(said_by(guest, "init")))[1].split()
    with open(os.path.join(machine.folder(), "user", "programs.list"), encoding="utf-8") as f:
        assert names == f.read().split() and "hello" in names


def test_a_program_beside_a_screen(machine):
    """A display device's memory is mapped, too: what is counted at the end must know of it."""
    if machine.name == "x86_64":
        assert said_by(boot(machine, "init=hello", extra=("-vga", "std")), "hello")


@pytest.mark.parametrize("value", ["", "/bin/sh", "hel*lo", "x" * 256])
def test_a_bad_value_is_refused(machine, value):
    guest = boot(machine, f'"init={value}"', "failed")
    assert any(line.endswith("; nothing is started") for line in said_by(guest, "cmdline"))


@pytest.mark.parametrize("cpus", [1, 4])
def test_pager(machine, cpus):
    guest = boot(machine, "init=pager", extra=("-smp", str(cpus)))
    lines = said_by(guest, "pager")
    assert [line for line in lines if "mapped read-only" in line] == [f"page {i} is read: mapped read-only" for i in range(4)]
    assert [line for line in lines if "made writable" in line] == [f"page {i} is written: made writable" for i in range(4)]
    assert lines[-1].startswith("9 faults answered") and said_by(guest, "paged") == ["4 pages read and written"]


def test_sealer(machine):
    """Every attempt is one line; none has undone the seal."""
    lines = said_by(boot(machine, "init=sealer"), "sealer")
    assert sum(line.startswith("ok: ") for line in lines) >= 43 and not [line for line in lines if line.startswith("not ok")]
    assert lines[-1] == "0 of these went wrong"


def test_sealing_stops_writers_on_other_cpus(machine):
    """What a kernel without shootdowns doesn't: test_broken.py."""
    lines = said_by(boot(machine, "init='sealer cpus'", extra=("-smp", "2")), "sealer")
    assert [line.split(":")[0] for line in lines] == ["ok", "ok"]


@pytest.mark.parametrize("cpus", [1, 2])
def test_traps(machine, cpus):
    """What user mode may not do arrives at the pager, and registers are what they were."""
    lines = said_by(boot(machine, "init=traps", extra=("-smp", str(cpus))), "traps")
    assert sum(line.startswith("ok: ") for line in lines) >= 40 and lines[-1].startswith("0 of ")


@pytest.mark.parametrize("cpus", [1, 4])
def test_uart(machine, cpus):
    """The driver's own lines have no time in front, so this run is not checked like others."""
    with start(machine, "init=uart", keyboard=True, extra=("-smp", str(cpus))) as guest:
        guest.wait_line("uart: the driver runs")
        guest.settle(0.5)   # it waits for an interrupt by now
        guest.type(b"one\n")
        guest.wait_line("uart: you typed 'one'")
        guest.type(b"two\rthree\n")
        guest.wait_line("uart: you typed 'two'")
        guest.wait_line("uart: you typed 'three'")
        guest.type(b"quit\n")
        guest.wait_end()
        assert guest.status == machine.statuses["ok"], guest.explain("it failed")
        assert any(re.match(r"it ends after [1-9]\d* interrupts", line) for line in said_by(guest, "uart"))


def test_a_module_brings_programs(machine, tmp_path):
    """One of its own, and one that hides the kernel file's."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("mine", "bench"):
        shutil.copy(os.path.join(machine.folder(), "user", "archive", "hello"), folder / name)
    module = cpio(folder, "programs.cpio")
    for name in ("mine", "bench"):
        guest = boot(machine, f"init={name}", extra=("-initrd", module))
        assert said_by(guest, name)[:2] == ["hello, world; my words are:", f"  0 '{name}'"]
        assert any("boot module: 2" in line for line in said_by(guest, "module"))
    guest = boot(machine, "init=hello", extra=("-initrd", module))
    assert "hello, world; my words are:" in said_by(guest, "hello")


def test_a_module_with_too_many_programs(machine, tmp_path):
    """The kernel file's own can be started all the same."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for n in range(140):
        (folder / f"program-{n:03}").write_bytes(b"")
    shutil.copy(os.path.join(machine.folder(), "user", "archive", "hello"), folder / "aaa")
    module = cpio(folder, "programs.cpio")
    for name in ("aaa", "hello"):
        guest = boot(machine, f"init={name}", extra=("-initrd", module))
        assert len(said_by(guest, "module")) == 2 and "can be started" in said_by(guest, "module")[1]
        assert "hello, world; my words are:" in said_by(guest, name)


@pytest.mark.parametrize("what", ["text", "cut", "number"])
def test_a_bad_module_is_one_line(machine, what, tmp_path):
    """… and the boot goes on without it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    shutil.copy(os.path.join(machine.folder(), "user", "archive", "hello"), folder / "mine")
    with open(cpio(folder, "whole"), "rb") as f:
        data = f.read()
    bad = {"text": b"no archive, only text\n" * 100, "cut": data[:1000], "number": data[:54] + b"zz" + data[56:]}[what]
    (tmp_path / "module").write_bytes(bad)
    guest = boot(machine, "init=hello", extra=("-initrd", str(tmp_path / "module")))
    assert len(said_by(guest, "module")) == 1 and "is not used: " in said_by(guest, "module")[0]
    assert boot(machine, "init=mine", "failed", extra=("-initrd", str(tmp_path / "module")))


@pytest.mark.parametrize("change, why", [
    (lambda elf: b"MZ" + elf[2:], "no 64-bit little-endian ELF file"),
    (lambda elf: elf[:18] + b"\x08" + elf[19:], "made for another machine"),
    (lambda elf: elf[:200], "its segments' heads lie behind its end"),
    (lambda elf: elf[:24] + bytes(8) + elf[32:], "its entry is not in an executable segment"),
], ids=["magic", "machine", "short", "entry"])
def test_a_bad_program_is_not_started(machine, change, why, tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    with open(os.path.join(machine.folder(), "user", "archive", "hello"), "rb") as f:
        (folder / "bad").write_bytes(change(f.read()))
    guest = boot(machine, "init=bad", "failed", extra=("-initrd", cpio(folder, "programs.cpio")))
    assert said_by(guest, "init") == [f"'bad' can't be started: {why}"]


def test_gdb_finds_the_first_instruction(machine):
    """Every program has it, with symbols, where it is linked to."""
    folder = os.path.join(TOP, "build", machine.name, "user")
    with open(os.path.join(folder, "programs.list"), encoding="utf-8") as f:
        programs = f.read().split()
    for program in programs:
        text = subprocess.run([f"{machine.name}-linux-gnu-nm", os.path.join(folder, f"{program}.elf")], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        assert re.search(r"^0*400000 T user_first_instruction$", text, re.M), program
