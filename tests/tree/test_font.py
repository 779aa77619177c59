# SPDX-License-Identifier: MIT
"""tests/tree/test_font.py: tools/psf_font.py: the font in the kernel is the PSF file's, and a bad file is one clear line."""
import gzip
import os
import struct
import subprocess

import psf_font
import pytest
from machines import TOP
from screenshot import PSF

TOOL = os.path.join(TOP, "tools", "psf_font.py")
ASCII = [chr(c) for c in range(0x20, 0x7F)]


def run(path, out):
    return subprocess.run(["/usr/bin/python3", TOOL, str(path), str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def version_1(height=16, mode=3, shift=0):
    """512 glyphs; the character c is glyph c + shift."""
    glyphs = b"".join(bytes([i & 0xFF, i >> 8]) + bytes(height - 2) for i in range(512))
    table = b"".join(struct.pack("<HH", i - shift if i >= shift else 0xFFFE, 0xFFFF) for i in range(512))
    return bytes([0x36, 4, mode, height]) + glyphs + table


def version_2(width=8, flags=1):
    glyphs = b"".join(bytes([i]) * 16 for i in range(256))
    return b"\x72\xb5\x4a\x86" + struct.pack("<7I", 0, 32, flags, 256, 16, 16, width) + glyphs + \
        b"".join((chr(i).encode() if i < 0x80 else b"") + b"\xff" for i in range(256))


def test_the_kernel_has_this_font():
    with open(os.path.join(TOP, "build", "font.bin"), "rb") as f:
        font = f.read()
    assert font == b"".join(psf_font.ascii_glyphs(PSF)) and len(font) == 95 * 16
    with open(os.path.join(TOP, "build", "x86_64", "amber.elf"), "rb") as f:
        assert font in f.read()


def test_the_font_can_be_read():
    """No vacuous font: the space is empty, every other character has dots of its own."""
    glyphs = psf_font.ascii_glyphs(PSF)
    assert not any(glyphs[0]) and all(any(g) for g in glyphs[1:]) and len(set(glyphs)) == 95


@pytest.mark.parametrize("shift", [0, 100])
def test_version_1_by_its_table(tmp_path, shift):
    (tmp_path / "font").write_bytes(gzip.compress(version_1(shift=shift)))
    assert psf_font.ascii_glyphs(tmp_path / "font") == [bytes([(ord(c) + shift) & 0xFF, (ord(c) + shift) >> 8]) + bytes(14) for c in ASCII]


def test_version_2(tmp_path):
    (tmp_path / "font").write_bytes(version_2())
    assert psf_font.ascii_glyphs(tmp_path / "font") == [bytes([ord(c)]) * 16 for c in ASCII]


BAD = {"empty": b"", "text": b"no font at all", "14 rows": version_1(height=14), "no table": version_1(mode=1), "wide": version_2(width=9),
       "no table 2": version_2(flags=0), "short": version_1()[:5000], "short 2": version_2()[:20], "no a": version_1(shift=500),
       "gzip": gzip.compress(version_1())[:100]}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line(tmp_path, name):
    (tmp_path / "font").write_bytes(BAD[name])
    done = run(tmp_path / "font", tmp_path / "out")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"psf_font.py: {tmp_path}/font: ") and not (tmp_path / "out").exists()


def test_a_missing_file_says_what_to_do(tmp_path):
    done = run(tmp_path / "font", tmp_path / "out")
    assert done.returncode == 1 and "run 'make setup' first" in done.stderr and done.stderr.count("\n") == 1
