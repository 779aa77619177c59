# SPDX-License-Identifier: MIT
"""tests/qemu/cmdline_model.py: the chapters on boot options and on writes, in Python: what a command line means.

From a line of bytes to complaints, options and, for stores to the lab objects by single threads, verdicts, memory and the
exit status. Written from the documents, not from the kernel's source.
"""
import re
from dataclasses import dataclass, field

COUNTED = 1023          # bytes of the line that count
POLICIES = {"panic": "panic", "oops": "oops", "log-and-unprotect": "unprotect", "unprotect": "unprotect", "ignore": "ignore",
    "once": "once",
            "same": "same"}
CHAIN_ELEMENTS, CHAIN_CHARACTERS = 8, 239
SWITCHES = {"rodata": ("on", "off", True), "lab": ("on", "off", False), "initcall_trace": ("on", "off", False),
            "initcall_order": ("reversed", "normal", False)}
OTHERS = ("ro_fault", "ro_fault.", "inject", "test", "exit", "nonce", "loglevel", "run")
# Objects of the lab: what they hold after the seal.
OBJECTS = {"lab_sealed_word": (0x5EA1ED).to_bytes(8, "little"), "lab_sealed_page": b"\x11" * 4096,
    "lab_sealed_next": b"\x22" * 4096}
SIZES = {"store1": 1, "store2": 2, "store4": 4, "store8": 8}
UNMAPPED = "0x10"


def split_words(line):
    """[(word, state)] of the line; state is good, cut, unclosed or bad."""
    text, was_cut = line[:COUNTED], len(line) > COUNTED and line[COUNTED:COUNTED + 1] != b" "
    text = re.sub(rb"""\\(["'\\])""", rb"\1", text)
    words, at = [], 0
    while at < len(text):
        if text[at:at + 1] == b" ":
            at += 1
            continue
        match = re.compile(rb"""(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^ "'])*""", re.S).match(text, at)
        raw, at = match[0], match.end()
        word, open_quote = b"", None
        for byte in raw:
            char = bytes([byte])
            if open_quote is None and char in (b'"', b"'"):
                open_quote = char
            elif char == open_quote:
                open_quote = None
            else:
                word += char
        if re.search(rb"[^\x20-\x7e]", word):
            state = "bad"
        elif at == len(text) and was_cut:
            state = "cut"
        else:
            state = "unclosed" if open_quote else "good"
        words.append((word, state))
    return words


def shown(word):
    return "".join(chr(b) if 0x20 <= b <= 0x7E else f"\\u{b:04x}" for b in word)


class Chain:
    """None in place of a budget: no limit."""

    def __init__(self, text):
        self.error, self.elements = None, []
        if len(text) > CHAIN_CHARACTERS:
            self.error = "longer than"
        for part in [] if self.error else text.split(","):
            self.error = self.error or self._add(part)
        if self.error:
            text, self.elements = "panic", [["panic", None]]
        self.text = text

    def _add(self, part):
        name, colon, budget = part.partition(":")
        if len(self.elements) == CHAIN_ELEMENTS:
            return "more than 8 policies"
        if not name:
            return "a policy's name is missing"
        if name not in POLICIES:
            return "unknown policy"
        if colon and not (re.fullmatch("[0-9]+", budget) and 1 <= int(budget) <= 4294967295):
            return "budget of"
        self.elements.append([POLICIES[name], int(budget) if colon else None])
        return None

    def ask(self, redundant, context):
        """The verdict; uses up budget."""
        for element in self.elements:
            name, left = element
            if left == 0 or (name == "same" and not redundant) or (name == "oops" and context != "thread"):
                continue
            if left is not None:
                element[1] -= 1
            return "once" if name == "same" else name
        return "panic"


@dataclass
class Meaning:
    complaints: list = field(default_factory=list)   # (word as shown, what the line must say)
    switches: dict = field(default_factory=lambda: {name: normal for name, (_, _, normal) in SWITCHES.items()})
    exit_debug: bool = False
    nonce: str = ""
    loglevel: int = 2
    test: str = None
    run: str = ""
    inject: str = None                               # the whole value, if it is to be run
    inject_failed: bool = False
    chain: Chain = field(default_factory=lambda: Chain("panic"))
    overrides: dict = field(default_factory=dict)

    def complain(self, word, text):
        self.complaints.append((word, text))


def parse(line):
    """Meaning of the bytes. Only objects of the lab may be named, or names that surely don't exist."""
    meaning, seen, inject_word, run_word = Meaning(), set(), None, None
    for word, state in split_words(line):
        if state != "good":
            wrong = {"bad": "has a byte outside 0x20-0x7e; ignored", "cut": "does not fit into the first 1023 bytes; ignored",
                "unclosed": "a quote has no end; ignored"}
            meaning.complain(shown(word), wrong[state])
            continue
        text = word.decode("ascii")
        name, _, value = text.partition("=")
        if name.startswith("ro_fault.") and name != "ro_fault.":
            parse_override(meaning, text, name[len("ro_fault."):], value)
        elif name in SWITCHES or name in OTHERS:
            if name in seen:
                meaning.complain(text, f"option '{name}' was given before; using this one")
            seen.add(name)
            inject_word = text if name == "inject" else inject_word
            run_word = text if name == "run" else run_word
            parse_option(meaning, text, name, value)
        else:
            meaning.complain(text, "unknown option; ignored")
    if inject_word is not None and not meaning.switches["lab"]:
        meaning.inject, meaning.inject_failed = None, True
        meaning.complain(inject_word, "needs lab=on; nothing is injected")
    if meaning.run and meaning.test is not None:
        meaning.run = ""
        meaning.complain(run_word, "there is no shell with test=; ignored")
    return meaning


