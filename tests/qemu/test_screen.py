# SPDX-License-Identifier: MIT
"""tests/qemu/test_screen.py: what is on the display (x86_64): VGA text under PVH and BIOS, a framebuffer under UEFI.

Pictures of the display are read dot by dot (screenshot.py) and compared with the serial line, row by row.
"""
import re

import pytest
import screenshot
from outside import DEVICES, SLOT, idle_view
from runner import boot, start

ONLY_MACHINES = ["x86_64"]
LINE = "lab=on initcall_trace=on inject=lab_sealed_word:store8:0xdead"
DISPLAYS = [("kernel", "VGA"), ("bios", "VGA"), ("uefi", "VGA"), ("uefi", "bochs-display"), ("uefi", "virtio-vga")]
STORY = ["WRITE TO SEALED MEMORY", r"  what  lab_sealed_word\+0x0, 8 bytes 0x5ea1ed -> 0xdead", r"  who   arch_inject_store8\+0x\w+",
         "        in thread 'inject' on CPU 0", "  init  last written by initcall lab_fill", "  rule  ro_fault=panic",
         "        panic: stop the machine", r"  stack injector\+0x\w+", r"        \w+\+0x\w+", r"        \w+\+0x\w+",
         "  sealed memory is unchanged", r"  next  try ro_fault=.*\)"]


def display(guest, way):
    """What the picture shows; the font is the BIOS's own for text."""
    glyphs = screenshot.psf_glyphs() if way == "uefi" else screenshot.bios_glyphs(guest)
    return screenshot.read(screenshot.take(guest), glyphs)


def panic_story(rows):
    """The text of the panic's lines on the screen, without time and area."""
    return [text.split("] panic: ", 1)[1] for text, _ in rows if "] panic: " in text]


@pytest.mark.parametrize("way,device", DISPLAYS)
def test_the_panic_screen_tells_the_whole_story(machine, way, device):
    with start(machine, LINE, raw=True, qmp=True, boot=way, extra=("-device", device)) as guest:
        guest.wait_event("exit")
        rows = display(guest, way)
        assert rows == screenshot.expected(guest), guest.explain("the screen differs from the serial line:\n" + as_text(rows))
        story = panic_story(rows)
        assert len(story) == len(STORY), as_text(rows)
        for line, pattern in zip(story, STORY):
            assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


def as_text(rows):
    return "\n".join(("! " if red else "  ") + text for text, red in rows)


LONGEST = "ro_fault=" + "same:4294967295," * 7 + "log-and-unprotect:1 initcall_trace=on lab=on loglevel=1 " \
          "inject=lab_sealed_word:store8:same;lab_sealed_page+0x100:fill:0x99;lab_sealed_next+0x100:fill:0x99@irq"


@pytest.mark.parametrize("way,device", [("kernel", "VGA"), ("uefi", "VGA")])
def test_the_longest_story_fits_on_the_screen(machine, way, device):
    """A chain of eight that runs out, long values, opened pages, lines that need two rows."""
    with start(machine, LONGEST, raw=True, qmp=True, boot=way, extra=("-device", device)) as guest:
        guest.wait_event("exit")
        rows = display(guest, way)
        assert rows == screenshot.expected(guest), guest.explain("the screen differs from the serial line:\n" + as_text(rows))
        texts = [text for text, _ in rows]
        story = panic_story(rows)
        assert story[0] == "WRITE TO SEALED MEMORY" and story[-1].startswith("  next  "), as_text(rows)
        assert sum(line.startswith("        same: ") for line in story) == 7, as_text(rows)
        for part in ("log-and-unprotect: ", "in an interrupt", "nobody is left to ask", "1 pages opened before", "  stack "):
            assert any(part in text for text in texts), as_text(rows)


