# SPDX-License-Identifier: MIT
"""tests/qemu/outside.py: a running guest's page tables, read from outside, and the rules of the seal about them.

Each `no_…` function returns what breaks its rule, so an empty list is what a test wants. They judge frames, not
addresses: a frame may be reachable by several mappings.
"""
import os
import re
import struct
from collections import Counter, namedtuple
from contextlib import contextmanager

import page_tables
from machines import IMAGE_BASE, TOP
from runner import start

PERCPU_KERNEL_ROOT = 16  # include/amber/percpu.h
DIRECT_MAP, WINDOW, GATE_DEVICES, DEVICES = (0xFFFF800000000000 + n * 0x8000000000 for n in range(4))
STACKS, SLOT = 0xFFFFC00000000000, 0x8000000000
ROOT_FRAME = 0x0000FFFFFFFFF000


def frame_types():
    """{name: number}, as mm/frame.h has them."""
    with open(os.path.join(TOP, "mm", "frame.h"), encoding="utf-8") as f:
        names = re.findall(r"^\t(FRAME_\w+),", f.read().split("enum frame_type {")[1].split("};")[0], re.M)
    return {name.removeprefix("FRAME_").lower(): number for number, name in enumerate(names)}


Frame = namedtuple("Frame", "pa type level writable")


def frame_table(guest):
    """All entries: struct frame, by struct frame_table."""
    names = {number: name for name, number in frame_types().items()}
    table, first, count = struct.unpack("<3Q", guest.read_symbol("frame_table", 24))
    entries = struct.iter_unpack("<BBH", guest.physical(table, 4 * count))
    return [Frame((first + i) << 12, names[kind], level, writable) for i, (kind, level, writable) in enumerate(entries)]


class View:
    """Tables and mappings of all roots of a guest that stands still."""

    def __init__(self, guest):
        self.guest, self.machine = guest, guest.machine
        self.seal = guest.one("seal")
        self.frame_table = frame_table(guest)
        self.space_roots = [f.pa for f in self.frame_table if f.type in ("space_root", "dead_root")]
        self.gate_root = int(self.seal["gate_root"], 16)
        self.dry_run_roots = [int(r, 16) for r in self.seal["dry_run_roots"]]
        self.kernel_root = self._kernel_root()
        self.tables, self.leaves = {}, {}
        for root in (self.kernel_root, self.gate_root, *self.dry_run_roots, *self.space_roots):
            walked = list(page_tables.walk(guest.physical, self.machine, root, root in self.space_roots))
            self.tables[root] = [x for x in walked if isinstance(x, page_tables.Table)]
            self.leaves[root] = [x for x in walked if isinstance(x, page_tables.Leaf)]

    def _kernel_root(self):
        """From the CPU where the monitor shows it, else from the constant that is loaded."""
        stored = struct.unpack("<Q", self.guest.read_symbol("percpu", PERCPU_KERNEL_ROOT + 8)[PERCPU_KERNEL_ROOT:])[0] & ROOT_FRAME
        if self.machine.name == "x86_64":
            loaded = int(re.search(r"CR3=([0-9a-f]+)", self.guest.qmp.monitor("info registers"))[1], 16) & ROOT_FRAME
            known = (stored, *self.space_roots, self.gate_root, *self.dry_run_roots) if self.space_roots else (stored,)
            assert loaded in known, "CR3 is no root that there is"
        return stored

    @property
    def kernel(self):
        return self.leaves[self.kernel_root]

    @property
    def ordinary(self):
        """Mappings of every root but the gate's."""
        return [leaf for root, leaves in self.leaves.items() if root != self.gate_root for leaf in leaves]

    @property
    def user(self):
        """Leaves for user mode, of every space."""
        return [leaf for root in self.space_roots for leaf in self.leaves[root] if "u" in leaf.perms]

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
    """The View of a guest that has booted and idles at its prompt: with the spaces of supervisor, console driver and shell."""
    with start(machine, cmdline, memory_file=True, qmp=True, **options) as guest:
        guest.wait_prompt()
        guest.qmp.execute("stop")
        yield View(guest)


@contextmanager
def halted_view(machine, cmdline="", **options):
    """The View of a guest that has sealed and then idles at its prompt or, after a panic, has halted."""
    with start(machine, cmdline, memory_file=True, qmp=True, debug_exit=False, **options) as guest:
        guest.wait_event("seal")
        guest.wait_for(lambda: guest.named("exit") or guest.has_prompt(), "the prompt or the end")
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


def no_writable_user_seal(view):
    """Frames that map_seal made immutable have no writable mapping in any root but the gate's."""
    found = writable(view.ordinary)
    return [leaf for frame in view.frame_table if frame.type == "user_sealed"
            for leaf in page_tables.overlapping(found, frame.pa, frame.pa + 4096)]


def misplaced_user_leaves(view):
    """Leaves for user mode outside of the user half, or of frames that user mode must not see."""
    types = {frame.pa: frame.type for frame in view.frame_table}
    lower = [leaf for leaf in view.user if leaf.va >= 1 << 39 or types.get(leaf.pa, "reserved") not in ("user", "user_sealed", "sealed", "reserved")]
    return lower + [leaf for root, leaves in view.leaves.items() if root not in view.space_roots for leaf in leaves if "u" in leaf.perms]


def wrong_counts(view):
    """Frames whose number of writable, or of user mappings isn't what the tables say."""
    own = [leaf for root in view.space_roots for leaf in view.leaves[root] if leaf.va < 1 << 39]
    write, user = Counter(), Counter()
    for leaf in view.kernel + own:
        for page in range(leaf.pa, leaf.pa + leaf.size, 4096):
            write[page] += "w" in leaf.perms
            user[page] += "u" in leaf.perms
    is_user = ("user", "user_sealed")
    return [f for f in view.frame_table if f.writable != write[f.pa] or (f.type in is_user and f.level != user[f.pa])]


def no_writable_and_executable(view):
    """No mapping is both, and no frame that is executable here is writable there."""
    both = [leaf for leaves in view.leaves.values() for leaf in leaves if "w" in leaf.perms and leaf.perms & {"x", "e"}]
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
