# SPDX-License-Identifier: MIT
"""tests/qemu/events.py: the "@amber {json}" lines: reading them, and the rules that hold for each of them.

The keys and their types are those of the contract's table; more keys may be there, none may be missing.
"""
import json
import re

ADDRESS, BYTES = re.compile(r"0x[0-9a-f]{16}$"), re.compile(r"([0-9a-f]{2})+$")
STATES, CLASSES = ("sealed", "off", "failed"), ("data", "core")
CONTEXTS, VERDICTS = ("thread", "irq", "commit", "init"), ("panic", "oops", "unprotect", "ignore", "once")
KINDS = ("store", "atomic", "string", "zero-block", "exclusive", "unknown")
STATUSES = ("ok", "failed", "panic", "sealed")


def number(value):
    return type(value) is int and value >= 0


def text(value):
    return isinstance(value, str)


def flag(value):
    return isinstance(value, bool)


def address(value):
    return text(value) and ADDRESS.match(value)


def hexes(value):
    return text(value) and BYTES.match(value)


def texts(value):
    return isinstance(value, list) and all(map(text, value))


def addresses(value):
    return isinstance(value, list) and all(map(address, value))


def one_of(*values):
    return lambda value: value in values


def verdict_counts(value):
    return isinstance(value, dict) and all(k in VERDICTS and number(v) for k, v in value.items())


def maybe(check):
    return lambda value: value is None or check(value)


EVENTS = {
    "boot": {
        "arch": one_of("x86_64", "aarch64"), "version": text, "lab": flag, "broken": texts, "cmdline": text,
        "cpus": number, "memory_kib": number, "protocol": one_of("multiboot2", "pvh", "image", "efi"), "features": texts},
    "seal": {
        "state": one_of(*STATES), "start": address, "end": address, "core_start": address, "core_end": address,
        "pages": number, "bytes_used": number, "objects": number, "aliases_sealed": number, "writable_aliases": number,
        "wx_pages": number, "page_table_pages": number, "page_table_pages_writable": number, "gate_root": address,
        "dry_run_roots": addresses, "cpus_probed": number, "instructions": maybe(number)},
    "violation": {
        "seq": number, "time": number, "class": one_of(*CLASSES), "cpu": number, "thread": maybe(text),
        "syscall": maybe(text), "context": one_of(*CONTEXTS), "pc": address, "pc_symbol": maybe(text), "addr": address,
        "symbol": maybe(text), "size": maybe(number), "size_exact": maybe(flag), "old": maybe(hexes), "new": maybe(hexes),
        "redundant": maybe(flag), "count": number, "kind": one_of(*KINDS), "initcall": maybe(text), "chain": maybe(text),
        "asked": texts, "verdict": one_of(*VERDICTS), "backtrace": texts},
    "inject": {
        "n": number, "target": text, "result": one_of("resumed", "killed", "refused"), "after": maybe(hexes)},
    "bench": {"name": text, "median": number, "min": number, "max": number, "unit": text},
    "oops": {"thread": text, "reason": text},
    "panic": {"reason": text, "cpu": number},
    "exit": {
        "status": one_of(*STATUSES), "violations": number, "stores": number, "by_verdict": verdict_counts,
        "unprotected_pages": number, "instructions": maybe(number)},
}


def parse(line, nonce):
    """The event in a line "@amber …"; AssertionError if it breaks a rule that holds for all of them."""
    body = line[len("@amber "):]
    try:
        event = json.loads(body)
    except ValueError as error:
        raise AssertionError(f"no JSON ({error}): {line}") from error
    assert not re.search(r"\s", re.sub(r'"(\\.|[^"\\])*"', "", body)), f"white space outside strings: {line}"
    keys = list(event)
    assert keys[0] == "event", f"the first key is not `event`: {line}"
    if nonce:
        assert keys[1] == "nonce" and event["nonce"] == nonce, f"the second key is not the nonce: {line}"
    else:
        assert "nonce" not in event, f"a nonce that nobody gave: {line}"
    assert event["event"] in EVENTS, f"unknown event: {line}"
    for key, check in EVENTS[event["event"]].items():
        assert key in event, f"{event['event']} lacks {key}: {line}"
        assert check(event[key]), f"{event['event']}.{key} is {event[key]!r}"
    return event


def check_order(events, ended, left_out=0):
    """What holds for the events of every run; left_out: records that the kernel says it has not printed."""
    assert events, "no event at all"
    assert events[0]["event"] == "boot", f"an event before boot: {events[0]}"
    names = [e["event"] for e in events]
    assert names.count("boot") == 1, "it booted again by itself"
    assert names.count("exit") == (1 if ended else 0), f"{names.count('exit')} exit events"
    records = [e for e in events if e["event"] == "violation"]
    assert [r["seq"] for r in records] == sorted({r["seq"] for r in records}), "sequence numbers don't rise"
    if ended:
        check_sums(events[-1], records, left_out)


def check_sums(last, records, left_out):
    assert last["event"] == "exit", f"after exit came {last}"
    assert last["violations"] == len(records) + left_out, \
        f"exit counts {last['violations']} violations, {len(records)} were printed, {left_out} left out"
    assert sum(last["by_verdict"].values()) == last["violations"], "exit.by_verdict does not add up to exit.violations"
    stores = sum(r["count"] for r in records)
    assert last["stores"] == stores if not left_out else last["stores"] >= stores + left_out, "exit.stores is not the sum of the counts"
    for verdict in VERDICTS:
        found = sum(r["verdict"] == verdict for r in records)
        assert found <= last["by_verdict"].get(verdict, 0) <= found + left_out, f"exit.by_verdict.{verdict} should be {found}"
