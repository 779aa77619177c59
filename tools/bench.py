#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/bench.py: counts executed instructions on each machine; prints a table and writes build/bench.json.

  bench.py [MACHINE]...      run in the repository's root, with the kernels built

Each kernel runs its own benchmarks (test=bench_*, kernel/selftest/bench.c) under -icount, where the counts are exact and
repeatable; two boots, because the violation's cost depends on the policy.
"""
import json
import os
import subprocess
import sys

MACHINES = ["x86_64", "aarch64"]
POLICIES = ["ignore", "once"]
SECONDS = 120
# What design and issues aim at; None: no aim.
AIMS = {"boot_to_seal": 3_000_000, "seal_per_page": 40, "gate_empty": 50, "gate_one": None, "gate_512": 5_000,
        "ignore_cold": 18_000, "once_cold": None}
FIGURES = ("median", "min", "max", "unit")


def boot(machine, policy):
    """The `bench` events of one boot."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k not in ("ARCH", "CMDLINE", "BREAK")}
    line = subprocess.run(["make", "-s", "qemu-line", f"ARCH={machine}", f"CMDLINE=exit=debug test=bench_* ro_fault={policy}"],
                          stdout=subprocess.PIPE, text=True, check=True, env=clean).stdout.rstrip("\n")
    done = subprocess.run(f"exec {line} -icount shift=0,sleep=off", shell=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=SECONDS, check=False)
    lines = done.stdout.decode("utf-8", "replace").replace("\r", "").split("\n")
    events = [json.loads(x[len("@amber "):]) for x in lines if x.startswith("@amber ")]
    if not events or events[-1].get("status") != "ok":
        sys.exit(f"bench: {machine} failed:\n" + "\n".join(lines[-20:]))
    return [e for e in events if e["event"] == "bench"]


def measure(machine):
    """{name: figures}"""
    found = {e["name"]: {k: e[k] for k in FIGURES} for policy in POLICIES for e in boot(machine, policy)}
    return {name: found[name] for name in list(AIMS) + sorted(found) if name in found}


def table(results):
    """Lines for people: a row per figure, a column per machine."""
    names = list(dict.fromkeys(name for figures in results.values() for name in figures))
    yield f"{'instructions (median)':24}" + "".join(f"{m:>14}" for m in results) + f"{'aim':>14}"
    for name in names:
        cells = "".join(f"{results[m][name]['median'] if name in results[m] else '-':>14}" for m in results)
        yield f"{name:24}{cells}{AIMS.get(name) or '':>14}"


def main(machines):
    results = {m: measure(m) for m in machines or MACHINES}
    print("\n".join(table(results)))
    os.makedirs("build", exist_ok=True)
    with open("build/bench.json", "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
