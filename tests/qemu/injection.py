# SPDX-License-Identifier: MIT
"""tests/qemu/injection.py: what the forms of inject= write, worked out here and not taken from the kernel."""
SIZES = {"store1": 1, "store2": 2, "store4": 4, "store8": 8, "or": 8, "swap": 8, "cmpxchg": 8, "fill": 64}
FORMS = list(SIZES)
READ_MODIFY_WRITE = ("or", "cmpxchg")
KINDS = {"store1": "store", "store2": "store", "store4": "store", "store8": "store", "or": "atomic", "swap": "atomic",
         "cmpxchg": "atomic"}
WORD = (0x5EA1ED).to_bytes(8, "little")
DIRECT_MAP_BASE, WINDOW_BASE = 0xFFFF800000000000, 0xFFFF808000000000


def written(form, before, value):
    """The bytes behind the store; before: as many bytes as the form writes."""
    size = SIZES[form]
    assert len(before) == size
    if form == "fill":
        return bytes([value & 0xFF]) * size
    if form == "or":
        value |= int.from_bytes(before, "little")
    return value.to_bytes(size, "little")


def value_for(form):
    """A value that fits and changes every byte of memory filled with 0x11 (or, for `or`, every byte)."""
    return int.from_bytes(bytes(range(0xA4, 0xA4 + min(SIZES[form], 8))), "little")


def apply(record, base, before):
    """`before` (bytes at address base) with the record's new bytes in it."""
    at = int(record["addr"], 16) - base
    new = bytes.fromhex(record["new"])
    assert 0 <= at and at + len(new) <= len(before), f"the record lies outside: {record}"
    return before[:at] + new + before[at + len(new):]
