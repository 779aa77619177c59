# SPDX-License-Identifier: MIT
"""tests/tree/test_build.py: the Makefile as a user meets it: help, quoting, machines without tools, clang."""
import glob
import os
import subprocess

import pexpect
import pytest
from machines import MACHINES, TOP


def make(*arguments, environment=None, check=True):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k not in ("ARCH", "T", "CMDLINE")}
    return subprocess.run(["make", *arguments], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=clean | (environment or {}), check=check)


def test_help_lists_every_target_and_variable():
    text = make("help").stdout
    for word in ("setup", "run", "iso", "run-iso", "check", "check-all", "debug", "bench", "fuzz", "qemu-line", "clean", "help",
                 "ARCH", "CMDLINE", "SMP", "BREAK", "FIRMWARE", "WINDOW", "T", "V"):
        assert any(line.split()[:1] == [word] for line in text.splitlines()), word


def test_nothing_to_set_up_is_one_line():
    assert make("setup").stdout == "setup: everything is installed\n"


def test_it_can_be_read_without_tools(tmp_path):
    """No compiler, no python, no QEMU in the path: help works, and so does asking what a build would do."""
    for tool in ("make", "sh", "sed", "awk", "nproc", "echo"):
        os.symlink(f"/usr/bin/{tool}", tmp_path / tool)
    done = make("help", environment={"PATH": str(tmp_path)})
    assert "Targets:" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("given, why", [
    ("ARCH=riscv", "unknown machine"), ("ARCH=x86_64 aarch64", "unknown machine"), ("COMPILER=gcc clang", "unknown"), ("COMPILER=", "unknown"),
    ("FIRMWARE=bios uefi", "unknown"), ("WINDOW=2", "unknown"), ("SMP=0", "no number of processors"), ("SMP=x", "no number"),
    ("SMP=-1", "no number"), ("SMP=1 2", "no number"), ("SMP=1000", "no number"),
])
def test_what_is_unknown_is_refused(given, why):
    done = make("-s", "qemu-line", given, check=False)
    assert done.returncode != 0 and done.stdout == "" and f"*** {given}: {why}" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("cmdline", ["it's", 'a "b c" d', "$(x) $HOME `id` \\ ;&|<>*?", "a  b", "x=1,y=2"])
