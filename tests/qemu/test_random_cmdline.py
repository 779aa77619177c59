# SPDX-License-Identifier: MIT
"""tests/qemu/test_random_cmdline.py: random command lines, good and bad, against tests/qemu/cmdline_model.py.

A few seeds every day, 500 (250 on each machine) in `make check-all`. The seed is in the test's name, so a failure repeats.
Checked are every complaint, the nonce, the status, and for stores each verdict and what memory holds afterwards.
"""
import random
import re

import cmdline_model as model
import pytest
from runner import start

EVERYDAY, LONG = range(8), range(8, 250)
JUNK = ["x", "x=y", "ro_faults=panic", "RODATA=off", "=", "==", "smps=1", "break=alias", "inits=sh", "-", "{json}", "%s%n%x",
        "a\tb", "\x7f", "\u00fc=1", "\x01\x1b[2J", "\\",
        "\\\"q", "'a b'", "\"c  d\"", "'open", "e\"", "@amber", "ro_fault.", "ro_fault.=once", "ro_fault.nothing=ignore",
        "test", "lab_sealed_word"]
CHAINS = ["panic", "oops", "ignore", "once", "same", "unprotect", "log-and-unprotect", "same,ignore:2,panic",
          "oops,once:1,ignore", "ignore:1,once:1"]
BAD_CHAINS = ["", "FOO", "ignore,", ",once", "once:0", "once:4294967296", "once:-1", "once:1x", "ignore:,panic",
              ",".join(["same"] * 9), "same," * 60 + "once", "Panic", "same:1:2"]
VALUES = {
    "rodata": ["on", "on", "off", "maybe", ""], "lab": ["on"] * 8 + ["off", "1"], "initcall_trace": ["on", "off", "x"],
    "initcall_order": ["reversed", "normal", ""], "loglevel": ["0", "1", "2", "3", "4", "5", "22", "", "-1"],
    "nonce": ["abc123", "Z" * 32, "Z" * 33, "a-b", ""], "exit": ["debug", "debug", "debug", "no", ""],
    "test": ["no_such_test", "", "seal_holds"],
}


def random_chain(dice):
    if dice.random() < 0.08:
        return dice.choice(BAD_CHAINS)
    if dice.random() < 0.3:
        return dice.choice(CHAINS)
    names = [dice.choice(["ignore", "once", "same", "oops", "oops", "unprotect", "panic"]) for _ in range(dice.randint(0, 5))]
    names += [dice.choice(["ignore", "once"])] if dice.random() < 0.8 or not names else []
    return ",".join(n if dice.random() < 0.3 else f"{n}:{dice.choice([1, 2, 3, 4294967295])}" for n in names)


def random_injection(dice):
    if dice.random() < 0.02:
        return dice.choice([f"{model.UNMAPPED}:store8:1", "nothing:store8:1", "lab_sealed_word:store9:1",
            "lab_sealed_word:store1:256", "lab_sealed_word:store8", "",
                            "lab_sealed_word:store8:1@nowhere", "lab_sealed_word+:store8:1",
                            "lab_sealed_word:store8:18446744073709551616", "lab_sealed_word:store2:0xg"])
    name, form = dice.choice(list(model.OBJECTS)), dice.choice(list(model.SIZES))
    size, room = model.SIZES[form], len(model.OBJECTS[name])
    offset = dice.randrange(0, room, size)
    target = name if offset == 0 and dice.random() < 0.5 else f"{name}+{offset:#x}" if dice.random() < 0.5 else f"{name}+{offset}"
    value = "same" if dice.random() < 0.25 else dice.choice(["{:#x}", "{}"]).format(dice.getrandbits(8 * size))
    return f"{target}:{form}:{value}{dice.choice(['', '', '', '@thread', '@irq', '@commit'])}"


