# SPDX-License-Identifier: MIT
"""tools/seal_map/picture.py: where each band stands on the page, and what joins them; map.svg.jinja and map.html.jinja print it.

Two halves, before and after the seal. In each: the kernel's image, stacks and devices on the left, the direct map on the right, the
frames in between, each as high as its mapping in the direct map. Heights grow with the logarithm of the size: it is no scale.
"""
import math
import os
from collections import namedtuple

import jinja2

from . import bands as b

HALF, LEFT_X, PHYS_X, RIGHT_X = 580, (4, 196), (242, 118), (388, 186)  # each: x and width within the half
TOP, HEAD, GAP = 48, 18, 8
Box = namedtuple("Box", "x y w h name range info perms kind title bands")
SEALED = ("ro_after_init", "ro_core")
KINDS = {"r-x": "rx", "r--": "r", "rw-": "rw", "rwx": "rwx"}


def size_text(size):
    for unit, text in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {text}"
    return f"{size} B"


def height(size):
    return 27 + 0.8 * max(0, math.log2(size / 65536))


def cut(text, most):
    return text if len(text) <= most else text[:most - 1] + "…"


def virtual_range(va, size):
    """The end without the digits that are the same."""
    first, last = f"{va:016x}", f"{va + size - 1:016x}"
    return f"{first}–{last[8:]}" if first[:8] == last[:8] else f"{first}–{last[4:]}"


def physical_range(pa, size):
    return f"0x{pa:x}–0x{pa + size - 1:x}"


def info_text(bands):
    """Size, and the sizes of the pages."""
    pages = [size_text(page).replace(" ", "").removesuffix("iB") for page in sorted({band.page for band in bands})]
    return f"{size_text(sum(band.bytes for band in bands))} · {', '.join(pages)}"


