# SPDX-License-Identifier: MIT
"""tools/seal_map/snapshot.py: one boot in QEMU, and its page tables as they are before the seal and after it.

They are read from outside, in the machine's memory, by the tests' own walker (tests/qemu/page_tables.py): the kernel is not asked.
It is stopped at the first instruction of seal(), through QEMU's gdb stub.
"""
import os
import socket
import struct
import tempfile
import time
from collections import namedtuple

import outside
import page_tables
from handle_tables import Layout
from machines import IMAGE_BASE
from runner import start

SECONDS = 240
# roots: {name: leaves}; frame_types: {physical address of a frame: its name in mm/frame.h}; programs: {space N NAME: user mode's leaves}
Snapshot = namedtuple("Snapshot", "when roots frame_types programs")
Run = namedtuple("Run", "machine broken cmdline version seal ranges before after")
# Parts of the image, with the symbols at their edges.
IMAGE_PARTS = (("text", "__text_start", "__text_end"), ("rodata", "__rodata_start", "__user_archive_start"),
               ("programs", "__user_archive_start", "__rodata_end"), ("init", "__init_start", "__init_end"),
               ("ro_after_init", "__ro_after_init_start", "__ro_after_init_end"), ("ro_core", "__ro_core_start", "__ro_core_end"),
               ("data", "__data_start", "__bss_end"))


class Stub:
    """QEMU's gdb stub, as far as one break point needs it (GDB manual, appendix E)."""

    def __init__(self, path):
        deadline = time.monotonic() + SECONDS
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self.stream = self.socket.makefile("rb")

    def ask(self, text):
        """The answer; for `c`: when it has stopped."""
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 255))
        while self.stream.read(1) != b"$":
            continue
        answer = b""
        while not answer.endswith(b"#"):
            answer += self.stream.read(1)
        self.stream.read(2)
        self.socket.sendall(b"+")
        return answer[:-1].decode()

    def run_to(self, address):
        for text, expected in ((f"Z1,{address:x},1", "OK"), ("c", "T"), (f"z1,{address:x},1", "OK")):
            answer = self.ask(text)
            if not answer.startswith(expected):
                raise OSError(f"QEMU's gdb stub: {text}: {answer}")

    def go_on(self):
        self.ask("D")
        self.stream.close()
        self.socket.close()


def read_word(guest, symbol):
    return struct.unpack("<Q", guest.read_symbol(symbol, 8))[0]


def types_of_frames(guest):
    names = {number: name for name, number in outside.frame_types().items()}
    table, first, count = struct.unpack("<3Q", guest.read_symbol("frame_table", 24))
    entries = struct.iter_unpack("<BBH", guest.physical(table, 4 * count))
    return {(first + i) << 12: names[entry[0]] for i, entry in enumerate(entries)}


def before_the_seal(guest):
    roots = {name: page_tables.leaves(guest.physical, guest.machine, read_word(guest, f"{name}_root_frame")) for name in ("kernel", "gate")}
    return Snapshot("before the seal", roots, types_of_frames(guest), {})


def spaces(guest):
    """{root table: space N NAME}, by the kernel's list of them."""
    at = Layout(guest.machine.elf(guest.broken), ["space", "address_space"]).at

    def read(address, count):
        return guest.physical(guest.image_physical(address) if address >= IMAGE_BASE else address - outside.DIRECT_MAP, count)

    def word(address):
        return struct.unpack("<Q", read(address, 8))[0]

    head, found = guest.symbol("all_spaces"), {}
    link = word(head)
    while link != head:
        space = link - at["space.all"]
        name = read(space + at["space.name"], 32).split(b"\0")[0].decode("ascii", "replace")
        found[word(space + at["space.memory"] + at["address_space.root"])] = f"space {word(space + at['space.number'])} {name}"
        link = word(link)
    return found


def after_the_seal(guest):
    view = outside.View(guest)
    names = {view.kernel_root: "kernel", view.gate_root: "gate"}
    names.update({root: f"dry-run {i}" for i, root in enumerate(view.dry_run_roots)})
    names.update({root: f"space {i + 1}" for i, root in enumerate(view.space_roots)})
    roots = {names[root]: [leaf for leaf in leaves if "u" not in leaf.perms] for root, leaves in view.leaves.items()}
    programs = {name: [leaf for leaf in view.leaves[root] if "u" in leaf.perms] for root, name in spaces(guest).items() if root in view.leaves}
    return Snapshot("after the seal", roots, {frame.pa: frame.type for frame in view.frame_table}, programs)


def take(machine, cmdline="", broken=False):
    """Boots up to the prompt, or to the halt behind a panic."""
    with tempfile.TemporaryDirectory(prefix="amber-map-") as folder:
        path = os.path.join(folder, "gdb")
        with start(machine, cmdline, raw=True, broken="x" if broken else "", memory_file=True, qmp=True,
                   extra=("-S", "-no-shutdown", "-gdb", f"unix:{path},server=on,wait=off")) as guest:
            stub = Stub(path)
            stub.run_to(guest.symbol("seal"))
            before = before_the_seal(guest)
            stub.go_on()
            guest.wait_event("seal")
            guest.wait_for(lambda: guest.named("exit") or guest.has_prompt(), "prompt or end")
            guest.qmp.execute("stop")
            ranges = [(name, guest.image_physical(guest.symbol(s)), guest.image_physical(guest.symbol(e))) for name, s, e in IMAGE_PARTS]
            return Run(machine, broken, cmdline, guest.one("boot")["version"], guest.one("seal"), ranges, before, after_the_seal(guest))
