# SPDX-License-Identifier: MIT
"""tests/qemu/test_iso.py: the ISO under BIOS and UEFI: SMBIOS command line, menu, both without a display."""
import os
import shlex
import shutil
import subprocess
from dataclasses import asdict

import pytest
from machines import TOP, Machine
from runner import boot, start

ONLY_MACHINES = ["x86_64"]
FIRMWARE = ["bios", "uefi"]


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_command_line_from_smbios(machine, firmware):
    guest = boot(machine, "lab=on ro_fault=same,ignore inject=lab_sealed_word:store8:0xdead", boot=firmware)
    assert guest.one("boot")["protocol"] == "multiboot2"
    assert guest.one("seal")["state"] == "sealed"
    assert guest.one("violation")["verdict"] == "ignore"
    assert "panic:" not in guest.text.split("@amber")[0], "a menu was shown"


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_quotes_and_semicolons_through_grub(machine, firmware):
    guest = boot(machine, 'lab=on ro_fault=once inject="lab_sealed_word:store8:1;lab_sealed_word:store8:2"', boot=firmware)
    assert [r["after"][:2] for r in guest.named("inject")] == ["01", "02"]


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_shell_commands_through_grub(machine, firmware):
    guest = boot(machine, "run=\"hello 'a b';poweroff\"", boot=firmware)
    assert guest.said("  1 'a b'") and "amber> poweroff" in guest.text


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_exit_status_of_a_sealed_panic(machine, firmware):
    boot(machine, "lab=on inject=lab_sealed_word:store8:0xdead", "sealed", boot=firmware)


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_menu(machine, firmware):
    """No serial number: the menu, and after 3 seconds its first entry, which panics."""
    with start(machine, "", raw=True, boot=firmware) as guest:
        guest.wait_event("exit")
        guest.check("sealed")
        menu = guest.text.split("@amber")[0]
        for entry in ("panic", "log-and-unprotect", "ignore", "rodata=off", "self-tests"):
            assert entry in menu, guest.explain(f"no entry {entry}")
        assert "serial" not in menu, "the kernel uses serial and screen alike"


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_not_specified_is_no_command_line(machine, firmware):
    with start(machine, "Not Specified", raw=True, boot=firmware) as guest:
        guest.wait_event("boot")
        assert "Not Specified" not in guest.one("boot")["cmdline"]


def test_an_empty_serial_number(machine):
    with start(machine, "", raw=True, boot="bios", extra=("-smbios", "type=1,serial=")) as guest:
        guest.wait_event("boot")
        assert "inject=" in guest.one("boot")["cmdline"]


def test_with_a_display_device(machine):
    guest = boot(machine, "lab=on ro_fault=ignore inject=lab_sealed_word:store8:1", boot="bios", extra=("-device", "VGA"))
    assert guest.one("violation")["verdict"] == "ignore"


def test_a_log_of_the_iso_is_explained(machine):
    """By tools/explain: GRUB's own output in front does no harm, and its backslashes are taken out again."""
    line = 'lab=on ro_fault=once inject="lab_sealed_word:store8:1;lab_sealed_word:store8:2"'
    guest = boot(machine, line, boot="bios")
    done = subprocess.run([os.path.join(TOP, "tools", "explain"), "-"], input=guest.raw, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"") and text.count("] violation ") == 2
    assert shlex.split(text.rstrip().split("\n")[-1])[1:] == ["make", "run-iso", "ARCH=x86_64", f"CMDLINE={guest.cmdline}"]


class WithPrograms(Machine):
    """The same machine with an ISO that also has /boot/programs.cpio (docs/programs.md)."""

    def folder(self, broken=False):
        return os.environ["AMBER_ISO_FOLDER"]


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_a_module_on_the_iso(machine, firmware, tmp_path, monkeypatch):
    programs = tmp_path / "programs"
    programs.mkdir()
    shutil.copy(os.path.join(machine.folder(), "user", "archive", "hello"), programs / "mine")
    shutil.copytree(os.path.join(machine.folder(), "iso"), tmp_path / "iso")
    with open(tmp_path / "iso" / "boot" / "programs.cpio", "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=programs, input=b"mine\n", stdout=out, check=True)
    subprocess.run(["grub-mkrescue", "-o", tmp_path / "amber.iso", tmp_path / "iso"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)
    monkeypatch.setenv("AMBER_ISO_FOLDER", str(tmp_path))
    guest = boot(WithPrograms(**asdict(machine)), 'init="mine 0 word"', boot=firmware)
    assert guest.said("mine:   2 'word'") and guest.said("programs in the boot module: 1")
