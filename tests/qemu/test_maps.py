# SPDX-License-Identifier: MIT
"""tests/qemu/test_maps.py: `maps` and `trace`: what the shell says of page tables and calls, against a walk from outside."""
import json
import re

import pytest
from page_tables import Leaf, walk
from runner import boot

ROOTS = {"kernel", "gate", "dry-run 0", "space supervisor", "space console", "space sh"}


@pytest.fixture(scope="module")
def shown(machine):
    """(machine, what `maps --json` said, RAM afterwards)."""
    guest = boot(machine, 'run="maps --json; poweroff"', memory_file=True, keep=True)
    lines = [json.loads(line) for line in guest.lines if line.startswith('{"root"')]
    yield machine, lines, guest
    guest.close()


def pages(start, end, physical, page):
    return ((va, physical + va - start) for va in range(start, end, page))


def walked(guest, machine, root, is_space):
    """Each page: (address, frame, size) -> letters."""
    found = {}
    for leaf in walk(guest.physical, machine, root, is_space):
        if isinstance(leaf, Leaf):
            user = "u" in leaf.perms
            executable = leaf.perms & ({"e"} if user else {"x"})
            found[leaf.va, leaf.pa, leaf.size] = "r" + ("w" if "w" in leaf.perms else "-") + ("x" if executable else "-") + ("u" if user else "-")
    return found


def test_every_mapping_of_every_root(shown):
    machine, lines, guest = shown
    names = {line["name"] for line in lines}
    assert ROOTS <= names
    for root, name in {(line["root"], line["name"]) for line in lines}:
        said = {}
        for line in lines:
            if line["root"] == root:
                assert line["region"]
                for va, pa in pages(int(line["start"], 16), int(line["end"], 16), int(line["physical"], 16), line["page"]):
                    assert (va, pa, line["page"]) not in said
                    said[va, pa, line["page"]] = line["perms"]
        is_space = name.startswith("space ")
        truth = walked(guest, machine, int(root, 16), is_space)
        if name.startswith("dry-run"):  # the newest step's copies come and go
            assert len(set(said.items()) ^ set(truth.items())) < 2000
            continue
        assert said == truth, (name, sorted(set(said.items()) ^ set(truth.items()))[:5])


def test_regions_are_named(shown):
    machine, lines, guest = shown
    kernel = [line for line in lines if line["name"] == "kernel"]
    for name, region in (("__ro_after_init_start", "ro_after_init"), ("__ro_core_start", "ro_core"), ("__text_start", "text")):
        address = guest.symbol(name)
        line = next(line for line in kernel if int(line["start"], 16) <= address < int(line["end"], 16))
        assert line["region"] == region and int(line["start"], 16) == address
        assert line["perms"] == ("r-x-" if region == "text" else "r---")
        alias = next(x for x in kernel if x["physical"] == line["physical"] and x is not line)
        assert alias["region"] == f"direct map: {region}" and alias["perms"] == "r---"
    regions = {line["region"] for line in lines}
    assert "direct map: was init" in regions and not regions & {"init", "direct map: init"}
    windows = {line["name"] for line in lines if line["region"].startswith("window")}
    assert windows == {"gate"}


def test_maps_for_people(machine):
    guest = boot(machine, 'run="maps; maps gate; maps sh; maps dry-run 0; maps nothing; maps 1 2 3; poweroff"')
    text = "\n".join(guest.lines)
    assert "---[ ro_after_init ]---" in text and "---[ window ]---" in text and "---[ stack ]---" in text
    assert re.search(r"^0x[0-9a-f]{16}-0x[0-9a-f]{16} +\d+[KMG]  r-x-  4K pages at 0x[0-9a-f]+$", text, re.M)
    assert re.search(r"^r-x- +\d+ KiB$", text, re.M)
    assert "maps: no root table 'nothing' (kernel, gate, " in text and "maps: usage maps " in text


def test_maps_fits_a_terminal(machine):
    """Each row of each root, with those of devices, which say so."""
    guest = boot(machine, 'run="maps all; poweroff"')
    rows = [line for line in guest.lines if re.match(r"0x[0-9a-f]{16}-", line)]
    devices = [row for row in rows if re.search(r"  rw-[-u]  4K device at 0x[0-9a-f]+$", row)]
    assert devices and len(rows) > len(devices)
    assert [row for row in rows if len(row) >= 80] == []


def test_a_trace(machine):
    guest = boot(machine, 'run="trace hello 3; trace pager; hello 4; trace; trace nothing; poweroff"')
    traced = [line.split("] trace: ", 1)[1] for line in guest.lines if "] trace: " in line]
    calls = [line for line in traced if line.startswith("hello/")]
    assert [re.match(r"hello/\d+: (\w+)\(", line)[1] for line in calls] == ["log_write"] * 4 + ["exit"]
    assert calls[0].endswith("bytes 27) = ok") and calls[-1].endswith(": exit(code 3)")
    pager = [line for line in traced if line.startswith("pager/")]
    assert any(re.search(r": space_create\(pager \d+\) = ok, space \d+$", line) for line in pager)
    assert any(re.search(r": (receive|reply_recv)\(endpoint \d+, .*\) = ok, info <label 2, 4 words, call, fault>, word0 0x2", line)
               for line in pager)
    assert any(line.endswith(": reply(reply 0, info <label 1, 0 words>) = ok") for line in pager)  # no words: none is shown
    text = "\n".join(guest.lines)
    assert "trace: usage trace PROGRAM" in text and "trace: no such program 'nothing'" in text



def test_the_root_that_cpus_begin_on(machine):
    """With one CPU there is none. The code at its physical address is what no other root has."""
    guest = boot(machine, 'smp=2 run="maps --json; poweroff"', extra=["-smp", "2"])
    lines = [json.loads(line) for line in guest.lines if line.startswith('{"root"') and '"bring-up"' in line]
    low = [line for line in lines if int(line["start"], 16) < 1 << 47]
    assert low and all(line["perms"] == "r-x-" and line["start"] == line["physical"] for line in low), lines
