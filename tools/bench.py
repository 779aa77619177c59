#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/bench.py: counts executed instructions on each machine; prints a table and writes build/bench.json.

  bench.py [MACHINE]...      run in the repository's root, with kernels and plugin built

Each kernel runs its own benchmarks (test=bench_*, kernel/selftest/bench.c) under -icount, where the counts are exact and
repeatable; two boots, because the violation's cost depends on the policy; a third that runs the user program `bench`; and some
at whose prompt keys are typed (tools/prompt.py).
Beside the kernel a plugin in QEMU counts what
instructions don't show, which goes to build/bench-counts.json: docs/measuring.md.
"""
import json
import os
import sys
from collections import namedtuple

import counting
import elf
import prompt

POLICIES = ["ignore", "once"]
Figure = namedtuple("Figure", "aim held others", defaults=(None, None, None))
# aim: at most that, one number or one per machine; held: what tests/qemu/test_bench.py allows while the aim is missed.
# others: who else, on the same QEMU, counted in the same way (x86_64, aarch64). Linux 6.1: a sealed write dropped, a permission
# change per page, entry to init. seL4 16.0: release build, fast path on; x86_64 without the Meltdown mitigation.
DROPPED, PER_PAGE, BOOT = (474_000, 376_000), (132, 72), (1_465_000_000, 893_000_000)
TABLE = {
    "boot_to_seal": Figure(1_500_000, others=("Linux", *BOOT)),
    "seal_per_page": Figure(15, others=("Linux", *PER_PAGE)),
    "protect_512_per_page": Figure(10, others=("Linux", *PER_PAGE)),
    "gate_empty": Figure(50),
    "gate_one": Figure(),
    "gate_512": Figure(5_000),
    "ignore_cold": Figure(10_000, others=("Linux", *DROPPED)),
    "ignore_warm": Figure(3_000, held=3_400, others=("Linux", *DROPPED)),
    "once_cold": Figure(),
    "once_warm": Figure(),
    "image_bytes": Figure(163_840, held=350_000),
}
USER_TABLE = {
    "boot_to_user": Figure(3_000_000),
    "null_syscall": Figure(120, others=("Linux", 325, 314)),
    "ipc_0": Figure((454, 528), others=("seL4", 454, 528)),
    "ipc_4": Figure((511, 584), others=("seL4", 511, 584)),
    "ipc_10": Figure((866, 792), others=("seL4", 1_733, 1_585)),
    "ipc_64": Figure((1_136, 1_062), others=("seL4", 2_273, 2_125)),
    "signal": Figure((373, 321), others=("seL4", 373, 321)),
    "notification_pingpong": Figure((1_026, 985), others=("seL4", 2_053, 1_971)),
    "yield_pair": Figure((526, 663), others=("seL4", 526, 663)),
    "fault_pager": Figure((900, 600), others=("seL4", 1_276, 537)),
    "fault_map": Figure((1_600, 1_200), others=("seL4", 2_075, 1_110)),
    "map_page": Figure((778, 556), others=("seL4", 778, 556)),
    "protect_page": Figure((776, 569), others=("seL4", 776, 569)),
}
PROMPT_TABLE = {
    "boot_to_prompt": Figure(20_000_000, others=("Linux", *BOOT)),
    "prompt_ram_bytes": Figure(16 * prompt.MIB),
    "programs_bytes": Figure(),
    "keystroke": Figure(),
    "keystroke_screen": Figure(),
    "hello": Figure(),
    "console_per_byte": Figure(),
}
TABLE.update(USER_TABLE)
TABLE.update(PROMPT_TABLE)
SIDE_COUNTS = ["root_loads", "invalidations", "shootdowns", "gate_entries", "longest_masked"]


def measure(machine):
    """({name: figure}, {name: side counts}) of one machine."""
    figures, counts, seconds = {}, {}, []
    for policy in POLICIES:
        run = counting.Run(machine, f"test=bench_* ro_fault={policy}")
        figures.update(run.figures())
        seconds.append(round(run.seconds, 2))
        for name in run.figures():
            counts[name] = median_passage(run, name)
        for phase in ("masked_boot", "masked", "masked_printing"):
            if phase not in counts or run.counts[phase]["instructions"] > counts[phase]["instructions"]:
                counts[phase] = run.counts[phase]
    figures.update(counting.Run(machine, "init=bench smp=1", plugin=False).user_figures())
    figures.update(prompt.figures(machine))
    figures["image_bytes"] = dict.fromkeys(("median", "min", "max"), counting.image_bytes(machine)) | {"unit": "bytes"}
    counts["per_call"] = per_call(machine)
    counts["host_seconds"] = seconds
    return {name: figures[name] for name in list(TABLE) + sorted(set(figures) - set(TABLE)) if name in figures}, counts


def median_passage(run, name):
    """Side counts of the passage in the middle, sorted by instructions; for a slope those of the last, larger one."""
    passages = run.counts["stretches"][name]
    if name != "seal_per_page":
        passages = sorted(passages, key=lambda p: p["instructions"])[:len(passages) // 2 + 1]
    return {key: passages[-1][key] for key in SIDE_COUNTS}


def limit(value, machine):
    """An aim, or what is held meanwhile, for one machine; None: there is none."""
    return value[counting.MACHINES.index(machine)] if isinstance(value, tuple) else value


def cell(figure, aim):
    """12 characters for the number, a mark where the aim is missed."""
    if figure is None:
        return f"{'-':>12} "
    return f"{figure['median']:>12,}{'!' if aim and figure['median'] > aim else ' '}"


def table(results):
    """Lines for people: a row per figure, median and range per machine, the aim, Linux's figure."""
    yield f"{'instructions':22}" + "".join(f"{m:>12} {'min … max':>25}" for m in results) + f"{'aim':>14}  others"
    for name in dict.fromkeys(name for figures in results.values() for name in figures):
        figure = TABLE.get(name, Figure())
        row = f"{name:22}"
        for machine, figures in results.items():
            found = figures.get(name)
            span = f"{found['min']:,} … {found['max']:,}" if found else "-"
            row += f"{cell(found, limit(figure.aim, machine))}{span:>25}"
        aim = " / ".join(f"{n:,}" for n in dict.fromkeys(limit(figure.aim, m) or 0 for m in results) if n)
        others = f"{figure.others[0]} {' / '.join(f'{n:,}' for n in figure.others[1:])}" if figure.others else ""
        yield (row + f"{aim:>14}  {others}").rstrip()
    yield "!: the aim is missed. what ends in _bytes is in bytes. Others: x86_64 / aarch64, the nearest thing to compare with."


