#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/fuzz/planted.py [TARGET…]: does each fuzzer find a bug? tests/fuzz/planted/TARGET.patch puts one into a copy of the
sources in build/planted/; its fuzzer, starting from the ordinary corpus, has a minute to find it.

The text in front of a patch says in which words the finding is reported ("found as: …"). The sources of the tree never
contain the bug. `make check-all` runs this by tests/tree/test_fuzz.py.
"""
import os
import re
import shutil
import subprocess
import sys

from fuzzing import HERE, TOP, FuzzError, command, corpus, program, run, targets

SECONDS = 60
BUILD_SECONDS = 600
COPIED = ("Makefile", "arch", "boot", "include", "kernel", "mm", "user", "tests/unit", "tests/fuzz")


def patch_of(target):
    return os.path.join(HERE, "planted", f"{target}.patch")


def copy_tree(target):
    """The sources that the target is made of, and the Makefile that makes it."""
    folder = os.path.join(TOP, "build", "planted", target)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "tests"))
    for name in COPIED:
        source, copy = os.path.join(TOP, name), os.path.join(folder, name)
        if os.path.isdir(source):
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("corpus", "__pycache__"))
        else:
            shutil.copy(source, copy)
    return folder


def plant(target, patch=None):
    """A copy of the tree with the bug."""
    patch, folder = patch or patch_of(target), copy_tree(target)
    if not os.path.exists(patch):
        raise FuzzError(f"{target}: there is no {os.path.relpath(patch, TOP)}")
    status, output = run(["patch", "-p1", "--batch", "--forward", "--no-backup-if-mismatch", "-d", folder, "-i", patch])
    if status != 0:
        raise FuzzError(f"{target}: {os.path.relpath(patch, TOP)} does not apply any more; plant the bug anew\n{output}")
    return folder


def build(target, folder):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))
        and k not in ("ARCH", "T", "CMDLINE", "BREAK")}
    done = subprocess.run(["make", "-s", "-C", folder, f"build/fuzz/{target}"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, env=clean,
                          stderr=subprocess.STDOUT, text=True, timeout=BUILD_SECONDS, check=False)
    if done.returncode != 0:
        raise FuzzError(f"{target}: the planted bug does not compile\n{done.stdout}")
    return os.path.relpath(os.path.join(folder, "build"), TOP)


def wanted_words(patch):
    with open(patch, encoding="utf-8") as f:
        return re.search(r"^found as: (.+)$", f.read(), re.M)[1]


def find(target):
    """Plants, builds, fuzzes. Returns (input that shows the bug, runs that it took)."""
    folder = build(target, plant(target))
    found = os.path.join(folder, "new")
    os.makedirs(os.path.join(TOP, found))
    words = command(target, "-seed=1", f"-max_total_time={SECONDS}", found, corpus(target), build=folder)
    status, output = run(words, 4 * SECONDS)
    artifact, wanted = re.search(r"Test unit written to (\S+)", output), wanted_words(patch_of(target))
    if status == 0 or not artifact:
        raise FuzzError(f"{target}: the planted bug was not found within {SECONDS} s\n{output[-2000:]}")
    if wanted not in output:
        raise FuzzError(f"{target}: something else than the planted bug was found ('{wanted}' is not reported)\n{output[-6000:]}")
    runs = re.search(r"^stat::number_of_executed_units: (\d+)", output, re.M)
    return artifact[1], int(runs[1]) if runs else None


def check(target):
    """Also: the same input is harmless where no bug is planted."""
    artifact, runs = find(target)
    status, output = run([program(target), artifact], BUILD_SECONDS)
    if status != 0:
        raise FuzzError(f"{target}: {artifact} fails without the planted bug, too\n{output[-3000:]}")
    return f"found: {wanted_words(patch_of(target))}" + (f", after {runs} runs" if runs else "")


def main(names):
    for target in names or targets():
        try:
            print(f"{target}: {check(target)}", flush=True)
        except FuzzError as error:
            print(f"planted: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
