# SPDX-License-Identifier: MIT
"""tools/counting.py: runs a kernel's benchmarks in QEMU with the counting plugin (tools/plugin/count.c).

`run` boots once under -icount and gives two independent counts of the same stretches: the kernel's own `bench` events, and
what the plugin saw between the ELF file's symbols bench_NAME_begin and bench_NAME_end.
"""
import json
import os
import re
import subprocess
import tempfile
import time

import elf

MACHINES = ["x86_64", "aarch64"]
PLUGIN = "build/host/count.so"
ICOUNT = "-icount shift=0,sleep=off"
SECONDS = 900
FIGURES = ("median", "min", "max", "unit")
# The symbol at which the boot begins runs before the page tables do: at the physical address, here less the virtual one.
PHYSICAL = {"x86_64": -0xFFFFFFFF80000000, "aarch64": 0x40200000 - 0xFFFFFFFF80200000}
VECTOR_BYTES = {"x86_64": 16, "aarch64": 128}
VECTORS = {"x86_64": 256, "aarch64": 16}
SHOOTDOWNS = ["tlb_shootdown", "tlb_shootdown_all"]
# Where a step is over: the instruction at which the exception's way back joins the way that called.
STEP_BACK = {"x86_64": "step_return", "aarch64": "trap_in_step"}
# Figures per page: (first passage, last one) -> the figure. Others: the passage itself.
SLOPE_ENTRIES = 2 * 64  # seal_per_page: 32 pages, then 96 pages, each with two mappings
PAGES = 512             # protect_512_per_page


class Failed(Exception):
    """One line that says what went wrong with which machine."""


def sized(kernel):
    """{name: (address, size)} of all symbols, local ones too."""
    return {s.name: (s.value, s.size) for s in kernel.symbols if s.section != elf.SHN_UNDEF}


def stretches(kernel, machine):
    """{NAME: (begin, end)} from the symbols bench_NAME_begin and bench_NAME_end."""
    symbols = sized(kernel)
    found = {}
    for name in symbols:
        if match := re.match(r"bench_(\w+)_begin$", name):
            begin, end = symbols[name][0], symbols[f"bench_{match[1]}_end"][0]
            found[match[1]] = (begin + PHYSICAL[machine] if match[1] == "boot_to_seal" else begin, end)
    return found


def plugin_arguments(kernel, machine, out, more=(), counted=()):
    """What the plugin has to know, as QEMU's -plugin takes it. more: stretches of the caller; counted: the names of what is
    otherwise left out."""
    symbols = sized(kernel)
    vectors = symbols["trap_vectors"][0]
    words = [f"out={out}", f"entry={stretches(kernel, machine)['boot_to_seal'][0]}",
             f"vectors={vectors}:{vectors + VECTORS[machine] * VECTOR_BYTES[machine]}:{VECTOR_BYTES[machine]}",
             f"sealed={symbols['bench_boot_to_seal_end'][0]}", f"over={symbols['objects_consistent'][0]}"]
    words += more
    for name, (begin, end) in stretches(kernel, machine).items():
        if name in ("left_out_" + c for c in counted):
            continue
        words.append(f"left_out={begin}:{end}" if name.startswith("left_out_") else f"stretch={name}:{begin}:{end}")
    for word, names in (("gate", ["arch_gate_call"]), ("shootdown", SHOOTDOWNS)):
        words += [f"{word}={symbols[n][0]}:{sum(symbols[n])}" for n in names]
    words.append(f"leave={symbols['user_resume'][0]}:{sum(symbols['user_resume'])}")
    back, size = symbols[STEP_BACK[machine]]
    # aarch64 restores the mask (as it was: masked) in the last instruction but one of that function.
    words.append(f"step={symbols['step_run'][0]}:{back + size - 4 if size else back}")
    return ",".join([PLUGIN, *words])


def qemu_line(machine, cmdline):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k not in ("ARCH", "CMDLINE", "BREAK")}
    return subprocess.run(["make", "-s", "qemu-line", f"ARCH={machine}", f"CMDLINE=exit=debug {cmdline}"],
                          stdout=subprocess.PIPE, text=True, check=True, env=clean).stdout.rstrip("\n")


class Run:
    """events: the kernel's; counts: the plugin's (None without it); seconds: of this computer, for information."""

    def __init__(self, machine, cmdline, plugin=True, extra=""):
        line = f"exec {qemu_line(machine, cmdline)} {ICOUNT} {extra}"
        with tempfile.TemporaryDirectory(prefix="amber-bench-") as folder:
            out = os.path.join(folder, "counts.json")
            if plugin:
                line += " -plugin " + plugin_arguments(elf.Elf(f"build/{machine}/amber.elf"), machine, out)
            began = time.monotonic()
            done = subprocess.run(line, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
            self.seconds = time.monotonic() - began
            lines = done.stdout.decode("utf-8", "replace").replace("\r", "").split("\n")
            self.lines = lines
            self.events = [json.loads(x[len("@amber "):]) for x in lines if x.startswith("@amber ")]
            if not self.events or self.events[-1].get("status") != "ok":
                raise Failed(f"bench: {machine} failed:\n  {line}\n" + "\n".join(lines[-20:]))
            self.counts = None
            if plugin:
                with open(out, encoding="ascii") as f:
                    self.counts = json.load(f)

    def figures(self):
        """{name: {median, min, max, unit}} as the kernel counted."""
        return {e["name"]: {k: e[k] for k in FIGURES} for e in self.events if e["event"] == "bench"}

    def user_figures(self):
        """The same from the user program `bench`, which prints lines."""
        found = [re.search(r"bench: figure (\w+) median (\d+) min (\d+) max (\d+)", line) for line in self.lines]
        return {m[1]: {"median": int(m[2]), "min": int(m[3]), "max": int(m[4]), "unit": "instructions"} for m in found if m}

    def counted(self, name):
        """The same figure's values as the plugin counted, one per passage, sorted."""
        values = [p["instructions"] for p in self.counts["stretches"].get(name, [])]
        if name == "seal_per_page" and values:
            small, large = values
            return [(large - small + SLOPE_ENTRIES // 2) // SLOPE_ENTRIES]
        if name == "protect_512_per_page":
            values = [(v + PAGES // 2) // PAGES for v in values]
        return sorted(values)


def image_bytes(machine):
    """What of the kernel file stays in memory behind the seal, without programs and what is zero at first: text, rodata, data."""
    kernel = elf.Elf(f"build/{machine}/amber.elf")
    return sum(s.size for s in kernel.sections if s.flags & elf.SHF_ALLOC and s.type != elf.SHT_NOBITS
               and not s.name.startswith(".init.") and s.name != ".user_archive")