@pytest.mark.parametrize("way,device", DISPLAYS[:3])
def test_screen_and_serial_say_the_same(machine, way, device):
    """Without a panic: so many lines that the screen has scrolled."""
    line = "loglevel=4 lab=on ro_fault=ignore inject=" + ";".join(["lab_sealed_word:store8:1"] * 12)
    with start(machine, line, raw=True, qmp=True, boot=way, extra=("-device", device, "-no-shutdown")) as guest:
        guest.wait_event("exit")
        rows = display(guest, way)
        assert rows == screenshot.expected(guest), guest.explain("the screen differs from the serial line:\n" + as_text(rows))
        assert all(text for text, _ in rows)


def test_a_wrong_dot_or_character_is_noticed(machine):
    """The reader itself: one dot changed in a picture is no character; another character is another text."""
    line = "lab=on ro_fault=ignore inject=lab_sealed_word:store8:1"
    with start(machine, line, raw=True, qmp=True, extra=("-device", "VGA", "-no-shutdown")) as guest:
        guest.wait_event("exit")
        picture, glyphs = screenshot.take(guest), screenshot.bios_glyphs(guest)
        right = screenshot.read(picture, glyphs)
        assert right == screenshot.expected(guest)
        whole = picture.pixels
        at = 3 * (9 * 3 + 4)  # in the fourth cell
        picture.pixels = whole[:at] + (b"\0\0\0" if whole[at] else b"\xa8\xa8\xa8") + whole[at + 3:]
        with pytest.raises(AssertionError, match="no character"):
            screenshot.read(picture, glyphs)
        row = 3 * picture.width
        swapped = bytearray(whole)
        for y in range(16):  # the cells 1 and 2 of the first row, "0" and ".", change places
            first, second = y * row + 27, y * row + 54
            swapped[first:second], swapped[second:second + 27] = whole[second:second + 27], whole[first:second]
        picture.pixels = bytes(swapped)
        assert right[0][0].startswith("[0.") and screenshot.read(picture, glyphs)[0][0] == "[.0" + right[0][0][3:]


@pytest.mark.parametrize("way", ["kernel", "bios", "uefi"])
def test_without_a_display_device(machine, way):
    guest = boot(machine, LINE + " loglevel=4", "sealed", boot=way)
    assert not guest.said("] screen: "), "it found a screen where there is none"


@pytest.mark.parametrize("devices", [["ramfb"], ["secondary-vga", "ramfb"]], ids="+".join)
def test_memory_of_no_display_device_is_refused(machine, devices):
    """QEMU's ramfb is a framebuffer in ordinary memory: one line, output on serial, the boot goes on."""
    guest = boot(machine, LINE, "sealed", boot="uefi", extra=[word for device in devices for word in ("-device", device)])
    said = [line.split("] ", 1)[1] for line in guest.people_lines if "] screen: " in line]
    assert len(said) == 1 and re.fullmatch(r"screen: framebuffer: 0x[0-9a-f]+ to 0x[0-9a-f]+ .*; output on serial", said[0]), said


def test_only_the_framebuffer_is_mapped_for_it(machine):
    """After the seal, from outside: its pages, once, writable, not executable; nothing else in the devices' slot."""
    with idle_view(machine, boot="uefi", extra=("-device", "VGA")) as view:
        memory = view.guest.qmp.monitor("info pci")
        start_ = int(re.search(r"BAR0: 32 bit prefetchable memory at (0x[0-9a-f]+)", memory)[1], 16)
        found = [leaf for leaf in view.kernel if DEVICES <= leaf.va < DEVICES + SLOT]
        assert [leaf.pa for leaf in found] == [start_ + n * 4096 for n in range(1280 * 800 * 4 // 4096)]
        assert {frozenset(leaf.perms & {"w", "x"}) for leaf in found} == {frozenset("w")}
        elsewhere = [leaf for leaf in view.kernel if not DEVICES <= leaf.va < DEVICES + SLOT
                     and start_ < leaf.pa + leaf.size and leaf.pa < start_ + 0x1000000]
        assert elsewhere == []
