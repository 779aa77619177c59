# SPDX-License-Identifier: MIT
"""tools/story/log.py: from a serial log, whole or damaged, to the events of each run in it.

A log is untrusted text: what can't be read becomes one problem (a line for people) and the rest is read on. After `parse`
every key of an event is there and has its type, or is None.
"""
import json
import re

PREFIX = "@amber "
INSIDE = '@amber {"event":'
# CSI, OSC (ended by BEL or ST), two-character escapes.
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Za-z0-9]|[=>78cDEHMNOZ])")
ADDRESS, HEX = re.compile(r"0x[0-9a-f]{16}\Z"), re.compile(r"(?:[0-9a-f]{2})*\Z")
SHOWN = 60


def is_number(value):
    return type(value) is int and 0 <= value < 1 << 64


def is_text(value):
    return isinstance(value, str)


def is_list_of_texts(value):
    return isinstance(value, list) and all(map(is_text, value))


def is_counts(value):
    return isinstance(value, dict) and all(map(is_number, value.values()))


# What a value must be: a name for people, and the check.
NUMBER = ("a number", is_number)
TEXT = ("a text", is_text)
FLAG = ("true or false", lambda v: isinstance(v, bool))
ADDR = ("an address", lambda v: is_text(v) and bool(ADDRESS.match(v)))
BYTES = ("bytes in hex", lambda v: is_text(v) and bool(HEX.match(v)))
TEXT_OR_NUMBER = ("a text or a number", lambda v: is_text(v) or is_number(v))
TEXTS = ("a list of texts", is_list_of_texts)
COUNTS = ("counts", is_counts)

# A key with ? may be null.
EVENTS = {
    "boot": {"arch": TEXT, "version": TEXT, "broken": TEXTS, "cmdline": TEXT, "cpus": NUMBER, "memory_kib": NUMBER, "protocol": TEXT,
             "features": TEXTS},
    "seal": {"state": TEXT, "start": ADDR, "end": ADDR, "pages": NUMBER, "bytes_used": NUMBER, "objects": NUMBER,
             "writable_aliases": NUMBER, "wx_pages": NUMBER, "page_table_pages": NUMBER, "page_table_pages_writable": NUMBER},
    "violation": {
        "seq": NUMBER, "time": NUMBER, "class": TEXT, "cpu": NUMBER, "thread?": TEXT, "syscall?": TEXT_OR_NUMBER, "context": TEXT, "pc": ADDR,
        "pc_symbol?": TEXT, "addr": ADDR, "symbol?": TEXT, "size?": NUMBER, "size_exact?": FLAG, "old?": BYTES, "new?": BYTES,
        "redundant?": FLAG, "count": NUMBER, "kind": TEXT, "initcall?": TEXT, "chain?": TEXT, "asked": TEXTS, "backtrace": TEXTS,
        "verdict": TEXT},
    "inject": {"n": NUMBER, "target": TEXT, "result": TEXT, "after?": BYTES},
    "oops": {"thread": TEXT, "reason": TEXT},
    "panic": {"reason": TEXT, "cpu": NUMBER},
    "exit": {"status": TEXT, "violations": NUMBER, "stores": NUMBER, "by_verdict": COUNTS, "unprotected_pages": NUMBER,
             "instructions?": NUMBER},
}


def printable(text):
    """ASCII for a terminal: whatever else came in is shown as an escape, and can do nothing there."""
    return "".join(c if " " <= c <= "~" or c == "…" else c.encode("unicode_escape").decode("ascii") for c in str(text))


def shown(value):
    text = printable(json.dumps(value, ensure_ascii=True) if not isinstance(value, int) or isinstance(value, bool) else "a number"
                     if abs(value) >= 1 << 64 else value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


class Run:
    """The events from one boot to the next. `boot`, `seal`, `panic` and `exit` are None if they didn't come."""

    def __init__(self):
        self.boot = self.seal = self.panic = self.exit = None
        self.events = []  # violations, injections and oopses in order, as (name, event)
        self.left_out = 0

    @property
    def violations(self):
        return [event for name, event in self.events if name == "violation"]

    def add(self, name, event):
        if name in ("boot", "seal", "panic", "exit"):
            setattr(self, name, event)
        else:
            self.events.append((name, event))


def parse(data):
    """(runs, problems) of a log's bytes."""
    text = ESCAPES.sub("", data.decode("utf-8", "replace")).replace("\0", "")
    lines = text.split("\n")
    runs, problems = [], []
    for number, line in enumerate(lines, 1):
        line = line.strip("\r")
        if not line.startswith(PREFIX):
            if INSIDE in line:
                problems.append(f"line {number}: an event that doesn't begin its line; left out")
            continue
        event, why = parse_line(line[len(PREFIX):])
        if event is None:
            # The last line has no end: the log was cut there.
            problems.append(f"line {number}: " + ("the log ends in the middle of an event" if number == len(lines) else why) + "; left out")
            continue
        name = event["event"]
        if name not in EVENTS:
            continue  # other tools' events
        if name == "boot" or not runs:
            runs.append(Run())
        fixed, wrong = check(event, EVENTS[name])
        problems += [f"line {number}: {name}: {text}" for text in wrong]
        runs[-1].add(name, fixed)
    return runs, problems


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


def parse_line(body):
    """(event, None), or (None, what is wrong)."""
    try:
        event = json.loads(body, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return None, f"no JSON: {shown(body)}"
    if not isinstance(event, dict) or not is_text(event.get("event")):
        return None, f"no event: {shown(body)}"
    return event, None


def check(event, keys):
    """The event with the keys that we know; what is missing or of another type becomes None, and a problem."""
    fixed, wrong = {}, []
    for name, (what, is_right) in keys.items():
        key = name.rstrip("?")
        value = event.get(key)
        if key not in event:
            wrong.append(f"`{key}` is missing")
        elif value is None and key == name or value is not None and not is_right(value):
            wrong.append(f"`{key}` is {shown(value)}, not {what}")
            value = None
        fixed[key] = value
    return fixed, wrong
