# SPDX-License-Identifier: MIT
"""tests/qemu/test_bench.py: the figures of `make bench`: all there, within their aims, the same in every run; and a plugin
in QEMU that knows nothing of the kernel's own counter counts the same instructions between the same symbols."""
import re
import subprocess

import bench
import counting
import prompt
import pytest
import source
from machines import TOP
from runner import boot, kernel_elf

NAMES = ["boot_to_seal", "seal_per_page", "gate_empty", "gate_one", "gate_512", "ignore_cold", "once_cold",
         "ignore_warm", "once_warm", "protect_512_per_page", "image_bytes"]
COUNTED = [name for name in NAMES if name != "image_bytes"]
NAMES += list(bench.USER_TABLE) + list(bench.PROMPT_TABLE)
ROUNDS = 15
AGREE = 0.02
# The store runs unmasked once, when it faults; also what the compiler puts between the label and the store.
UNMASKED_MAX = 4


@pytest.fixture(scope="module", autouse=True)
def in_the_root():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(TOP)
        yield


@pytest.fixture(scope="module")
def runs(machine):
    """{policy: run}, each with the kernel's and the plugin's counts."""
    return {policy: counting.Run(machine.name, f"test=bench_* ro_fault={policy}") for policy in bench.POLICIES}


@pytest.fixture(scope="module")
def measured(machine):
    return bench.measure(machine.name)


def run_of(runs, name):
    return runs["once" if name.startswith("once") else "ignore"]


def names_of(machine):
    """aarch64 has no screen."""
    return [name for name in NAMES if name != "keystroke_screen" or machine.name in prompt.SCREENS]


@pytest.mark.parametrize("name", NAMES)
def test_figure(machine, measured, name):
    if name not in names_of(machine):
        return
    found, row = measured[0][name], bench.TABLE[name]
    assert found["unit"] == ("bytes" if name.endswith("_bytes") else "instructions")
    assert 0 < found["min"] <= found["median"] <= found["max"]
    if row.held or row.aim:
        assert found["median"] <= bench.limit(row.held or row.aim, machine.name)


def test_the_file_has_the_form_that_others_read(machine, measured):
    figures, _ = measured
    assert sorted(figures) == sorted(names_of(machine))
    for found in figures.values():
        assert list(found) == ["median", "min", "max", "unit"]
        assert all(isinstance(found[k], int) for k in ("median", "min", "max"))