class Half:
    """One snapshot's boxes and lines."""

    def __init__(self, number, snapshot, bands, ghosts):
        self.x0, self.is_after, self.title, self.bands = number * HALF, bool(number), snapshot.when, bands
        self.left, self.phys, self.right, self.headings, self.ribbons, self.red, self.red_boxes = [], [], [], [], [], [], []
        self.wrong = b.wrong_bands(bands)
        self._right_and_physical()
        self._left(ghosts)
        self._join()
        self.bottom = max(box.y + box.h for box in self.left + self.phys + self.right)

    def _box(self, column, place, y, bands, name, text, info, perms, kind, h=0):
        x, w = place
        title = "; ".join(f"{band.va:#x}–{band.va + band.bytes - 1:#x} {band.perms} {band.part}, frames {physical_range(band.pa, band.bytes)}"
                          for band in bands)
        box = Box(self.x0 + x, y, w, h or height(sum(band.bytes for band in bands)), name, text, info, perms, kind, title, bands)
        column.append(box)
        return y + box.h

    def _mapping(self, column, place, y, band, name=""):
        text = virtual_range(band.va, band.bytes)
        kind = KINDS[band.perms] + (" sealed" if self.is_after and band.part in SEALED and band.perms == "r--" else "")
        return self._box(column, place, y, [band], name or band.part, text, info_text([band]), band.perms, kind)

    def _group(self, y, bands, name, text):
        """Many small ones with the same rights as one box."""
        perms = bands[0].perms
        return self._box(self.left, LEFT_X, y, bands, name, text, info_text(bands), perms, KINDS[perms])

    def _heading(self, place, y, text):
        self.headings.append((self.x0 + place[0], y - 4, text))

    def _right_and_physical(self):
        y = TOP + HEAD
        self._heading(RIGHT_X, y, "virtual: direct map of RAM")
        self._heading(PHYS_X, y, "physical: frames")
        end = None
        for band in (x for x in self.bands if x.root == "kernel" and x.area == "direct map"):
            y += GAP if end not in (None, band.pa) else 0
            end = band.pa + band.bytes
            self._box(self.phys, PHYS_X, y, [band], band.part, physical_range(band.pa, band.bytes), "", "", "frame")
            y = self._mapping(self.right, RIGHT_X, y, band)
        self._device_frames(y + GAP)
        y += GAP + HEAD
        others = [band for band in self.wrong if band.root != "kernel" and band.area != b.PROGRAM]
        for band in others:
            y = self._mapping(self.right, RIGHT_X, y, band, f"{band.part} in root {band.root}")

    def _device_frames(self, y):
        devices = {(x.pa, x.bytes): x for x in self.bands if x.part == "devices"}  # a driver's are the kernel's, too
        for _, band in sorted(devices.items()):
            y = self._box(self.phys, PHYS_X, y, [band], "device registers", physical_range(band.pa, band.bytes), "", "", "frame")

    def _left(self, ghosts):
        y = TOP + HEAD
        self._heading(LEFT_X, y, "virtual: stacks, image, devices")
        by_area = {area: [x for x in self.bands if x.area == area] for area in ("stacks", "devices", "window", "gate devices")}
        for perms in sorted({x.perms for x in by_area["stacks"]}):
            group = [x for x in by_area["stacks"] if x.perms == perms]
            y = self._group(y, group, f"{len(group)} stacks", virtual_range(group[0].va, group[-1].va + group[-1].bytes - group[0].va))
        y += GAP
        ghosts = [ghost for ghost in ghosts if ghost.part not in {x.part for x in self.bands if x.area == "image"}]
        for band in sorted([x for x in self.bands if x.area == "image"] + ghosts, key=lambda x: x.va):
            if band in ghosts:
                y = self._box(self.left, LEFT_X, y, [band], band.part, virtual_range(band.va, band.bytes), "not mapped any more", "---", "ghost")
            else:
                y = self._mapping(self.left, LEFT_X, y, band)
        y += GAP
        for band in by_area["devices"]:
            y = self._mapping(self.left, LEFT_X, y, band)
        y += GAP + HEAD + 4
        self._heading(LEFT_X, y, "in the gate's root only: the one door")
        for area, name in (("window", "window"), ("gate devices", "devices")):
            for perms in sorted({x.perms for x in by_area[area]}):
                group = [x for x in by_area[area] if x.perms == perms]
                y = self._group(y, group, name, virtual_range(group[0].va, group[-1].va + group[-1].bytes - group[0].va))
        self._programs(y)

    def _programs(self, y):
        """What user mode may use, of all programs together: the table has each of them."""
        found = [x for x in self.bands if x.area == b.PROGRAM]
        if not found:
            return
        y += GAP + HEAD + 4
        names = sorted({x.root.split(" ", 2)[2] for x in found})
        self._heading(LEFT_X, y, cut(f"programs: {', '.join(names)}", 42))
        for perms in sorted({x.perms for x in found}):
            group = sorted((x for x in found if x.perms == perms), key=lambda x: x.va)
            y = self._group(y, group, "user mode", virtual_range(group[0].va, group[-1].va + group[-1].bytes - group[0].va))

    # --- what joins two mappings of one frame ------------------------------------------------------------------------

    @staticmethod
    def _part_of_box(box, pa, size):
        """Which piece of a box of frames, from y to y."""
        band = box.bands[0]
        first, last = max(pa, band.pa) - band.pa, min(pa + size, band.pa + band.bytes) - band.pa
        return box.y + box.h * first / band.bytes, box.y + box.h * last / band.bytes

    def _join(self):
        for box in self.left:
            if box.kind == "ghost" or box.bands[0].area == "window":
                continue
            for frames in self.phys:
                found = [x for x in box.bands if b.overlap(x, frames.bands[0])]
                if found:
                    start, end = min(x.pa for x in found), max(x.pa + x.bytes for x in found)
                    y0, y1 = self._part_of_box(frames, start, end - start)
                    self._ribbon(box, (box.y, box.y + box.h), frames, (y0, y1), box.kind.split()[0])
        for box in self.right:
            for frames in self.phys:
                if b.overlap(box.bands[0], frames.bands[0]):
                    piece = self._part_of_box(frames, box.bands[0].pa, box.bands[0].bytes)
                    self._ribbon(frames, piece, box, (box.y, box.y + box.h), box.kind.split()[0])
        for band in self.wrong:
            self._red_line(band)

    def _ribbon(self, a, ya, c, yc, kind):
        xa, xc = a.x + a.w, c.x
        middle = (xa + xc) / 2
        self.ribbons.append((f"M{xa},{ya[0]:.1f} C{middle},{ya[0]:.1f} {middle},{yc[0]:.1f} {xc},{yc[0]:.1f} V{yc[1]:.1f} "
                             f"C{middle},{yc[1]:.1f} {middle},{ya[1]:.1f} {xa},{ya[1]:.1f} Z", kind))

    def _red_line(self, band):
        """From where it is sealed over its frame to where it is writable: between the boxes, which have red edges."""
        there = next(box for box in self.right + self.left if band in box.bands)
        frames = next(box for box in self.phys if b.overlap(box.bands[0], band))
        sealed = [box for box in self.left + self.right for x in box.bands if x in b.sealed_here(band, self.bands)]
        path = "".join(self._between(one, other) for one, other in [(frames, there)] + [(box, frames) for box in sealed])
        self.red.append((path, band))
        self.red_boxes += [frames, there, *sealed]

    @staticmethod
    def _between(one, other):
        if one.x > other.x:
            one, other = other, one
        return f"M{one.x + one.w},{one.y + one.h / 2:.1f} L{other.x},{other.y + other.h / 2:.1f} "


