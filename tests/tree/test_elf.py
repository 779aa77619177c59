# SPDX-License-Identifier: MIT
"""tests/tree/test_elf.py: the linked kernels: tools/check_elf.py, symbols, the Image, what each is linked from."""
import os
import re
import struct

import check_elf
import elf
import pytest
from machines import MACHINES, TOP
from runner import kernel_elf

SYMBOLS = ["__image_start", "__image_end", "lab_sealed_word", "lab_sealed_page", "lab_sealed_next"] + \
    [f"__{name}_{edge}" for name in ("text", "rodata", "ro_after_init", "ro_core", "init") for edge in ("start", "end")]


@pytest.mark.parametrize("broken", [False, True], ids=["ordinary", "broken"])
def test_check_elf_finds_nothing(machine, broken):
    assert list(check_elf.check(machine.name, kernel_elf(machine, broken))) == []


@pytest.mark.parametrize("name", SYMBOLS)
def test_symbols_of_the_contract(machine, name):
    address = kernel_elf(machine).symbol(name)
    assert name == "lab_sealed_word" or address % 4096 == 0


def table(kernel):
    """The generated symbol table, read back: (start, bytes, name, file, kind)."""
    count = struct.unpack("<I", kernel.read(kernel.symbol("symbol_count"), 4))[0]
    at, files = kernel.symbol("symbol_table"), kernel.symbol("symbol_files")
    for i in range(count):
        low, size, name, _ = struct.unpack("<IIHH", kernel.read(at + 12 * i, 12))
        file = struct.unpack("<H", kernel.read(files + 2 * (size >> 24), 2))[0]
        yield 0xFFFFFFFF << 32 | low, size & 0x3FFFFF, name_at(kernel, name), name_at(kernel, file), size >> 22 & 3


def name_at(kernel, offset):
    """Spelled out: a code from 128 on stands for a text."""
    codes = text(kernel, kernel.symbol("symbol_names") + offset)
    tokens, texts = kernel.symbol("symbol_tokens"), kernel.symbol("symbol_token_texts")
    return b"".join(bytes((c,)) if c < 128 else text(kernel, texts + struct.unpack("<H", kernel.read(tokens + 2 * (c - 128), 2))[0])
                    for c in codes).decode()


def text(kernel, address):
    found = b""
    while not found.endswith(b"\0"):
        found += kernel.read(address + len(found), 1)
    return found[:-1]


def test_symbol_table(machine):
    kernel = kernel_elf(machine)
    entries = list(table(kernel))
    assert [e[0] for e in entries] == sorted(e[0] for e in entries)
    in_elf = {(s.value, s.size, s.name) for s in kernel.symbols if s.type in (elf.STT_FUNC, elf.STT_OBJECT)}
    assert in_elf <= {(start, size, name) for start, size, name, _, _ in entries}
    assert [(file, kind) for _, _, name, file, kind in entries if name == "lab_fill"] == [("lab.c", 1)]


def test_no_fill_bytes_are_instructions(machine):
    """The end of .text, padded to a page: traps, not a slide into the next section."""
    kernel = kernel_elf(machine)
    last = max(s.value + s.size for s in kernel.symbols if s.type == elf.STT_FUNC and s.value < kernel.symbol("__text_end"))
    tail = kernel.read(last, kernel.symbol("__text_end") - last)
    expected = b"\xcc" if machine.name == "x86_64" else b"\0"
    assert set(tail[16:]) <= set(expected)


def test_the_image_file():
    """arm64's boot protocol: magic number, and a size that covers .bss."""
    machine = MACHINES["aarch64"]
    with open(os.path.join(machine.folder(), "Image"), "rb") as f:
        header = f.read(64)
    _, _, text_offset, image_size, flags = struct.unpack_from("<IIQQQ", header)
    kernel = kernel_elf(machine)
    assert header[56:60] == b"ARM\x64" and text_offset == 0 and flags == 0xA
    assert image_size == kernel.symbol("__image_end") - kernel.symbol("__image_start")


