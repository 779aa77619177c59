# SPDX-License-Identifier: MIT
"""tools/gdb/roots.py: the root tables that there are, what each maps, and what a frame is."""
import json
from collections import Counter, namedtuple

import gdb
from entries import ADDRESS, FORMATS, all_mappings, letters, walk_to
from physical import LAYOUT, MASK, PAGE, Clear, kernel, name_of, read, register, translators

# shares: another root whose top-level entries it mostly has; low: it translates user addresses
Root = namedtuple("Root", "name table shares low")
Frame = namedtuple("Frame", "type level writable")
HIGH = 1 << 63
USER_AREAS = (("low", 0), ("program", "USER_START"), ("stack", "FIRST_STACK"), ("message page", "FIRST_STACK_TOP"),
              ("program", "BEHIND_STACK"), ("vdso data", "VDSO_DATA_ADDRESS"), ("vdso code", "VDSO_CODE_ADDRESS"))
KERNEL_AREAS = (("direct map", "DIRECT_MAP_BASE"), ("window", "WINDOW_BASE"), ("gate devices", "GATE_DEVICE_BASE"),
                ("devices", "DEVICE_BASE"), ("stacks", "STACK_BASE"), ("text", "__text_start"), ("rodata", "__rodata_start"),
                ("programs", "__user_archive_start"), ("init", "__init_start"), ("ro_after_init", "__ro_after_init_start"),
                ("ro_core", "__ro_core_start"), ("data", "__ro_core_end"), ("behind the image", "__image_end"))


def form():
    return FORMATS[kernel().machine]


# --- which roots -------------------------------------------------------------------------------------------

def loaded(address):
    """The table that translates this address on the selected CPU now; a Clear if none does."""
    if kernel().machine == "aarch64":
        if not register("SCTLR") & 1:
            raise Clear("paging is off: an address is a physical one")
        return register("TTBR1_EL1" if address & 1 << 55 else "TTBR0_EL1") & ADDRESS & ~1
    if not register("cr0") & 1 << 31:
        raise Clear("paging is off: an address is a physical one")
    if not register("efer") & 1 << 10:
        raise Clear("paging of 32-bit mode, which Amber never uses")
    if register("cr4") & 1 << 12:
        raise Clear("five-level paging, which Amber never uses")
    return register("cr3") & ADDRESS


def is_dry_run():
    """Is a dry run's root loaded? Then the instruction is being tried out, not run."""
    cpus = kernel().variable("percpu")
    table = loaded(MASK)
    return any(int(cpus[cpu]["dry_root_frame"]) == table for cpu in range(cpus.type.range()[1] + 1))


def is_built():
    """Are there roots of the kernel's own?"""
    return kernel().number("kernel_root_frame") != 0


def roots():
    """Each root that there is, the kernel's first."""
    core = kernel()
    base = core.number("kernel_root_frame")
    if not base:
        raise Clear("the kernel has built no root tables yet (its boot tables: `amber map` without a name)")
    found = [Root("kernel", base, 0, False), Root("gate", core.number("gate_root_frame"), base, False)]
    if core.number("bringup_root_frame"):
        found.append(Root("bring-up", core.number("bringup_root_frame"), base, True))
    cpus = core.variable("percpu")
    for cpu in range(cpus.type.range()[1] + 1):
        if int(cpus[cpu]["dry_root_frame"]):
            found.append(Root(f"dry-run {cpu}", int(cpus[cpu]["dry_root_frame"]), base, False))
    return found + [root for root in spaces() if root.table]


def spaces():
    core = kernel()
    if not int(core.variable("all_spaces")["next"]):
        return
    for _, space in core.list(core.edge("all_spaces"), "struct space", "all"):
        yield Root(f"space {int(space['number'])} {name_of(space['name'])}", int(space["memory"]["root"]),
                   core.number("kernel_root_frame") if core.machine == "x86_64" else 0, True)