@pytest.mark.parametrize("name", COUNTED)
def test_the_plugin_counts_the_same(runs, name):
    run = run_of(runs, name)
    kernel, plugin = run.figures()[name], run.counted(name)
    assert len(plugin) == (1 if name in ("boot_to_seal", "seal_per_page") else ROUNDS)
    for what, value in (("min", plugin[0]), ("median", plugin[len(plugin) // 2]), ("max", plugin[-1])):
        assert abs(kernel[what] - value) <= AGREE * value, f"{name}: {what}: the kernel says {kernel[what]}, the plugin {value}"


def test_the_plugin_changes_nothing(machine, runs):
    """And they repeat: another boot, without it, gives the same figures to the last instruction."""
    for policy, run in runs.items():
        assert counting.Run(machine.name, f"test=bench_* ro_fault={policy}", plugin=False).figures() == run.figures()


def test_side_counts(measured):
    """What can be told from the design: a gate call loads two roots, a dry run two for each of its two passes."""
    _, counts = measured
    assert {k: counts["gate_empty"][k] for k in bench.SIDE_COUNTS[:4]} == {
        "root_loads": 2, "invalidations": 0, "shootdowns": 0, "gate_entries": 1}
    assert counts["gate_512"]["gate_entries"] == 1 and counts["gate_512"]["root_loads"] == 2
    protect = counts["protect_512_per_page"]
    assert protect["gate_entries"] == 1 and protect["shootdowns"] == 1 and protect["root_loads"] + protect["invalidations"] == 3
    for name in ("ignore_cold", "ignore_warm", "once_cold", "once_warm"):
        assert counts[name]["root_loads"] == 2 * counts[name]["gate_entries"] + 2 * 2
        assert counts[name]["invalidations"] >= 1


def test_counts_per_call(machine, measured):
    """Between two CPUs: an interrupt each way; sending and ending one is a gate call on x86_64, and each of those loads two roots."""
    counts = measured[1]["per_call"]
    gate_calls = 4 if machine.name == "x86_64" else 0
    assert counts["on one CPU"] == {"root_loads": 2, "invalidations": 0, "gate_entries": 0, "interrupts": 0}
    assert counts["between two CPUs"] == {"root_loads": 4 + 2 * gate_calls, "invalidations": 0, "gate_entries": gate_calls,
                                          "interrupts": 2}


def test_masked_stretches(runs):
    """A write to sealed memory is dealt with in one masked stretch, also while the dry run steps; a gate call is one."""
    for run in runs.values():
        passages = run.counts["stretches"]
        for name in (n for n in ("ignore_cold", "ignore_warm", "once_cold", "once_warm") if passages[n]):
            for p in passages[name]:
                assert p["instructions"] - UNMASKED_MAX <= p["longest_masked"] < p["instructions"] + 1
        assert all(0 < p["longest_masked"] < p["instructions"] for p in passages["gate_empty"])
        assert run.counts["masked"]["instructions"] >= max(p["longest_masked"] for p in passages["gate_512"])
        assert run.counts["masked_printing"]["instructions"] >= run.counts["masked"]["instructions"]


def test_the_plugin_knows_when_interrupts_are_masked(machine):
    """Each interrupt that comes proves it: none comes while they are masked."""
    run = counting.Run(machine.name, "lab=on ro_fault=ignore inject=lab_sealed_word:store8:1@irq;lab_sealed_word:store8:2@irq")
    assert run.counts["interrupts"] >= 2
    assert run.counts["contradictions"] == 0 and run.counts["unknown_restores"] == 0


def test_the_plugin_refuses_what_it_does_not_know(machine):
    done = subprocess.run([*machine.command(""), "-plugin", f"{counting.PLUGIN},stretch=x:1"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=counting.SECONDS, check=False)
    assert done.returncode != 0 and "count: stretch=x:1: unknown argument, bad number, or too many of them" in done.stderr


def test_every_figure_has_its_labels(machine):
    found = counting.stretches(kernel_elf(machine), machine.name)
    assert set(COUNTED) <= set(found) and {"left_out_log_line", "left_out_log_raw"} <= set(found)
    assert all(begin < end for name, (begin, end) in found.items() if name != "boot_to_seal")


def test_image_bytes(machine):
    """binutils' `size` adds up the same sections."""
    rows = subprocess.run(["size", "-A", machine.elf()], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    sizes = {words[0]: int(words[1]) for words in map(str.split, rows) if len(words) == 3 and words[1].isdigit()}
    kept = (".text", ".notes", ".rodata", ".data..ro_after_init", ".data..ro_core", ".data")
    assert counting.image_bytes(machine.name) == sum(sizes[name] for name in kept)


def test_the_page_has_these_figures(machine, measured):
    """docs/measuring.md: a row for each, with numbers that are off by less than a tenth, and the aims."""
    page = source.read("docs/measuring.md")
    rows = {m[0]: [int(n.replace(",", "").replace("–", "") or 0) for n in m[1:]]
            for m in re.findall(r"^\| `(\w+)` \|[^|]*\| ([\d,]+) \| ([\d,]+|–) \| ?([\d,]*) ?\|$", page, re.M)}
    user_rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([\d,]+) \| ([\d,]+) \| ([\d,/ ]+) \| [^|]+ \|$", page, re.M)
    assert sorted(rows) == sorted(set(NAMES) - set(bench.USER_TABLE)) and [row[0] for row in user_rows] == list(bench.USER_TABLE)
    column = counting.MACHINES.index(machine.name)
    for name, row in rows.items():
        assert row[2] == (bench.TABLE[name].aim or 0), name
        if name not in names_of(machine):
            assert not row[column]
            continue
        assert abs(row[column] - measured[0][name]["median"]) <= row[column] / 10, f"{name}: the page says {row[column]}"
    for name, *figures, aim in user_rows:
        said = int(figures[column].replace(",", ""))
        aims = [int(n.replace(",", "")) for n in aim.split(" / ")]
        assert aims[min(column, len(aims) - 1)] == bench.limit(bench.TABLE[name].aim, machine.name), name
        assert abs(said - measured[0][name]["median"]) <= said / 10, f"{name}: the page says {said}"


def test_the_benchmark_checks_every_word(machine):
    """A word that the fast path delivers wrong makes it fail instead of print."""
    guest = boot(machine, "init=bench", "failed", broken="fastpath", extra=tuple(counting.ICOUNT.split()))
    assert guest.said("bench: word 2 of the answer is wrong") and not guest.said("bench: figure ipc_4")


def test_table_marks_what_is_missed():
    def figure(n):
        return {"median": n, "min": n, "max": n, "unit": "instructions"}
    lines = list(bench.table({"x86_64": {"gate_empty": figure(50), "gate_one": figure(7)}, "aarch64": {"gate_empty": figure(51)}}))
    assert lines[1].split() == ["gate_empty", "50", "50", "…", "50", "51!", "51", "…", "51", "50"]
    assert lines[2].split() == ["gate_one", "7", "7", "…", "7", "-", "-"]