def test_command_lines_reach_qemu_as_they_are(cmdline):
    """Through make (where $$ is $) and the shell."""
    line = make("-s", "qemu-line", "ARCH=x86_64", f"CMDLINE={cmdline}").stdout
    words = subprocess.run(["sh", "-c", f"printf '%s\\n' {line}"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    assert words[words.index("-append") + 1] == cmdline


def test_smbios_doubles_commas():
    line = make("-s", "qemu-line", "ISO=1", "FIRMWARE=uefi", "CMDLINE=ro_fault=same,ignore x").stdout
    assert "-smbios 'type=1,serial=ro_fault=same,,ignore x'" in line and "OVMF" in line


def test_a_window_has_a_screen():
    words = make("-s", "qemu-line", "ISO=1", "WINDOW=1").stdout.split()
    assert "-display" not in words and words[words.index("VGA") - 1] == "-device"
    done = make("-s", "qemu-line", "ARCH=aarch64", "WINDOW=1", check=False)
    assert done.returncode != 0 and "*** WINDOW=1: there is no screen on aarch64" in done.stderr


def test_qemu_lines_are_the_contract_s():
    wanted = {
        "x86_64": "qemu-system-x86_64 -M q35 -cpu max -m 128M -nodefaults -no-reboot -serial mon:stdio -display none "
                  "-device isa-debug-exit,iobase=0xf4,iosize=4 -kernel build/x86_64/amber.elf -append ''",
        "aarch64": "qemu-system-aarch64 -M virt,dtb-randomness=off -cpu max -m 128M -nodefaults -no-reboot -serial mon:stdio "
                   "-display none -semihosting-config enable=on,target=gdb -kernel build/aarch64/Image -append ''"}
    for name, line in wanted.items():
        assert " ".join(make("-s", "qemu-line", f"ARCH={name}").stdout.split()) == line


def test_smp_is_passed_on():
    assert " -smp '4' " in make("-s", "qemu-line", "SMP=4").stdout


def spawn(command):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k not in ("ARCH", "T", "CMDLINE")}
    return pexpect.spawn("/bin/sh", ["-c", command], cwd=TOP, env=clean, timeout=240, encoding="utf-8")


@pytest.mark.parametrize("name", list(MACHINES))
def test_run_on_a_terminal(name):
    """First and last line say how to quit, and so it does."""
    child = spawn(f"make run ARCH={name}")
    child.expect("ready")
    first = child.before.strip().split("\n")[0]
    child.send("\x01x")
    child.expect(pexpect.EOF)
    child.close()
    assert "Ctrl-A X" in first and "Ctrl-A X" in child.before.strip().split("\n")[-1]
    assert child.exitstatus == 0


@pytest.mark.parametrize("name, options, word", [
    ("x86_64", "init=hello", "33: ok"), ("x86_64", "init=helo", "35: failed"), ("aarch64", "init=hello", "0"),
    ("x86_64", "lab=on inject=lab_sealed_word:store8:1", "39: sealed"), ("aarch64", "lab=on inject=lab_sealed_word:store8:1", "3: sealed"),
])
def test_run_says_what_the_status_means(name, options, word):
    child = spawn(f"make run ARCH={name} CMDLINE='exit=debug {options}'")
    child.expect_exact(f"QEMU has ended with status {word} (")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (0 if word in ("0", "33: ok") else 2)


@pytest.mark.usefixtures("make_debug")
def test_debug_stops_at_the_first_instruction():
    child = spawn("make debug ARCH=x86_64 CMDLINE=\"note='a b'\"")
    child.expect_exact("(gdb) ")
    child.sendline("p/x $pc")
    child.expect_exact("0xfff0")
    child.sendline("hbreak kernel_main")
    child.sendline("continue")
    child.expect("kernel_main")
    child.sendline("kill")
    child.sendline("y")
    child.sendline("quit")
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()


def test_other_systems_are_told_what_is_needed(tmp_path):
    for tool in ("sh", "tr", "fold", "sed", "id"):
        os.symlink(f"/usr/bin/{tool}", tmp_path / tool)
    done = subprocess.run(["/bin/sh", "tools/setup.sh"], cwd=TOP, env={"PATH": str(tmp_path)}, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode != 0
    for package in ("gcc-aarch64-linux-gnu", "qemu-system-x86", "xorriso", "libfdt"):
        assert package in done.stdout


def test_fuzz():
    """One row for each target (what is in it: tests/tree/test_fuzz.py)."""
    done = make("fuzz", "T=3", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    targets = sorted(os.path.basename(p)[:-len("_fuzz.c")] for p in glob.glob(os.path.join(TOP, "tests", "fuzz", "*_fuzz.c")))
    rows = done.stdout.splitlines()
    assert len(rows) == 1 + len(targets) and sorted(row.split()[0] for row in rows[1:]) == targets


def test_no_test_matches():
    done = make("check", "ARCH=aarch64", "T=no_such_test_anywhere", check=False)
    assert done.returncode != 0 and done.stdout.rstrip().endswith("0 passed, 0 failed")


def test_ci_script():
    with open(os.path.join(TOP, ".ci", "run"), encoding="utf-8") as f:
        assert "make setup check" in f.read()
    assert os.access(os.path.join(TOP, ".ci", "run"), os.X_OK)


@pytest.mark.parametrize("name", list(MACHINES))
def test_clang_and_lld_build_it_too(name):
    """… and what they build seals and proves the seal."""
    make("COMPILER=clang", "kernels", f"ARCH={name}")
    machine = MACHINES[name]
    line = make("-s", "qemu-line", "COMPILER=clang", f"ARCH={name}", "CMDLINE=exit=debug lab=on ro_fault=once inject=lab_sealed_word:store8:1").stdout
    done = subprocess.run(line, shell=True, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=240, check=False)
    assert done.returncode == machine.statuses["ok"], done.stdout.decode()
    assert b'"state":"sealed"' in done.stdout and b'"after":"0100000000000000"' in done.stdout
