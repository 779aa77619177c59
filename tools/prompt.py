# SPDX-License-Identifier: MIT
"""tools/prompt.py: what it costs until there is a prompt, and what it costs to type there: for tools/bench.py.

One boot under -icount with the counting plugin, at whose prompt keys are typed; a second with a screen; and as many as it takes to
find the least RAM. When a key arrives depends on this computer, what it costs doesn't: the machine idles until then.
"""
import json
import os
import re
import subprocess
import tempfile
import threading
import time

import counting
import elf

PROMPT = b"amber> "
ROUNDS = 15
SECONDS = 600
REST = 0.02  # the machine is done with what came before, and idles
SCREENS = {"x86_64": "-device VGA"}  # machines that show their text on one, and how QEMU gets it
RAM_MIB = (4, 16)                    # less can't be, or need not
MIB = 1 << 20


class Typist:
    """A machine at whose prompt somebody types; stretches: the plugin's, beside its usual ones."""

    def __init__(self, machine, stretches, extra=""):
        self.folder = tempfile.TemporaryDirectory(prefix="amber-bench-")
        self.machine, self.out, self.text = machine, os.path.join(self.folder.name, "counts.json"), b""
        kernel = elf.Elf(f"build/{machine}/amber.elf")
        plugin = counting.plugin_arguments(kernel, machine, self.out, stretches, counted=("log_console", "log_draw"))
        self.line = f"exec {counting.qemu_line(machine, 'loglevel=4')} {counting.ICOUNT} {extra} -plugin {plugin}"
        self.process = subprocess.Popen(self.line, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.alarm = threading.Timer(SECONDS, self.process.kill)
        self.alarm.start()
        self.seen = 0
        self.wait(PROMPT)

    def wait(self, wanted):
        while wanted not in self.text[self.seen:]:
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                raise counting.Failed(f"bench: {self.machine} ended at the prompt:\n  {self.line}\n{self.text[-1000:].decode()}")
            self.text += chunk
        self.seen = self.text.index(wanted, self.seen) + len(wanted)

    def type(self, keys, wanted):
        time.sleep(REST)
        self.process.stdin.write(keys)
        self.process.stdin.flush()
        self.wait(wanted)

    def counts(self):
        """The plugin's, when the machine is off."""
        self.type(b"poweroff\r", b'"exit"')
        self.process.communicate()
        with open(self.out, encoding="ascii") as f:
            return json.load(f)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.alarm.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()


def series(values, unit="instructions"):
    values = sorted(values)
    return {"median": values[len(values) // 2], "min": values[0], "max": values[-1], "unit": unit}


def instructions(counts, name):
    return [p["instructions"] for p in counts["stretches"][name]]


def key_stretch(symbols, drawn):
    """From the interrupt's vector to what the key shows: sent, or drawn too."""
    end = symbols["bench_left_out_log_draw_end" if drawn else "bench_left_out_log_console_end"][0]
    return f"interrupt=keystroke:{symbols['irq_object_fire'][0]}:{end}"


def type_letters(typist):
    """Each alone on the line: typed, then cut."""
    for _ in range(ROUNDS + 1):
        typist.type(b"x", b"x")
        typist.type(b"\x15", b"\x1b[K")


def keystrokes(counts):
    """The letters' among all; the first one doesn't count."""
    return series(instructions(counts, "keystroke")[0:2 * ROUNDS + 2:2][1:])


def typed(machine, symbols):
    """boot_to_prompt, keystroke, and hello: from the first system call that makes it to its end, known to the shell."""
    hello = f"stretch=hello:{symbols['sys_space_create'][0]}:{symbols['sys_thread_info'][0]}"
    with Typist(machine, [key_stretch(symbols, drawn=False), hello]) as typist:
        type_letters(typist)
        for _ in range(ROUNDS + 1):
            typist.type(b"hello\r", b"since the kernel's first")
            typist.wait(PROMPT)
        counts, text = typist.counts(), typist.text
    boot = int(re.search(rb"\] amber: prompt after (\d+) instructions", text)[1])
    return {"boot_to_prompt": series([boot]), "keystroke": keystrokes(counts), "hello": series(instructions(counts, "hello")[-ROUNDS:])}


def drawn(machine, symbols):
    if machine not in SCREENS:
        return {}
    with Typist(machine, [key_stretch(symbols, drawn=True)], SCREENS[machine]) as typist:
        type_letters(typist)
        return {"keystroke_screen": keystrokes(typist.counts())}


def works(machine, mib):
    """Boots to the prompt, runs a program, powers off."""
    line = counting.qemu_line(machine, "run='mem;hello;poweroff'") + f" -m {mib}M"
    try:
        done = subprocess.run(f"exec {line}", shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return b"hello, world" in done.stdout and b'"event":"exit","status":"ok"' in done.stdout


def least_ram(machine):
    """Whole MiB. More works if less does (tests/qemu/test_machines.py walks the sizes)."""
    too_small, enough = RAM_MIB
    if not works(machine, enough):
        raise counting.Failed(f"bench: {machine}: no prompt with {enough} MiB")
    while enough - too_small > 1:
        middle = (enough + too_small) // 2
        too_small, enough = (too_small, middle) if works(machine, middle) else (middle, enough)
    return enough * MIB


def programs_bytes(machine):
    """The archive of programs in the kernel file."""
    kernel = elf.Elf(f"build/{machine}/amber.elf")
    return sum(s.size for s in kernel.sections if s.name == ".user_archive")


def figures(machine):
    symbols = counting.sized(elf.Elf(f"build/{machine}/amber.elf"))
    return typed(machine, symbols) | drawn(machine, symbols) | {
        "prompt_ram_bytes": series([least_ram(machine)], "bytes"), "programs_bytes": series([programs_bytes(machine)], "bytes")}