def test_nothing_of_libfdt_stays():
    """It is all init memory, so it is gone after the seal."""
    kernel = kernel_elf(MACHINES["aarch64"])
    start, end = kernel.symbol("__init_start"), kernel.symbol("__init_end")
    found = [s for s in kernel.symbols if s.name.startswith("fdt_") and s.type in (elf.STT_FUNC, elf.STT_OBJECT)]
    assert found and all(start <= s.value < end for s in found)


def test_sections_that_sort_themselves_out():
    """A damaged copy is refused: here the text segment made writable."""
    machine = MACHINES["x86_64"]
    kernel = elf.Elf(machine.elf())
    first = next(i for i, s in enumerate(kernel.segments) if s.type == elf.PT_LOAD)
    kernel.segments[first] = kernel.segments[first]._replace(flags=7)
    assert any("writable and executable" in fault for fault in check_elf.check("x86_64", kernel))


# --- policies: a wrong one doesn't get into a kernel ----------------------------------------------------------

def policy_of(kernel, name):
    """The address of a policy's struct."""
    return next(struct.unpack("<Q", kernel.read(at, 8))[0]
                for at, policy in zip(range(kernel.symbol("__start_set_policy"), 1 << 64, 8), check_elf.policies(kernel), strict=False)
                if policy[0] == name)


def damaged(machine, field_of, form, value):
    """The kernel's file with another value in a field of the policy `ignore`."""
    kernel = elf.Elf(machine.elf())
    kernel.data = bytearray(kernel.data)
    patch(kernel, policy_of(kernel, b"ignore") + field_of, struct.pack(form, value))
    return kernel


def patch(kernel, address, data):
    segment = next(s for s in kernel.segments if s.type == elf.PT_LOAD and s.vaddr <= address < s.vaddr + s.filesz)
    at = segment.offset + address - segment.vaddr
    kernel.data[at:at + len(data)] = data


def faults(machine, kernel):
    return [fault for fault in check_elf.check(machine.name, kernel) if fault.startswith("policy")]


def test_policies_are_read_as_the_kernel_has_them(machine):
    """The fields are where check_elf.py looks for them."""
    found = {name.decode(): (alias, text, state, decide) for name, alias, text, state, decide in check_elf.policies(kernel_elf(machine))}
    assert {"panic", "oops", "log-and-unprotect", "ignore", "once", "same"} <= set(found)
    assert found["log-and-unprotect"][0] == b"unprotect" and found["ignore"][:3] == (b"", b"report the write, drop it and go on", 0)
    assert found["ignore"][3] in {s.value for s in kernel_elf(machine).symbols if s.name == "ignore_decide"}
    with open(os.path.join(TOP, "include", "amber", "policy.h"), encoding="utf-8") as f:
        assert int(re.search(r"#define POLICY_STATE_BYTES (\d+)", f.read())[1]) == check_elf.POLICY_STATE_BYTES


@pytest.mark.parametrize("state, expected", [(256, []), (257, ["policy 'ignore': state of 257 bytes, at most 256"])])
def test_a_policy_s_state_fits(machine, state, expected):
    assert faults(machine, damaged(machine, 28, "<I", state)) == expected


def test_two_policies_of_one_name(machine):
    once = struct.unpack("<Q", kernel_elf(machine).read(policy_of(kernel_elf(machine), b"once"), 8))[0]
    for field in (0, 8):  # as its name, as its alias
        assert faults(machine, damaged(machine, field, "<Q", once)) == ["policy 'once': another policy is called 'once'"]


@pytest.mark.parametrize("name", [b"ig ore", b"ign,re", b"ign:re", b"\0"])
def test_a_policy_s_name_can_be_typed(machine, name):
    kernel = damaged(machine, 0, "<Q", 0)  # nothing else may use the text
    patch(kernel, policy_of(kernel, b""), struct.pack("<Q", kernel.symbol("lab_sealed_page")))
    patch(kernel, kernel.symbol("lab_sealed_page"), name + b"\0")
    shown = name.rstrip(b"\0").decode()
    assert faults(machine, kernel) == [f"policy '{shown}': a name has letters, digits, '-' and '_', not '{shown}'"]


@pytest.mark.parametrize("field, missing", [(16, ".help"), (32, ".decide")])
def test_a_policy_has_help_and_a_function(machine, field, missing):
    assert faults(machine, damaged(machine, field, "<Q", 0)) == [f"policy 'ignore': no {missing}"]
