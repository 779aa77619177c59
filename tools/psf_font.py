#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/psf_font.py: printable ASCII of a PC screen font, as raw bytes for the kernel's framebuffer console.

  psf_font.py PSF OUT

PSF (version 1 or 2, gzip or not) must have glyphs of 8 x 16 dots and a Unicode table. OUT gets 95 glyphs, 0x20 to
0x7e, of 16 bytes each. Also used by the tests, which read screenshots with the same font. Format: kbd's psf.h.
"""
import gzip
import struct
import sys

FIRST, LAST = 0x20, 0x7E
WIDTH, HEIGHT = 8, 16
MAGIC_1, MAGIC_2 = b"\x36\x04", b"\x72\xb5\x4a\x86"
MODE_512, MODE_TABLE = 1, 2 | 4
FLAG_TABLE = 1


def glyphs(data):
    """{character: 16 bytes} of a font file's contents; ValueError says what is wrong."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:4] == MAGIC_2:
        return version_2(data)
    if data[:2] == MAGIC_1:
        return version_1(data)
    raise ValueError("no PC screen font")


def version_1(data):
    mode, height = data[2], data[3]
    if height != HEIGHT:
        raise ValueError(f"glyphs of 8 x {height} dots, not {WIDTH} x {HEIGHT}")
    if not mode & MODE_TABLE:
        raise ValueError("no Unicode table")
    count = 512 if mode & MODE_512 else 256
    rest = data[4 + count * HEIGHT:]
    units = struct.unpack(f"<{len(rest) // 2}H", rest[:len(rest) // 2 * 2])
    entries, entry = [], []
    for unit in units:
        if unit == 0xFFFF:
            entries.append(entry)
            entry = []
        else:
            entry.append(chr(unit) if unit < 0xFFFE else "")
    return assign(data[4:], HEIGHT, count, entries)


def version_2(data):
    _, start, flags, count, size, height, width = struct.unpack_from("<7I", data, 4)
    if (width, height, size) != (WIDTH, HEIGHT, HEIGHT):
        raise ValueError(f"glyphs of {width} x {height} dots, not {WIDTH} x {HEIGHT}")
    if not flags & FLAG_TABLE:
        raise ValueError("no Unicode table")
    table = data[start + count * size:].split(b"\xff")
    return assign(data[start:], size, count, [list(e.split(b"\xfe")[0].decode("utf-8")) for e in table])


def assign(data, size, count, entries):
    if len(data) < size * count or len(entries) < count:
        raise ValueError("the file is too short")
    return {c: data[i * size:(i + 1) * size] for i in range(count - 1, -1, -1) for c in entries[i] if c}


def ascii_glyphs(path):
    """The 95 that the kernel has, in order."""
    with open(path, "rb") as f:
        found = glyphs(f.read())
    missing = [hex(c) for c in range(FIRST, LAST + 1) if chr(c) not in found]
    if missing:
        raise ValueError(f"no glyph for {', '.join(missing)}")
    return [found[chr(c)] for c in range(FIRST, LAST + 1)]


def main(args):
    if len(args) != 2:
        sys.exit(__doc__)
    try:
        font = b"".join(ascii_glyphs(args[0]))
        with open(args[1], "wb") as f:
            f.write(font)
    except FileNotFoundError:
        sys.exit(f"psf_font.py: {args[0]} is missing (Debian's package console-setup-linux): run 'make setup' first")
    except (OSError, EOFError, ValueError, struct.error, IndexError) as error:
        sys.exit(f"psf_font.py: {args[0]}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
