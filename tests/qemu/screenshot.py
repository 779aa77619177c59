# SPDX-License-Identifier: MIT
"""tests/qemu/screenshot.py: the text on a guest's display, read from a picture of it.

Each cell must be, dot by dot, one glyph of the font in one of the three colour pairs; anything else is an error. The font
comes from elsewhere than the picture: from the PSF file for a framebuffer, from the VGA BIOS for a text screen.
"""
import os
import struct

import psf_font

COLUMNS, ROWS, GLYPH_ROWS, WORD_MAX = 80, 25, 16, 24
PSF = "/usr/share/consolefonts/Lat15-VGA16.psf.gz"
GREY, BLACK, WHITE, RED = b"\xaa\xaa\xaa", b"\0\0\0", b"\xff\xff\xff", b"\xaa\0\0"
VGA_GREY, VGA_RED = b"\xa8\xa8\xa8", b"\xa8\0\0"  # its palette has six bits for each colour
# Text and ground. An empty cell under the cursor is all grey, which is no character in the ordinary colours.
COLOURS = {(GREY, BLACK): "", (WHITE, RED): "red", (BLACK, GREY): "cursor",
           (VGA_GREY, BLACK): "", (WHITE, VGA_RED): "red", (BLACK, VGA_GREY): "cursor"}
CHARACTERS = [chr(c) for c in range(0x20, 0x7F)]
FONT_VECTOR = 0x43 * 4  # real-mode interrupt vector 43h points to the font that the BIOS has loaded


class Picture:
    """A PPM file (binary, 8 bits per colour)."""

    def __init__(self, data):
        fields = data.split(maxsplit=4)
        assert fields[0] == b"P6" and fields[3] == b"255", "no binary PPM"
        self.width, self.height = int(fields[1]), int(fields[2])
        self.pixels = data[-3 * self.width * self.height:]

    def row(self, x, y, count):
        """The bytes of `count` pixels."""
        at = 3 * (y * self.width + x)
        return self.pixels[at:at + 3 * count]


def take(guest):
    """A picture of the guest's display now."""
    path = os.path.join(guest.folder, "screen.ppm")
    guest.qmp.execute("screendump", filename=path)
    with open(path, "rb") as f:
        return Picture(f.read())


def psf_glyphs():
    return as_dots(psf_font.ascii_glyphs(PSF), 8)


def bios_glyphs(guest):
    """The font of the guest's own VGA BIOS, whose cells are nine dots wide; the ninth is always empty for ASCII."""
    offset, segment = struct.unpack("<HH", guest.qmp.memory(FONT_VECTOR, 4))
    font = guest.qmp.memory(16 * segment + offset, 256 * GLYPH_ROWS)
    return as_dots([font[GLYPH_ROWS * ord(c):GLYPH_ROWS * (ord(c) + 1)] for c in CHARACTERS], 9)


def as_dots(glyphs, width):
    """{rows of 0 and 1: character}."""
    found = {tuple(tuple(int(bool(byte & (0x80 >> x))) for x in range(width)) for byte in glyph): c
             for c, glyph in zip(CHARACTERS, glyphs)}
    assert len(found) == len(CHARACTERS), "the font has two characters that look alike"
    return found


def cell(picture, glyphs, width, x, y, scale):
    """(character, style) of the cell whose first dot is at x, y."""
    rows = [picture.row(x, y + i, width * scale) for i in range(GLYPH_ROWS * scale)]
    assert all(row == rows[i // scale * scale] for i, row in enumerate(rows)), f"torn rows at {x}, {y}"
    rows = [[row[i:i + 3] for i in range(0, len(row), 3)] for row in rows[::scale]]
    seen = {pixel for row in rows for pixel in row}
    assert all(row == [row[i // scale * scale] for i in range(len(row))] for row in rows), f"torn columns at {x}, {y}"
    possible = [c for c in COLOURS if seen <= set(c)]
    assert possible, f"colours {seen} at {x}, {y}"
    for colours in possible:
        small = tuple(tuple(int(pixel == colours[0]) for pixel in row[::scale]) for row in rows)
        if small in glyphs:
            return glyphs[small], COLOURS[colours]
    raise AssertionError(f"no character at {x}, {y}: " + "/".join("".join(".#"[d] for d in row) for row in small))


def read(picture, glyphs):
    """25 rows of (text without spaces at its end, are its cells white on red?), without a cursor."""
    rows, cursors = read_with_cursor(picture, glyphs)
    assert cursors == [], f"a cursor at {cursors}"
    return rows


def read_with_cursor(picture, glyphs):
    """The same, and a list of the cells in reversed colours: (column, row). The rest of the picture must be black."""
    width = len(next(iter(glyphs))[0])
    scale = min(picture.width // (COLUMNS * width), picture.height // (ROWS * GLYPH_ROWS))
    assert scale >= 1, f"{picture.width} x {picture.height} is too small"
    left, top = (picture.width - COLUMNS * width * scale) // 2, (picture.height - ROWS * GLYPH_ROWS * scale) // 2
    assert_black_outside(picture, left, top, COLUMNS * width * scale, ROWS * GLYPH_ROWS * scale)
    rows, cursors = [], []
    for r in range(ROWS):
        cells = [cell(picture, glyphs, width, left + c * width * scale, top + r * GLYPH_ROWS * scale, scale) for c in range(COLUMNS)]
        cursors += [(c, r) for c, (_, style) in enumerate(cells) if style == "cursor"]
        styles = {style for _, style in cells if style != "cursor"}
        assert len(styles) == 1, f"row {r} has two colours"
        rows.append(("".join(c for c, _ in cells).rstrip(), styles == {"red"}))
    return rows, cursors


def assert_black_outside(picture, left, top, width, height):
    for y in range(picture.height):
        row = picture.row(0, y, picture.width)
        outside = row[:3 * left] + row[3 * (left + width):] if top <= y < top + height else row
        assert not any(outside), f"row {y} of the picture is not black beside the text"


def wrapped(line):
    """A kernel line in rows of 80: words stay whole if a blank is among the row's last 24."""
    while len(line) > COLUMNS:
        at = COLUMNS if line[COLUMNS] == " " else line.rfind(" ", COLUMNS - WORD_MAX, COLUMNS) + 1 or COLUMNS
        yield line[:at]
        line = line[at:].removeprefix(" ") if at == COLUMNS else line[at:]
    yield line


def expected(guest):
    """The same, from the serial line: the kernel's lines up to the registers (those and what follows are on serial only),
    as rows of 80."""
    lines = [line for line in guest.people_lines if guest.is_kernel_line(line)]
    end = next((i for i, line in enumerate(lines) if "] regs: " in line or ", code 0x" in line), len(lines))
    rows = []
    for line in lines[:end]:
        is_error = line.split("] ", 1)[1].startswith("panic: ")
        rows += [(row.rstrip(), is_error) for row in wrapped(line)]
    return rows[-ROWS:] + [("", False)] * (ROWS - len(rows))
