# SPDX-License-Identifier: MIT
"""tests/qemu/test_keyboard.py: a person at the keyboard and the display (x86_64), as when the ISO is booted in a window.

Keys are pressed through QMP. Pictures of the display are read dot by dot and must show what a terminal on the serial line shows,
with the cursor where it is there.
"""
from contextlib import contextmanager

import pytest
import screenshot
from keyboard import Keyboard
from shell import PROMPT, session
from terminal import COLUMNS, Terminal

ONLY_MACHINES = ["x86_64"]
DISPLAYS = [("kernel", "VGA"), ("bios", "VGA"), ("uefi", "VGA"), ("uefi", "bochs-display"), ("uefi", "virtio-vga")]
WAYS = ["kernel", "bios", "uefi"]
ROW = "`1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./"
SHIFTED_ROW = "~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"|ZXCVBNM<>?"


class Desk:
    """A guest with both: what is typed, what is seen."""

    def __init__(self, shell, way):
        self.shell, self.guest, self.way = shell, shell.guest, way
        self.keys = Keyboard(shell.guest)
        self.press, self.type = self.keys.press, self.keys.type

    @property
    def line(self):
        """What stands behind the prompt, without blanks at its end, and the cursor's place in it."""
        text, column = Terminal(self.guest.raw[self.guest.raw.rindex(b"\n") + 1:]).line
        assert text.startswith(PROMPT.rstrip()), text
        return text[len(PROMPT):], column - len(PROMPT)

    def wait_line(self, text, cursor=None):
        wanted = (text.rstrip(), len(text) if cursor is None else cursor)
        try:
            self.guest.wait_for(lambda: self.line == wanted, f"line {wanted}", 60)
        except AssertionError:
            assert self.line == wanted

    def new_line(self):
        self.press("ctrl", "c")
        self.guest.wait_for(lambda: self.guest.text.endswith("^C\n" + PROMPT), "the next prompt")

    def clear(self):
        """From here on display and terminal are the same."""
        mark = len(self.guest.raw)
        self.press("ctrl", "l")
        self.guest.wait_for(lambda: b"\x1b[2J" in self.guest.raw[mark:] and self.guest.raw.endswith(b"> "), "an empty screen")

    def seen(self):
        glyphs = screenshot.psf_glyphs() if self.way == "uefi" else screenshot.bios_glyphs(self.guest)
        rows, cursors = screenshot.read_with_cursor(screenshot.take(self.guest), glyphs)
        assert not any(is_red for _, is_red in rows)
        return [text for text, _ in rows], cursors

    def check_display(self):
        """It may still be drawing, in the middle of a character."""
        for _ in range(300):
            rows, cursor = Terminal(self.guest.raw[self.guest.raw.rindex(b"\x1b[2J"):], skip_events=True).screen
            try:
                if self.seen() == (rows, [cursor]):
                    return rows
            except AssertionError:
                pass
            self.guest.settle(0.1)
        seen = self.seen()
        assert seen[0] == rows
        assert seen[1] == [cursor]
        return rows


@contextmanager
def desk(machine, way="kernel", device="VGA", cmdline="", **options):
    with session(machine, cmdline, boot=way, qmp=True, extra=("-device", device), **options) as shell:
        at_desk = Desk(shell, way)
        yield at_desk
        if at_desk.guest.process.poll() is None:
            at_desk.new_line()


@pytest.mark.parametrize("way,device", DISPLAYS)
def test_a_session(machine, way, device):
    """Typed, looked at, and switched off without the serial line."""
    with desk(machine, way, device) as d:
        d.clear()
        assert d.check_display() == [PROMPT.rstrip()] + [""] * 24
        d.type("hello 7\n")
        d.guest.wait_line("sh: 'hello' has ended: exit code 7\namber> ")
        d.check_display()
        d.type("kil 777")
        for _ in range(4):
            d.press("left")
        d.type("l")
        d.wait_line("kill 777", 4)
        rows = d.check_display()
        assert "amber> kill 777" in rows
        d.press("ret")
        d.guest.wait_line("kill: 777: no such thread (ps shows them)\namber> ")
        d.check_display()
        d.type("poweroff")
        d.keys.press_last("ret")
        d.guest.wait_end()
        d.guest.check("ok")