def root_named(text):
    """By its name, a program's name, or the physical address of its table."""
    known = roots()
    found = [root for root in known if text in (root.name, root.name.split(" ", 2)[-1] if root.name.startswith("space ") else "",
                                                f"{root.table:#x}")]
    if len(found) > 1:
        raise Clear(f"'{text}' is ambiguous: {', '.join(root.name for root in found)}")
    if not found:
        raise Clear(f"no root table '{text}' (there are: {', '.join(root.name for root in known)})")
    return found[0]


def name_of_root(table):
    if not is_built():
        return "the boot tables"
    return next((root.name for root in roots() if root.table == table), "a root of nobody's")


def check_address(address, root=None):
    """A table's index is made of 48 bits only: a walk would find something for addresses that nothing translates."""
    start = form().like_from
    if address >> start not in (0, MASK >> start):
        raise Clear(f"{address:#x} is not canonical (its bits 63 to {start} are not alike): no table translates it")
    if root and kernel().machine == "aarch64" and root.low == bool(address >> 63):
        raise Clear(f"root {root.name} translates the {'lower' if root.low else 'upper'} half only, not {address:#x}")


def translate(address):
    """By the kernel's own tables, once they are built; else by those that are loaded."""
    root = kernel().number("kernel_root_frame") or loaded(address)
    _, mapping = walk_to(form(), root, address)
    return mapping.frame + address - mapping.start if mapping else None


translators.append(translate)


# --- frames, areas -----------------------------------------------------------------------------------------

def type_names():
    """As the kernel says them (mm/frame.c:frame_type_text)."""
    names = [f.name.removeprefix("FRAME_").lower().replace("_", "-") for f in gdb.lookup_type("enum frame_type").fields()]
    return [{"arena": "unused", "dry-table": "dry-run-table"}.get(name, name) for name in names]


def frame_at(physical):
    """Its entry in the frame table; None where there is none (yet)."""
    table = kernel().variable("frame_table")
    index = (physical >> 12) - int(table["first"])
    if not int(table["table"]) or not 0 <= index < int(table["count"]):
        return None
    kind, level, low, high = read(int(table["table"]) + 4 * index, 4)
    return Frame(type_names()[kind], level, low | high << 8)


def frame_kinds():
    """{frame number: its type's number} as (first, bytes): all entries at once, for the map."""
    table = kernel().variable("frame_table")
    if not int(table["table"]):
        return 0, b""
    return int(table["first"]), read(int(table["table"]), 4 * int(table["count"]))[::4]


def area_starts(is_user):
    values = dict(LAYOUT, **kernel().symbols.edges)
    values["FIRST_STACK"] = LAYOUT["FIRST_STACK_TOP"] - LAYOUT["STACK_BYTES"]
    values["BEHIND_STACK"] = LAYOUT["FIRST_STACK_TOP"] + PAGE
    return [(values.get(start, start), name) for name, start in (USER_AREAS if is_user else KERNEL_AREAS)]


class Areas:
    """Which area a mapping lies in, and where that ends: the names of kernel/system_maps.c:area_at."""

    def __init__(self):
        core = kernel()
        self.user, self.kernel = area_starts(True), area_starts(False)
        table = core.variable("frame_table")
        self.arena = (int(table["arena_start"]), int(table["arena_end"])) if int(table["table"]) else (0, 0)
        try:
            self.image = (core.image_physical(), core.image_physical() + core.edge("__image_end") - LAYOUT["IMAGE_BASE"])
        except Clear:
            self.image = (0, 0)
        first = frame_at(self.image[0] + core.edge("__init_start") - LAYOUT["IMAGE_BASE"]) if self.image[1] else None
        self.init_is_freed = first is not None and first.type != "init-text"

    def plain(self, address):
        name, end = "nothing that has a name", 1 << 64
        for start, text in self.user if address < HIGH else self.kernel:
            if start > address:
                end = start
                break
            name = text
        return name, end

    def at(self, m):
        """RAM is seen in the direct map, and for the gate in the window: there the name says what it is."""
        name, end = self.plain(m.start)
        if name not in ("direct map", "window"):
            return name, end
        if self.arena[0] <= m.frame < self.arena[1]:
            return f"{name}: arena", m.start + self.arena[1] - m.frame
        if m.bytes == PAGE and self.image[0] <= m.frame < self.image[1]:
            part, part_end = self.plain(m.frame - self.image[0] + LAYOUT["IMAGE_BASE"])
            part = "was init" if part == "init" and self.init_is_freed else part
            return f"{name}: {part}", m.start + part_end - LAYOUT["IMAGE_BASE"] + self.image[0] - m.frame
        return name, end

    def begins_part(self, m):
        return m.frame in (self.image[0], self.arena[0])


