# SPDX-License-Identifier: MIT
"""tests/qemu/test_explain_example.py: the example in docs/reading-a-report.md is what the kernel and tools/explain print."""
import os
import re
import subprocess

from machines import TOP
from runner import start

ONLY_MACHINES = ["x86_64"]  # the example's machine
EXAMPLE = "lab=on initcall_trace=on ro_fault=same,panic inject=lab_sealed_page+0x10:store4:7"


def shape(text):
    """Rows without what changes with every build: numbers, the stack, texts of source lines."""
    text = re.sub(r"\n  stack .*?(?=\n  \w)", "", text, flags=re.S)
    text = re.sub(r"\n\S* ?panic:   stack .*?(?=\n\S* ?panic:   \w)", "", text, flags=re.S)
    rows = [re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{12}\b|\d+", "N", re.sub(r"(\.\w:\d+): .*", r"\1", row)).strip() for row in text.split("\n")]
    return [row for row in rows if row]


def test_the_example_in_the_documents_is_real(machine):
    with open(os.path.join(TOP, "docs", "reading-a-report.md"), encoding="utf-8") as f:
        page = f.read()
    assert f'make run CMDLINE="{EXAMPLE}"' in page
    with start(machine, EXAMPLE, raw=True) as guest:
        guest.wait_event("exit")
        raw, lines = guest.raw, guest.people_lines
    report = subprocess.run([os.path.join(TOP, "tools", "explain"), "-"], input=raw, stdout=subprocess.PIPE, check=True).stdout.decode()
    shown = re.search(r"^    Amber .*?^      again .*?$", page, re.M | re.S)[0]
    assert shape(re.sub(r"^ {4}", "", shown, flags=re.M)) == shape(report)
    story = re.findall(r"^    (\[[0-9.]+\] panic: .*)$", page, re.M)
    said = [line for line in lines if "] panic: " in line and not line.endswith("halted")]
    assert shape("\n".join(story)) == shape("\n".join(said)) and len(story) > 10
    line = re.search(r"^    (\[[0-9.]+\] ro: .*)$", page, re.M)[1]
    assert shape(line) == shape(next(x for x in lines if "] ro: " in x))