def test_a_violation(machine):
    """The story stands between the command and what it says, on the display too, where tools' lines aren't."""
    with desk(machine, cmdline="lab=on ro_fault=ignore") as d:
        d.clear()
        d.type("lab write lab_sealed_word 0xdead\n")
        d.guest.wait_event("violation")
        d.guest.wait_line("not written, still 0x5ea1ed\namber> ")
        d.check_display()
        rows, cursors = d.seen()
        assert rows[0] == "amber> lab write lab_sealed_word 0xdead"
        assert rows[1].endswith("] ro: write to sealed memory: lab_sealed_word+0x0, 8 bytes 0x5ea1ed ->")
        assert rows[2] == "0xdead, by lab_store8+0x0 in thread 'sh'" and "ro_fault=ignore: the write was dropped" in rows[3]
        assert rows[4].startswith("lab: 0xffff") and rows[5:] == ["amber>"] + [""] * 19
        assert cursors == [(len(PROMPT), 5)]


@pytest.mark.parametrize("way", WAYS)
def test_it_scrolls(machine, way):
    with desk(machine, way) as d:
        d.clear()
        for n in range(3):
            d.type(f"help\nhello {n}\n")
            d.guest.wait_for(lambda n=n: d.guest.text.count("programs:") > n and d.guest.text.endswith("\n" + PROMPT), "the next prompt")
            d.check_display()