# --- runs of mappings --------------------------------------------------------------------------------------

Run = namedtuple("Run", "start end physical rights page area")


def joined(mappings):
    """Like neighbours joined: same rights, size and area, and frames that follow each other."""
    areas, run, area_end = Areas(), None, 0
    for m in mappings:
        if run and m.start == run.end and m.start != area_end and m.rights == run.rights and m.bytes == run.page and \
                m.frame == run.physical + run.end - run.start and not (areas.begins_part(m) and areas.at(m)[0] != run.area):
            run = run._replace(end=m.start + m.bytes)
            continue
        if run:
            yield run
        area, area_end = areas.at(m)
        run = Run(m.start, m.start + m.bytes, m.frame, m.rights, m.bytes, area)
    if run:
        yield run


def mappings_of(root, is_all=False):
    """Every leaf of a root; without is_all those only that it doesn't share with the kernel's."""
    is_high = kernel().machine == "aarch64" and not root.low
    return all_mappings(form(), root.table, is_high, None if is_all else root.shares)


def runs_of(root, is_all=False):
    return list(joined(mappings_of(root, is_all)))


def as_json(root):
    """Line by line what the shell's `maps --json` says, keys and all."""
    name = "space " + root.name.split(" ", 2)[2] if root.name.startswith("space ") else root.name
    for run in runs_of(root, True):
        yield json.dumps({"root": f"0x{root.table:016x}", "name": name, "start": f"0x{run.start & MASK:016x}",
                          "end": f"0x{run.end & MASK:016x}", "physical": f"0x{run.physical:016x}", "perms": letters(run.rights),
                          "device": "d" in run.rights, "page": run.page, "region": run.area}, separators=(",", ":"))


def size_text(count):
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"


def kinds_text(run, first, kinds, names):
    """What the frames behind a run are, if it is not too much to say."""
    start = (run.physical >> 12) - first
    there = kinds[max(start, 0):max(start + (run.end - run.start >> 12), 0)]
    counted = [names[kind] for kind, _ in Counter(there).most_common()]
    return ", ".join(counted[:4]) + (" …" if len(counted) > 4 else "")


def map_lines(root):
    first, kinds = frame_kinds()
    names, totals = type_names(), Counter()
    yield f"root {root.name}, table at {root.table:#x}"
    for run in runs_of(root):
        bytes_ = run.end - run.start
        totals[letters(run.rights)] += bytes_
        kinds_ = kinds_text(run, first, kinds, names)
        yield (f"  0x{run.start:016x}-0x{run.end & MASK:016x}  {size_text(bytes_):>9}  {letters(run.rights)}  "
               f"{size_text(run.page):>5}  -> {run.physical:#012x}  {run.area}" + (", device" if "d" in run.rights else "") +
               (f" ({kinds_})" if kinds_ else ""))
    if root.shares:
        yield "  and what the root kernel maps, in the entries that both have"
    yield "  in all: " + (", ".join(f"{perms} {size_text(count)}" for perms, count in sorted(totals.items())) or "nothing")
