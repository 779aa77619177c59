# SPDX-License-Identifier: MIT
"""tests/qemu/test_bench.py: the figures of `make bench`: all there, the same in every run, within their aims."""
import bench
import pytest
from machines import TOP

NAMES = ["boot_to_seal", "seal_per_page", "gate_empty", "gate_one", "gate_512", "ignore_cold", "once_cold"]


@pytest.fixture(scope="module")
def figures(machine):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(TOP)
        return bench.measure(machine.name)


@pytest.mark.parametrize("name", NAMES)
def test_figure(figures, name):
    found = figures[name]
    assert found["unit"] == "instructions" and 0 < found["min"] <= found["median"] <= found["max"]
    if bench.AIMS[name]:
        assert found["median"] <= bench.AIMS[name]


def test_they_repeat(machine, figures, monkeypatch):
    monkeypatch.chdir(TOP)
    assert bench.measure(machine.name) == figures


def test_table():
    figures = {"gate_empty": {"median": 35, "min": 35, "max": 35, "unit": "instructions"}}
    lines = list(bench.table({"x86_64": figures, "aarch64": {}}))
    assert lines[1].split() == ["gate_empty", "35", "-", "50"]