def quoted(dice, word):
    """The same word, written in another way."""
    if re.search(r"[\"'\\ ]", word) or dice.random() < 0.7:
        return word
    quote = dice.choice(["'", '"', "\\'", '\\"'])
    at = dice.randrange(len(word) + 1)
    return dice.choice([quote + word + quote, word[:at] + quote + word[at:] + quote])


def random_word(dice):
    choice = dice.random()
    if choice < 0.2:
        return "ro_fault=" + random_chain(dice)
    if choice < 0.35:
        return f"ro_fault.{dice.choice(list(model.OBJECTS))}={random_chain(dice)}"
    if choice < 0.55:
        return "inject=" + ";".join(random_injection(dice) for _ in range(dice.randint(1, 6)))
    if choice < 0.75:
        name = dice.choice([n for n in VALUES if n != "test" or dice.random() < 0.15])
        return f"{name}={dice.choice(VALUES[name])}"
    if choice < 0.95:
        return dice.choice(JUNK)
    return "y" * dice.choice([100, 500, 990, 1100]) + dice.choice(["", " lab=on", "'"])


def random_line(dice):
    """Mostly one that lets something happen: lab=on and stores."""
    words = [random_word(dice) for _ in range(dice.randint(0, 9))]
    if dice.random() < 0.7:
        words += [f"ro_fault={random_chain(dice)}", "lab=on", "inject=" + ";".join(random_injection(dice) for _ in range(dice.randint(1, 5)))]
    if dice.random() < 0.8:
        words.append("exit=debug")
    dice.shuffle(words)
    if dice.random() < 0.1:  # over the edge of what counts
        words.insert(0, "z" * dice.randint(900, 1030))
    return dice.choice([" ", " ", "  "]).join(quoted(dice, w) for w in words)


def complaints_of(guest):
    return [line.split("] ", 1)[1] for line in guest.people_lines if re.match(r"\[[0-9.]+\] cmdline: ", line)]


def check_complaints(guest, meaning):
    found = complaints_of(guest)
    assert len(found) == len(meaning.complaints), f"{found}\ninstead of {meaning.complaints}"
    for line, (word, text) in zip(found, meaning.complaints):
        head, rest = line[:len(word) + 11], line[len(word) + 11:]
        assert head == f"cmdline: {word}: " and text in rest and "; " in rest, f"{line!r} is not {(word, text)}"


def check_line(machine, line):
    data = line.encode()
    meaning = model.parse(data)
    outcome = model.run(meaning)
    halts = outcome.status == "sealed" and not meaning.exit_debug
    with start(machine, line, raw=True) as guest:
        guest.nonce = meaning.nonce
        try:
            if halts:
                guest.wait_event("exit")
            elif outcome.status is None:
                guest.wait_ready()
            else:
                guest.wait_end()
                wanted = machine.statuses[outcome.status] if meaning.exit_debug else 0  # else power-off
                assert guest.status == wanted, f"QEMU's status is {guest.status}, not {wanted}"
            guest.cmdline = "test=" if meaning.test is not None else ""  # whether exit=debug counts is known to the model
            guest.check(outcome.status)
            compare(guest, data, meaning, outcome)
        except AssertionError as error:
            raise AssertionError(guest.explain(f"{line!r}: {error}")) from None


def compare(guest, data, meaning, outcome):
    check_complaints(guest, meaning)
    boot = guest.one("boot")
    assert boot["cmdline"] == data[:model.COUNTED].decode("latin-1") and boot["lab"] == meaning.switches["lab"]
    assert guest.one("seal")["state"] == ("sealed" if meaning.switches["rodata"] else "off")
    assert [v["verdict"] for v in guest.violations] == outcome.verdicts
    assert [(i["result"], i["after"]) for i in guest.named("inject")] == outcome.results


@pytest.mark.parametrize("seed", EVERYDAY)
def test_random_line(machine, seed):
    check_line(machine, random_line(random.Random(f"line {machine} {seed}")))


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG)
def test_more_random_lines(machine, seed):
    check_line(machine, random_line(random.Random(f"line {machine} {seed}")))
