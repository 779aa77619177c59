# SPDX-License-Identifier: MIT
"""tests/qemu/outside.py: a running guest's page tables, read from outside, and the rules of the seal about them.

Each `no_…` function returns what breaks its rule, so an empty list is what a test wants. They judge frames, not
addresses: a frame may be reachable by several mappings.
"""
import re
import struct
from contextlib import contextmanager

import page_tables
from machines import IMAGE_BASE
from runner import start

PERCPU_KERNEL_ROOT = 16  # include/amber/percpu.h
DIRECT_MAP, WINDOW, GATE_DEVICES, DEVICES = (0xFFFF800000000000 + n * 0x8000000000 for n in range(4))
STACKS, SLOT = 0xFFFFC00000000000, 0x8000000000
ROOT_FRAME = 0x0000FFFFFFFFF000


class View:
    """Tables and mappings of all roots of a guest that stands still."""

    def __init__(self, guest):
        self.guest, self.machine = guest, guest.machine
        self.seal = guest.one("seal")
        self.kernel_root = self._kernel_root()
        self.gate_root = int(self.seal["gate_root"], 16)
        self.dry_run_roots = [int(r, 16) for r in self.seal["dry_run_roots"]]
        self.tables, self.leaves = {}, {}
        for root in (self.kernel_root, self.gate_root, *self.dry_run_roots):
            walked = list(page_tables.walk(guest.physical, self.machine, root))
            self.tables[root] = [x for x in walked if isinstance(x, page_tables.Table)]
            self.leaves[root] = [x for x in walked if isinstance(x, page_tables.Leaf)]

    def _kernel_root(self):
        """From the CPU where the monitor shows it, else from the constant that is loaded."""
        stored = struct.unpack("<Q", self.guest.read_symbol("percpu", PERCPU_KERNEL_ROOT + 8)[PERCPU_KERNEL_ROOT:])[0] & ROOT_FRAME
        if self.machine.name == "x86_64":
            loaded = int(re.search(r"CR3=([0-9a-f]+)", self.guest.qmp.monitor("info registers"))[1], 16) & ROOT_FRAME
            assert loaded == stored, "CR3 is not the kernel's root"
        return stored

    @property
    def kernel(self):
        return self.leaves[self.kernel_root]

    @property
    def ordinary(self):
        """Mappings of every root but the gate's."""
        return [leaf for root, leaves in self.leaves.items() if root != self.gate_root for leaf in leaves]

    @property
    def table_frames(self):
        return sorted({t.pa for tables in self.tables.values() for t in tables})

    def frames(self, name):
        """Physical start and end of a range of the image: text, rodata, init, ro_after_init, ro_core."""
        return tuple(self.guest.image_physical(self.guest.symbol(f"__{name}_{edge}")) for edge in ("start", "end"))

    def addresses(self, name):
        return self.guest.symbol(f"__{name}_start"), self.guest.symbol(f"__{name}_end")


@contextmanager
def idle_view(machine, cmdline="", **options):
    """The View of a guest that has booted and idles."""
    with start(machine, cmdline, memory_file=True, qmp=True, **options) as guest:
        guest.wait_ready()
        guest.qmp.execute("stop")
        yield View(guest)


@contextmanager
def halted_view(machine, cmdline="", **options):
    """The View of a guest that has sealed and then idles or, after a panic, has halted."""
    with start(machine, cmdline, memory_file=True, qmp=True, debug_exit=False, **options) as guest:
        guest.wait_event("seal")
        guest.wait_for(lambda: guest.named("exit") or guest.said("ready"), "`ready` or the end")
        guest.qmp.execute("stop")
        yield View(guest)


def writable(leaves):
    return [leaf for leaf in leaves if leaf.perms & {"w", "h"}]


def no_writable_mapping(view, *names):
    """Of the frames of these ranges, in any root but the gate's."""
    found = writable(view.ordinary)
    return [leaf for name in names for leaf in page_tables.overlapping(found, *view.frames(name))]


def no_writable_table(view):
    found = writable(view.ordinary)
    return [leaf for frame in view.table_frames for leaf in page_tables.overlapping(found, frame, frame + 4096)]


def no_writable_and_executable(view):
    """No mapping is both, and no frame that is executable here is writable there."""
    both = [leaf for leaves in view.leaves.values() for leaf in leaves if {"w", "x"} <= leaf.perms]
    found = writable(view.ordinary)
    executable = [leaf for leaf in view.kernel if "x" in leaf.perms]
    return both + [w for x in executable for w in page_tables.overlapping(found, x.pa, x.pa + x.size)]


def init_still_mapped(view):
    start_, end = view.addresses("init")
    return [leaf for leaf in view.ordinary if leaf.va < end and start_ < leaf.va + leaf.size]


def image_part(view, start_, end):
    return [leaf for leaf in view.kernel if start_ <= leaf.va < end]


def in_slot(leaves, base):
    return [leaf for leaf in leaves if base <= leaf.va < base + SLOT]


def image_leaves(view):
    return [leaf for leaf in view.kernel if leaf.va >= IMAGE_BASE]


def mapped_at(view, physical):
    """Mappings of that page of device registers, in any root but the gate's."""
    return page_tables.overlapping(view.ordinary, physical, physical + 4096)
