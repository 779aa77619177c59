# SPDX-License-Identifier: MIT
"""tests/qemu/keyboard.py: a guest's PS/2 keyboard, whose keys are pressed through QMP: US layout.

`send-key` presses and releases; the keyboard holds 16 bytes, so the next key waits until the guest has fetched the one before: on a
busy host that may take seconds. A key by itself can be pressed or released by `input-send-event`.
"""
import re
import time

from qmp import QmpClosed

PLAIN = {" ": "spc", "\n": "ret", "\t": "tab", "\b": "backspace", "`": "grave_accent", "-": "minus", "=": "equal", "[": "bracket_left",
         "]": "bracket_right", "\\": "backslash", ";": "semicolon", "'": "apostrophe", ",": "comma", ".": "dot", "/": "slash"}
PLAIN.update({c: c for c in "abcdefghijklmnopqrstuvwxyz0123456789"})
SHIFTED = dict(zip("~_+{}|:\"<>?)!@#$%^&*(", "`-=[]\\;',./0123456789"))
SHIFTED.update({c.upper(): c for c in "abcdefghijklmnopqrstuvwxyz"})
STATUS_PORT, OUTPUT_FULL = 0x64, 1  # the controller's: something is there to be fetched
SECONDS = 60


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
        self.wait_fetched()
        self.guest.qmp.execute("send-key", keys=[{"type": "qcode", "data": name} for name in names], **{"hold-time": hold_ms})

    def press_last(self, *names):
        """The machine may be off, and QEMU gone, before QMP's answer is there."""
        try:
            self.press(*names)
        except (ConnectionError, QmpClosed):
            pass

    def key(self, name, is_down):
        """Only one half of it."""
        self.wait_fetched()
        event = {"type": "key", "data": {"down": is_down, "key": {"type": "qcode", "data": name}}}
        self.guest.qmp.execute("input-send-event", events=[event])

    def type(self, text):
        """Faster than any typist."""
        for character in text:
            self.press(*keys_of(character))

    def wait_fetched(self):
        deadline = time.monotonic() + SECONDS
        while int(re.search(r"= (0x[0-9a-f]+)", self.guest.qmp.monitor(f"i /b {STATUS_PORT:#x}"))[1], 16) & OUTPUT_FULL:
            assert time.monotonic() < deadline, self.guest.explain("nobody fetches the keys")
            self.guest.settle(0.01)