def parse_override(meaning, word, symbol, value):
    if symbol not in OBJECTS:
        return meaning.complain(word, f"unknown symbol '{symbol[:64]}'; ignored")
    if symbol in meaning.overrides:
        meaning.complain(word, "the object was given a chain before; using this one")
    meaning.overrides[symbol] = parse_chain(meaning, word, value)
    return None


def parse_chain(meaning, word, value):
    chain = Chain(value)
    if chain.error:
        meaning.complain(word, chain.error)
    return chain


def parse_option(meaning, word, name, value):
    if name in SWITCHES:
        yes, no, normal = SWITCHES[name]
        meaning.switches[name] = value == yes if value in (yes, no) else normal
        if value not in (yes, no):
            meaning.complain(word, f"; using {yes if normal else no}")
    elif name == "ro_fault":
        meaning.chain = parse_chain(meaning, word, value)
    elif name == "ro_fault.":
        meaning.complain(word, "the symbol is missing; ignored")
    elif name == "test":
        meaning.test = value
    elif name == "run":
        meaning.run = value
        if not value:
            meaning.complain(word, "there is no command; ignored")
    elif name == "exit":
        meaning.exit_debug = value == "debug"
        if not meaning.exit_debug:
            meaning.complain(word, "; using ordinary power-off")
    elif name == "nonce":
        meaning.nonce = value if re.fullmatch("[0-9A-Za-z]{1,32}", value) else ""
        if not meaning.nonce:
            meaning.complain(word, "; using no nonce")
    elif name == "loglevel":
        meaning.loglevel = int(value) if re.fullmatch("[0-4]", value) else 2
        if not re.fullmatch("[0-4]", value):
            meaning.complain(word, "; using 2")
    else:
        meaning.inject_failed = not all(map(read_injection, value.split(";"))) or value.count(";") >= 64
        meaning.inject = None if meaning.inject_failed else value
        if meaning.inject_failed:
            meaning.complain(word, "; nothing is injected")


def read_number(text):
    """None: it is no number of up to 64 bits."""
    if not re.fullmatch("[0-9]+|0x[0-9a-fA-F]+", text):
        return None
    number = int(text[2:], 16) if text.startswith("0x") else int(text)
    return number if number < 1 << 64 else None


def read_injection(text):
    """(object or None, offset, size, value or "same", context); None: it is wrong. Targets are objects of the lab, or UNMAPPED."""
    match = re.fullmatch(r"([^@]*):([^:@]*):([^:@]*)(?:@(thread|irq|commit))?", text)
    if not match or match[2] not in SIZES:
        return None
    size = SIZES[match[2]]
    value = "same" if match[3] == "same" else read_number(match[3])
    name, plus, offset_text = match[1].rpartition("+") if "+" in match[1] else (match[1], "", "0")
    offset = read_number(offset_text)
    if value is None or (value != "same" and value >> 8 * size) or offset is None or (name not in OBJECTS and name != UNMAPPED):
        return None
    return (name if name in OBJECTS else None), offset, size, value, match[4] or "thread"


@dataclass
class Outcome:
    status: str = None   # None: it waits
    verdicts: list = field(default_factory=list)
    results: list = field(default_factory=list)   # (result, after) of each injection that was reported


def run(meaning):
    """What becomes of it, on a machine that can seal."""
    if meaning.inject_failed:
        return Outcome("failed")
    if meaning.test is not None:
        return Outcome("failed" if meaning.test not in ("*", "seal_holds") else "ok")
    if meaning.inject is None:
        return Outcome()
    memory, opened, outcome = {n: bytearray(d) for n, d in OBJECTS.items()}, set(), Outcome("ok")
    for name, offset, size, value, context in map(read_injection, meaning.inject.split(";")):
        if name is None:
            outcome.results.append(("refused", None))
            outcome.status = "failed"
            continue
        place, result = memory[name], "resumed"
        before = bytes(place[offset:offset + size])
        after = before if value == "same" else value.to_bytes(size, "little")
        if meaning.switches["rodata"] and name not in opened:
            verdict = meaning.overrides.get(name, meaning.chain).ask(before == after, context)
            outcome.verdicts.append(verdict)
            if verdict == "panic":
                outcome.status = "sealed"
                return outcome
            if verdict == "unprotect":
                opened |= {name}
            result = "killed" if verdict == "oops" else "resumed"
            after = before if verdict in ("oops", "ignore") else after
        place[offset:offset + size] = after
        outcome.results.append((result, bytes(place[offset:offset + size]).hex()))
    return outcome
