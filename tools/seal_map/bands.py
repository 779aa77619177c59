# SPDX-License-Identifier: MIT
"""tools/seal_map/bands.py: mappings become bands: neighbours that belong together, with the part of the kernel that they show; and
which bands must not be: a frame that is sealed here and writable there, or writable and executable at once."""
from collections import namedtuple

import outside
from machines import IMAGE_BASE

PAGE = 4096
# A run of mappings: va and pa grow together. root: whose table. part: what lies in the frames.
Band = namedtuple("Band", "root area part va pa bytes perms page")
ARENA = ("arena", "table", "root", "gate_table", "dry_table", "user_table", "space_root", "dead_root", "shadow", "gate_stack", "frame_table",
         "ring", "state")
PARTS = {"arena": "page tables", "ram": "RAM", "devices": "devices"}
AREAS = ((outside.DIRECT_MAP, "direct map"), (outside.WINDOW, "window"), (outside.GATE_DEVICES, "gate devices"), (outside.DEVICES, "devices"),
         (outside.STACKS, "stacks"), (IMAGE_BASE, "image"))
PROGRAM = "program"  # the area of what user mode may use, in a program's own root
READ_ONLY_PARTS = ("text", "rodata", "programs", "ro_after_init", "ro_core")


def area_of(va):
    return next((name for base, name in reversed(AREAS) if va >= base), PROGRAM)


def letters(perms):
    """h: the hardware would set w by itself."""
    return "r" + ("w" if perms & {"w", "h"} else "-") + ("x" if perms & {"x", "e"} else "-")


class Parts:
    """What lies in a frame: a part of the image, the arena, other RAM, or a device's registers."""

    def __init__(self, run, snapshot):
        self.types = snapshot.frame_types
        in_image = [leaf for leaf in snapshot.roots["kernel"] if area_of(leaf.va) == "image"]
        self.ranges = [(self._name(name, start, in_image), start, end) for name, start, end in run.ranges]

    @staticmethod
    def _name(name, start, in_image):
        """The frames of init are ordinary RAM once the image doesn't map them any more."""
        is_mapped = any(leaf.pa <= start < leaf.pa + leaf.size for leaf in in_image)
        return "was init" if name == "init" and not is_mapped else name

    def of(self, pa, size=PAGE):
        """A block that has more in it than one part has the image."""
        if size > PAGE and any(start < pa + size and pa < end for _, start, end in self.ranges):
            return "image and RAM"
        for name, start, end in self.ranges:
            if start - start % PAGE <= pa < end and (name != "rodata" or pa + PAGE <= end - end % PAGE + PAGE):
                return name
        kind = self.types.get(pa)
        return PARTS["devices"] if kind is None else PARTS["arena"] if kind in ARENA else PARTS["ram"]


def bands_of(root, leaves, parts):
    """Leaves in the order of addresses become as few bands as tell the same."""
    found = []
    for leaf in leaves:
        new = Band(root, area_of(leaf.va), parts.of(leaf.pa, leaf.size), leaf.va, leaf.pa, leaf.size, letters(leaf.perms), leaf.size)
        last = found[-1] if found else None
        if last and (last.area, last.part, last.perms, last.page, last.va + last.bytes, last.pa + last.bytes) == (
                new.area, new.part, new.perms, new.page, new.va, new.pa):
            found[-1] = last._replace(bytes=last.bytes + new.bytes)
        else:
            found.append(new)
    return found


def all_bands(run, snapshot):
    """Of the kernel's root; of the gate's, what only that one has; what programs may use; of the others, what would be wrong."""
    parts = Parts(run, snapshot)
    found = bands_of("kernel", snapshot.roots["kernel"], parts)
    found += [band for band in bands_of("gate", snapshot.roots["gate"], parts) if band.area in ("window", "gate devices")]
    for root, leaves in snapshot.programs.items():
        found += bands_of(root, leaves, parts)
    known = {band[1:] for band in found}
    for root, leaves in snapshot.roots.items():
        if root not in ("kernel", "gate"):
            if root.startswith("dry-run"):  # where it writes to copies; those of a panic's store are still there
                leaves = [leaf for leaf in leaves if snapshot.frame_types.get(leaf.pa) != "shadow"]
            others = [band for band in bands_of(root, leaves, parts) if band[1:] not in known]
            found += [band for band in others if is_wrong(band, found)]
    return found


def overlap(a, b):
    return a.pa < b.pa + b.bytes and b.pa < a.pa + a.bytes


def sealed_here(band, bands):
    """Other mappings of its frames, if they are of the image, that can't be written."""
    return [b for b in bands if b.root == "kernel" and "w" not in b.perms and b.part in READ_ONLY_PARTS and overlap(b, band)]


def is_wrong(band, bands):
    if band.root == "gate" or "w" not in band.perms:
        return False
    return band.part == PARTS["arena"] or "x" in band.perms or bool(sealed_here(band, bands))


def wrong_bands(bands):
    return [band for band in bands if is_wrong(band, bands)]


def gone(before, after):
    """Parts of the image that are not mapped there any more."""
    left = {band.part for band in after if band.area == "image"}
    return [band for band in before if band.area == "image" and band.part not in left]
