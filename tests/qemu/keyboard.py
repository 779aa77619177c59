# SPDX-License-Identifier: MIT
"""tests/qemu/keyboard.py: a guest's PS/2 keyboard, whose keys are pressed through QMP: US layout.

`send-key` presses and releases; the keyboard holds 16 bytes, so a test that types much waits for what it sees. A key by itself
can be pressed or released by `input-send-event`.
"""
from qmp import QmpClosed

PLAIN = {" ": "spc", "\n": "ret", "\t": "tab", "\b": "backspace", "`": "grave_accent", "-": "minus", "=": "equal", "[": "bracket_left",
         "]": "bracket_right", "\\": "backslash", ";": "semicolon", "'": "apostrophe", ",": "comma", ".": "dot", "/": "slash"}
PLAIN.update({c: c for c in "abcdefghijklmnopqrstuvwxyz0123456789"})
SHIFTED = dict(zip("~_+{}|:\"<>?)!@#$%^&*(", "`-=[]\\;',./0123456789"))
SHIFTED.update({c.upper(): c for c in "abcdefghijklmnopqrstuvwxyz"})
AT_ONCE = 4  # keys on their way: six bytes each, if shifted with an 0xe0


def keys_of(character):
    """The chord that types it."""
    if character in SHIFTED:
        return ["shift", PLAIN[SHIFTED[character]]]
    return [PLAIN[character]]


class Keyboard:
    def __init__(self, guest):
        self.guest = guest

    def press(self, *names, hold_ms=1):
        """A chord: all down in this order, then all up. The one before is through when the next begins."""
        self.guest.qmp.execute("send-key", keys=[{"type": "qcode", "data": name} for name in names], **{"hold-time": hold_ms})

    def press_last(self, *names):
        """The machine may be off, and QEMU gone, before QMP's answer is there."""
        try:
            self.press(*names)
        except (ConnectionError, QmpClosed):
            pass

    def key(self, name, is_down):
        """Only one half of it."""
        event = {"type": "key", "data": {"down": is_down, "key": {"type": "qcode", "data": name}}}
        self.guest.qmp.execute("input-send-event", events=[event])

    def type(self, text):
        """Like a fast typist."""
        for i, character in enumerate(text):
            self.press(*keys_of(character))
            if i % AT_ONCE == AT_ONCE - 1:
                self.guest.settle(0.05)
