# SPDX-License-Identifier: MIT
"""tests/qemu/test_replay.py: policies are pure: the records of a real boot, asked again on this computer.

build/host/replay (tests/unit/replay.c) links the kernel's own policies and chain.
"""
import os
import subprocess

import pytest
from machines import TOP
from runner import boot_shared

STORES = ("lab_sealed_word:store8:same;lab_sealed_page+64:store8:5;lab_sealed_page+128:store8:6@irq;lab_sealed_page+192:store4:7@commit;"
          "lab_sealed_page+256:fill:8;lab_sealed_word:store8:same;lab_sealed_page+512:swap:9;lab_sealed_next+8:store1:1")
CHAINS = ["same,oops,ignore:2,once", "ignore", "oops,ignore", "once:3,same,oops:1,unprotect:1,ignore", "same:1,ignore"]


def real_boot(machine, chain="ignore"):
    return boot_shared(machine, f"ro_fault={chain} lab=on inject={STORES}")


def record_line(record):
    known = record["redundant"] is not None
    fields = {"class": record["class"], "context": record["context"], "can_oops": int(record["context"] == "thread"),
              "has_dry_run": int(known), "redundant": int(bool(record["redundant"])), "several_chains": 0, "count": record["count"]}
    return " ".join(f"{k}={v}" for k, v in fields.items())


def replay(chain, records):
    text = "".join(record_line(r) + "\n" for r in records)
    done = subprocess.run([os.path.join(TOP, "build", "host", "replay"), chain], input=text, stdout=subprocess.PIPE, text=True, check=True)
    return [line.split(": ", 1) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("chain", [c for c in CHAINS if "unprotect" not in c])
def test_the_same_chain_says_the_same(machine, chain):
    """What the kernel decided in its fault handler, the host decides again."""
    records = real_boot(machine, chain).violations
    answers = replay(chain, records)
    assert [verdict for verdict, _ in answers] == [r["verdict"] for r in records]
    assert [asked for _, asked in answers] == ["; ".join(r["asked"]) for r in records]


@pytest.mark.parametrize("chain", CHAINS)
def test_another_chain_may_be_tried(machine, chain):
    records = real_boot(machine).violations
    answers = replay(chain, records)
    assert len(answers) == len(records)
    redundant = [verdict for (verdict, _), r in zip(answers, records, strict=True) if r["redundant"]]
    if chain.startswith("same,"):
        assert redundant == ["once"] * len(redundant)


def test_thousands_a_second(machine):
    records = real_boot(machine).violations * 500
    assert len(replay("same,ignore", records)) == len(records)
