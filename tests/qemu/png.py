# SPDX-License-Identifier: MIT
"""tests/qemu/png.py: a picture with at most 16 colours as a small PNG file, which needs no library. `python3 png.py IN.ppm OUT.png`"""
import struct
import sys
import zlib


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, pixels):
    """pixels: three bytes each, row by row."""
    dots = [pixels[i:i + 3] for i in range(0, 3 * width * height, 3)]
    palette = sorted(set(dots))
    bits = next(b for b in (1, 2, 4) if len(palette) <= 1 << b)
    number = {colour: i for i, colour in enumerate(palette)}
    rows = bytearray()
    for y in range(height):
        line = [number[d] for d in dots[y * width:(y + 1) * width]]
        line += [0] * (-width % (8 // bits))
        rows.append(0)  # no filter
        for x in range(0, len(line), 8 // bits):
            byte = 0
            for value in line[x:x + 8 // bits]:
                byte = byte << bits | value
            rows.append(byte)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)) +
            chunk(b"PLTE", b"".join(palette)) + chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + chunk(b"IEND", b""))


def main(source, target):
    with open(source, "rb") as f:
        data = f.read()
    _, width, height, _ = data.split(maxsplit=4)[:4]
    width, height = int(width), int(height)
    with open(target, "wb") as f:
        f.write(png(width, height, data[-3 * width * height:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
