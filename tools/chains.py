#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/chains.py: an example of a script that experiments: what does each chain make of each store?

  chains.py ARCH [CHAIN]...      run in the repository's root; `make kernels` before

Each cell is a boot of its own: the verdict, and what is in lab_sealed_word afterwards if the machine was still there.
"""
import json
import os
import subprocess
import sys

CHAINS = ["panic", "ignore", "once", "same,oops"]
STORES = ["store8:same", "store8:0xdead", "cmpxchg:5@commit"]
SECONDS = 240  # without a limit a machine that hangs holds the script for ever


def events(arch, cmdline):
    """The events of one boot. exit=debug makes QEMU end, after a panic too; it must not read the script's input."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    line = subprocess.run(["make", "-s", "qemu-line", f"ARCH={arch}", f"CMDLINE=exit=debug {cmdline}"],
                          stdout=subprocess.PIPE, text=True, check=True, env=clean).stdout.strip()
    done = subprocess.run(f"exec {line}", shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return [json.loads(text[len("@amber "):]) for text in lines if text.startswith("@amber {")]


def cell(arch, chain, store):
    """(verdict, the word afterwards; "-" when the machine was stopped)"""
    found = events(arch, f"lab=on ro_fault={chain} inject=lab_sealed_word:{store}")
    verdicts = [e["verdict"] for e in found if e["event"] == "violation"]
    after = [e["after"] for e in found if e["event"] == "inject"]
    word = f"{int.from_bytes(bytes.fromhex(after[0])[:8], 'little'):#x}" if after else "-"
    return ",".join(verdicts), word


def main(arch, *chains):
    print(f"{'chain':12}" + "".join(f"{store:24}" for store in STORES).rstrip())
    for chain in chains or CHAINS:
        print(f"{chain:12}" + "".join(f"{' '.join(cell(arch, chain, store)):24}" for store in STORES).rstrip())


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("x86_64", "aarch64"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