@pytest.mark.parametrize("way", WAYS)
def test_a_long_line(machine, way):
    """One row shows a part of it, with the cursor in it; when it is done, the next row is the next line."""
    text = "".join(chr(ord("a") + i // 10) + str(i % 10) for i in range(120))
    with desk(machine, way) as d:
        d.clear()
        d.type(text)
        shown = lambda: Terminal(d.guest.raw[d.guest.raw.rindex(b"\n") + 1:]).line[0]  # noqa: E731
        d.guest.wait_for(lambda: shown().endswith(text[-20:]), "its end")
        assert len(shown()) < COLUMNS and d.check_display()[1:] == [""] * 24
        d.press("home")
        d.guest.wait_for(lambda: shown().startswith(PROMPT + text[:60]), "its begin")
        d.check_display()
        d.press("end")
        d.press("ret")
        d.guest.wait_line(f"sh: no such command '{text}' (try help)\namber> ")
        rows = d.check_display()
        assert "".join(rows[1:5]) == f"sh: no such command '{text}' (try help)" and rows[5] == "amber>"


def test_every_key(machine):
    """The US layout: each key plain, with either shift, with caps lock; what means nothing does nothing."""
    with desk(machine) as d:
        d.type(ROW)
        d.wait_line(ROW)
        d.new_line()
        d.type(SHIFTED_ROW)
        d.wait_line(SHIFTED_ROW)
        d.new_line()
        d.press("shift_r", "a")
        d.press("shift_r", "1")
        d.press("less")  # the key between left shift and Z on other keyboards
        d.press("shift", "less")
        d.wait_line("A!<>")
        d.new_line()
        d.press("caps_lock", hold_ms=700)  # it repeats: once all the same
        d.type("aB1!")
        d.wait_line("Ab1!")
        d.press("caps_lock")
        d.type("aB")
        d.wait_line("Ab1!aB")
        d.new_line()
        for key in ("esc", "f1", "f5", "f11", "f12", "insert", "pgup", "pgdn", "print", "scroll_lock", "pause", "alt", "alt_r", "meta_l", "menu",
                    "ctrl", "ctrl_r"):
            d.press(key)
        d.press("ctrl", "1")
        d.press("ctrl", "z")
        d.type("x")
        d.wait_line("x")


def test_a_key_that_is_held(machine):
    """It repeats; a shift that is held counts until it is released."""
    with desk(machine) as d:
        d.keys.key("shift", True)
        for key in "abc":
            d.keys.key(key, True)
            d.keys.key(key, False)
        d.keys.key("shift", False)
        d.type("d")
        d.wait_line("ABCd")
        d.new_line()
        d.type("x")  # behind this, Ctrl is up again
        d.wait_line("x")
        d.keys.key("a", True)
        d.keys.key("a", True)
        d.keys.key("a", True)
        d.keys.key("a", False)
        d.wait_line("xaaa")


def test_the_keypad(machine):
    """Keys to move by, until Num Lock is pressed; then digits."""
    with desk(machine) as d:
        d.type("bc")
        d.press("kp_7")
        d.type("a")
        d.press("kp_1")
        d.type("d")
        d.press("kp_4")
        d.press("kp_decimal")
        for key in ("kp_divide", "kp_multiply", "kp_subtract", "kp_add", "kp_5"):
            d.press(key)
        d.wait_line("abc/*-+")
        d.press("num_lock")
        for key in ("kp_1", "kp_2", "kp_3", "kp_4", "kp_5", "kp_6", "kp_7", "kp_8", "kp_9", "kp_0", "kp_decimal"):
            d.press(key)
        d.wait_line("abc/*-+1234567890.")
        d.press("home")  # the others don't change
        d.type("x")
        d.wait_line("xabc/*-+1234567890.", 1)
        d.press("num_lock")
        d.press("kp_6")
        d.press("kp_6")
        d.wait_line("xabc/*-+1234567890.", 3)
        d.press("kp_enter")
        d.guest.wait_line("sh: no such command 'xabc/*-+1234567890.' (try help)\namber> ")
        d.press("kp_8")  # up: the line before
        d.wait_line("xabc/*-+1234567890.")
        d.press("kp_2")
        d.wait_line("")


def test_keys_that_edit(machine):
    with desk(machine) as d:
        d.type("one two three")
        for keys, line, cursor in [
            (["left"], "one two three", 12), (["backspace"], "one two thre", 11), (["delete"], "one two thr", 11),
            (["ctrl", "a"], "one two thr", 0), (["right"], "one two thr", 1), (["delete"], "oe two thr", 1), (["ctrl", "d"], "o two thr", 1),
            (["end"], "o two thr", 9), (["home"], "o two thr", 0), (["ctrl_r", "e"], "o two thr", 9), (["ctrl", "w"], "o two ", 6),
            (["ctrl", "b"], "o two ", 5), (["ctrl", "f"], "o two ", 6), (["home"], "o two ", 0), (["right"], "o two ", 1), (["ctrl", "k"], "o", 1),
            (["ctrl", "u"], "", 0),
        ]:
            d.press(*keys)
            d.wait_line(line, cursor)


def test_history(machine):
    with desk(machine) as d:
        for line in ("clock", "kill 1"):
            mark = len(d.guest.text)
            d.type(line + "\n")
            d.guest.wait_for(lambda m=mark: d.guest.text[m:].count("\n") == 2 and d.guest.text.endswith(PROMPT), "the answer")
        d.type("unfinished")
        for key, line in [("up", "kill 1"), ("up", "clock"), ("up", "clock"), ("down", "kill 1"), ("down", "unfinished"), ("down", "unfinished")]:
            d.press(key)
            d.wait_line(line)
        d.press("ctrl", "p")
        d.wait_line("kill 1")
        d.press("ctrl", "n")
        d.wait_line("unfinished")


def test_ctrl_c_and_tab(machine):
    with desk(machine, cmdline="lab=on") as d:
        mark = len(d.guest.text)
        d.type("fuzz 1 1000000000\n")
        d.shell.wait_running(mark)
        d.press("ctrl", "c")
        d.guest.wait_line("sh: 'fuzz' has ended: killed")
        d.shell.wait_prompt(mark)
        d.press("c")
        d.press("l")
        d.press("o")
        d.press("tab")
        d.wait_line("clock ")
        d.new_line()
        d.type("lab read lab_sealed_w\t")
        d.wait_line("lab read lab_sealed_word ")


def test_both_at_once(machine):
    """Keyboard and serial line make one line."""
    with desk(machine) as d:
        for n in range(10):
            d.press("a")
            d.wait_line("ab" * n + "a")
            d.shell.send("b")
            d.wait_line("ab" * (n + 1))
        d.press("ret")
        d.guest.wait_line(f"sh: no such command '{'ab' * 10}' (try help)")


def test_without_a_keyboard_controller(machine):
    """The serial line does all the same."""
    with session(machine, board=",i8042=off") as shell:
        shell.says("hello 7", "sh: 'hello' has ended: exit code 7")


def test_a_mouse_is_no_keyboard(machine):
    """Its bytes come by the same port."""
    with desk(machine) as d:
        d.type("ab")
        for n in range(20):
            events = [{"type": "rel", "data": {"axis": "x", "value": n}}, {"type": "btn", "data": {"down": bool(n % 2), "button": "left"}}]
            d.guest.qmp.execute("input-send-event", events=events)
        d.type("cd")
        d.wait_line("abcd")
