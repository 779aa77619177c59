# SPDX-License-Identifier: MIT
"""tests/qemu/test_chains.py: the example of a script, tools/chains.py, prints the rows that docs/reference.md shows."""
import os
import subprocess

from machines import TOP


def test_the_example_script(machine):
    done = subprocess.run([os.path.join("tools", "chains.py"), machine.name, "same,oops"], cwd=TOP, stdout=subprocess.PIPE, text=True,
                          check=True, timeout=1500)
    with open(os.path.join(TOP, "docs", "reference.md"), encoding="utf-8") as f:
        page = f.read()
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all(f"    {line}\n" in page for line in lines), done.stdout
