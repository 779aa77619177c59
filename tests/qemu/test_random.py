# SPDX-License-Identifier: MIT
"""tests/qemu/test_random.py: random stores under random chains, against a model of a dozen lines.

A few seeds every day, many in `make check-all`. The seed is in the test's name, so a failure repeats.
"""
import random

import pytest
from injection import FORMS, SIZES, written
from runner import boot

EVERYDAY, LONG = range(4), range(4, 60)
STORES = 24
ATOMIC = ("or", "swap", "cmpxchg")
CONTEXTS = ["", "", "", "@irq", "@commit"]


def random_chain(dice):
    """ignore and once with budgets, sometimes after `same`; ends with an element that never runs out."""
    elements = [f"{dice.choice(['ignore', 'once', 'same'])}:{dice.randint(1, 4)}" for _ in range(dice.randint(0, 4))]
    return ",".join(elements + [dice.choice(["ignore", "once"])])


def random_store(dice, memory):
    """(text, offset, form, value): in lab_sealed_page or lab_sealed_next, or over the edge between them."""
    form = dice.choice(FORMS)
    size = SIZES[form]
    offset = dice.choice([dice.randrange(0, 8192 - size), dice.randrange(4096 - 2 * size, 4096)])
    if form == "fill":
        offset &= ~63
    elif form in ATOMIC:  # aarch64 has no unaligned ones
        offset &= ~7
    value = dice.getrandbits(8 * min(size, 8))
    text = f"{value:#x}"
    if form in ("store1", "store2", "store4", "store8") and dice.random() < 0.2:
        value, text = int.from_bytes(memory[offset:offset + size], "little"), "same"
    return f"lab_sealed_page+{offset:#x}:{form}:{text}{dice.choice(CONTEXTS)}", offset, form, value


class Model:
    def __init__(self, chain, machine):
        self.splits_fill = machine.name == "aarch64"
        self.elements = [[part.split(":")[0], int(part.split(":")[1]) if ":" in part else None] for part in chain.split(",")]
        self.memory = bytearray(b"\x11" * 4096 + b"\x22" * 4096)

    def store(self, offset, form, value):
        """The verdicts of its records; changes the memory as they say. A fill is eight stores on aarch64, of which
        neighbours are one record if they are redundant alike."""
        before = bytes(self.memory[offset:offset + SIZES[form]])
        after = written(form, before, value)
        piece = 8 if form == "fill" and self.splits_fill else len(after)
        verdicts, last = [], None
        for at in range(0, len(after), piece):
            redundant = before[at:at + piece] == after[at:at + piece]
            if redundant != last:
                verdicts.append(self.ask(redundant))
                last = redundant
            if verdicts[-1] == "once":
                self.memory[offset + at:offset + at + piece] = after[at:at + piece]
        return verdicts

    def ask(self, redundant):
        for element in self.elements:
            name, left = element
            if left == 0 or (name == "same" and not redundant):
                continue
            if left is not None:
                element[1] -= 1
            return "once" if name == "same" else name
        raise AssertionError("the chain ran out")


def run(machine, seed):
    dice = random.Random(f"{machine}{seed}")
    chain = random_chain(dice)
    model, texts, verdicts, afters = Model(chain, machine), [], [], []
    for _ in range(STORES):
        while True:  # a command line has 1023 bytes
            text, offset, form, value = random_store(dice, model.memory)
            if len(text) < 48:
                break
        if sum(map(len, texts)) + len(texts) + len(text) > 850:
            break
        texts.append(text)
        verdicts += model.store(offset, form, value)
        afters.append(bytes(model.memory[offset:offset + SIZES[form]]).hex())
    guest = boot(machine, f"lab=on ro_fault={chain} inject={';'.join(texts)}", memory_file=True, keep=True)
    memory = guest.read_symbol("lab_sealed_page", 8192)
    guest.close()
    assert [r["after"] for r in guest.named("inject")] == afters, guest.log
    assert memory == bytes(model.memory), guest.log
    assert [v["verdict"] for v in guest.violations] == verdicts, guest.log


@pytest.mark.parametrize("seed", EVERYDAY)
def test_random_stores(machine, seed):
    run(machine, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG)
def test_more_random_stores(machine, seed):
    run(machine, seed)