def rows_of(halves):
    """Of the table: every band of both halves."""
    for half in halves:
        for band in half.bands:
            yield {"when": half.title, "root": band.root, "area": band.area,
                   "start": f"0x{band.va:016x}", "end": f"0x{band.va + band.bytes - 1:016x}",
                   "perms": band.perms, "size": size_text(band.bytes), "page": size_text(band.page), "part": band.part,
                   "frames": physical_range(band.pa, band.bytes), "wrong": band in half.wrong, "others": others_of(band, half)}


def others_of(band, half):
    """Of a program's mapping: which roots map its frames, too."""
    if band.area != b.PROGRAM:
        return ""
    return ", ".join(sorted({f"{x.root} {x.perms}" for x in half.bands if x is not band and b.overlap(x, band)}))


def story(run, halves):
    """What the picture says, in words."""
    before, after = ({x.part: x.perms for x in half.bands if x.area == "image"} for half in halves)
    for part in after.keys() | before.keys():
        if part not in after:
            yield f"{part} was mapped before the seal and isn't any more."
        elif before.get(part) != after[part]:
            yield f"{part} was {before.get(part)} before the seal and is {after[part]} after it."
    for band in halves[1].wrong:
        yield wrong_text(band)
    if not halves[1].wrong:
        yield "No frame that is sealed is writable in any root but the gate's." if run.seal["state"] == "sealed" else "Nothing is sealed."


def wrong_text(band):
    if "x" in band.perms:
        what = "writable and executable"
    else:
        what = "must never be writable, but is" if band.part == b.PARTS["arena"] else "sealed, but writable"
    return f"WRONG: {band.part}: {what} at 0x{band.va:016x} (frames {physical_range(band.pa, band.bytes)}, root {band.root})."


def draw(run):
    """(svg, html, what is wrong)"""
    both = [b.all_bands(run, snapshot) for snapshot in (run.before, run.after)]
    halves = [Half(0, run.before, both[0], []), Half(1, run.after, both[1], b.gone(*both))]
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(os.path.dirname(os.path.abspath(__file__))), autoescape=True,
                                     trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    wrong = halves[1].wrong
    values = {"run": run, "halves": halves, "width": 2 * HALF, "bottom": max(half.bottom for half in halves), "wrong": wrong,
              "complaints": [wrong_text(band) for band in wrong], "story": sorted(story(run, halves)), "rows": list(rows_of(halves))}
    svg = environment.get_template("map.svg.jinja").render(values)
    html = environment.get_template("map.html.jinja").render(values, svg=jinja2.utils.markupsafe.Markup(svg.split("?>\n", 1)[1]))
    return svg, html, values["complaints"]