def place(machine, address):
    """function+offset of an address in the kernel; the first instructions run at physical ones."""
    address += 0 if address >> 63 else 2**64 - counting.PHYSICAL[machine]
    address %= 2**64
    functions = [s for s in elf.Elf(f"build/{machine}/amber.elf").symbols if s.type == elf.STT_FUNC and s.value <= address]
    best = max(functions, key=lambda s: s.value, default=None)
    return f"{best.name}+{address - best.value:#x}" if best else f"{address:#x}"


CALLS = (200, 600)


def per_call(machine):
    """Root loads, invalidations and interrupts of one call and its answer, on one CPU and between two: the slope of two runs."""
    found = {}
    for name, cpu in (("on one CPU", 0), ("between two CPUs", 1)):
        few, many = (counting.Run(machine, f"init='bench calls {n} {cpu}' loglevel=0", extra="-smp 2").counts for n in CALLS)
        counts = {key: many["totals"][key] - few["totals"][key] for key in ("root_loads", "invalidations", "gate_entries")}
        counts["interrupts"] = many["interrupts"] - few["interrupts"]
        found[name] = {key: round(value / (CALLS[1] - CALLS[0]), 1) for key, value in counts.items()}
    return found


def side_table(machine, counts):
    """What instructions don't show, of one machine."""
    yield f"{machine:21}{'root loads':>12}{'invalidations':>15}{'shootdowns':>12}{'gate entries':>14}{'longest masked':>16}"
    for name in TABLE:
        if values := counts.get(name):
            yield f"{name:21}" + "".join(f"{values[key]:>{width},}" for key, width in zip(SIDE_COUNTS, (12, 15, 12, 14, 16)))
    for phase, words in (("masked_boot", "until the seal"), ("masked", "behind it"), ("masked_printing", "behind it, printing included")):
        longest = counts[phase]
        yield (f"longest with interrupts masked, {words}: {longest['instructions']:,}, "
               f"from {place(machine, longest['from'])} to {place(machine, longest['to'])}")
    for name, counted in counts["per_call"].items():
        words = ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in counted.items())
        yield f"ipc_0 {name}, each call: {words}"
    yield f"host time, for information only: {' + '.join(f'{s:.2f}' for s in counts['host_seconds'])} s"


def save(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def main(machines):
    measured = {m: measure(m) for m in machines or counting.MACHINES}
    results = {m: figures for m, (figures, _) in measured.items()}
    print("\n".join(table(results)))
    for machine, (_, counts) in measured.items():
        print("\n" + "\n".join(side_table(machine, counts)))
    save("build/bench.json", results)
    save("build/bench-counts.json", {m: counts for m, (_, counts) in measured.items()})


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except counting.Failed as error:
        sys.exit(str(error))
