# SPDX-License-Identifier: MIT
"""tests/qemu/machines.py: what differs between the two machines when QEMU starts them, as the contract says."""
import os
from dataclasses import dataclass

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGE_BASE = 0xFFFFFFFF80200000


@dataclass(frozen=True)
class Machine:
    name: str
    qemu: str
    board: str
    exit_device: tuple
    statuses: dict        # the kernel's exit status -> QEMU's with exit=debug
    image: str            # what -kernel loads
    ram_base: int
    image_physical: int   # where IMAGE_BASE lies under -kernel
    protocol: str         # under -kernel
    build: str = "build"  # where its kernels are; COMPILER=clang builds elsewhere

    def __str__(self):
        return self.name

    def folder(self, broken=False):
        return os.path.join(TOP, self.build, self.name, "break" if broken else "")

    def elf(self, broken=False):
        return os.path.join(self.folder(broken), "amber.elf")

    def command(self, cmdline, *, broken=False, boot="kernel", memory="128M", cpu="max", board="", extra=()):
        """QEMU's command line; boot is kernel, bios or uefi (the last two: the ISO)."""
        command = [self.qemu, "-M", self.board + board, "-cpu", cpu, "-m", memory, "-nodefaults", "-no-reboot",
                   "-serial", "stdio", "-display", "none", *self.exit_device, *extra]
        if boot == "kernel":
            return command + ["-kernel", os.path.join(self.folder(broken), self.image), "-append", cmdline]
        if boot == "uefi":
            command += ["-bios", "/usr/share/ovmf/OVMF.fd"]
        command += ["-drive", f"if=none,id=cd,media=cdrom,readonly=on,format=raw,file={self.folder(broken)}/amber.iso",
                    "-device", "ide-cd,drive=cd,bootindex=0"]
        return command + (["-smbios", "type=1,serial=" + cmdline.replace(",", ",,")] if cmdline else [])


X86_64 = Machine(
    "x86_64", "qemu-system-x86_64", "q35", ("-device", "isa-debug-exit,iobase=0xf4,iosize=4"),
    {"ok": 33, "failed": 35, "panic": 37, "sealed": 39}, "amber.elf", 0, 0x200000, "pvh")
AARCH64 = Machine(
    "aarch64", "qemu-system-aarch64", "virt,dtb-randomness=off", ("-semihosting-config", "enable=on,target=gdb"),
    {"ok": 0, "failed": 1, "panic": 2, "sealed": 3}, "Image", 0x40000000, 0x40200000, "image")
MACHINES = {m.name: m for m in (X86_64, AARCH64)}
