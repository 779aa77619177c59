#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/map.py: the permission map of a real boot (docs/map.md): FOLDER/map.html and FOLDER/map.svg.

  map.py MACHINE FOLDER [CMDLINE]     FOLDER: the kernel's, build/MACHINE (or build/clang/…; …/break: the broken kernel)
"""
import dataclasses
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests", "qemu")]

from machines import MACHINES  # noqa: E402  (needs the path above)


def main(name, folder, cmdline=""):
    try:
        from seal_map import picture, snapshot
    except ModuleNotFoundError as error:
        sys.exit(f"map: {error.name} is missing: run 'make setup' first")
    if "exit=debug" in cmdline.split():
        sys.exit("map: exit=debug would end QEMU before the second look at its memory: leave it out")
    broken = os.path.basename(folder) == "break"
    machine = dataclasses.replace(MACHINES[name], build=os.path.dirname(os.path.dirname(folder) if broken else folder))
    if not os.path.exists(machine.elf(broken)):
        sys.exit(f"map: there is no {machine.elf(broken)}: `make` builds it")
    try:
        run = snapshot.take(machine, cmdline, broken)
    except (AssertionError, OSError) as error:
        sys.exit(f"map: the boot can't be drawn: {error}")
    svg, html, complaints = picture.draw(run)
    for ending, text in (("svg", svg), ("html", html)):
        with open(os.path.join(folder, f"map.{ending}"), "w", encoding="utf-8") as f:
            f.write(text)
    print(f"{folder}/map.html, {folder}/map.svg: {name} before and after the seal ({run.seal['state']})")
    for text in complaints:
        print(f"map: {text}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in MACHINES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
