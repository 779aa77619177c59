# SPDX-License-Identifier: MIT
"""tools/gdb/dry_run.py: amber dryrun: stops before and behind the one instruction that a dry run steps, shows what it stored in the
shadow pages (docs/dry-run.md), and stops at the verdict."""
import contextlib
from collections import namedtuple

import gdb
from entries import ADDRESS
from physical import MASK, PAGE, Clear, connection, enum_text, kernel, read, register
from records import asked, source, words
from roots import is_dry_run

Page = namedtuple("Page", "va frame original a b")
# What is under way between "before" and "behind": where the step returns to, and both shadows as they were.
Pending = namedtuple("Pending", "cpu returns_to sp pages passes before")
pending = None
MOST_ROWS = 64


def argument_register(n):
    return register(("rdi", "rsi")[n] if kernel().machine == "x86_64" else f"x{n}")


def stopped_elsewhere():
    where = kernel().symbols.text(register("pc"))
    if is_dry_run():
        return Clear(f"stopped at {where}, which is being tried out: your breakpoint is on that instruction; `delete` it")
    return Clear(f"stopped somewhere else, at {where}: once more goes on")


def run_to(addresses, wanted=lambda: True):
    """Runs on until one of those instructions, and `wanted` there."""
    stops = [gdb.Breakpoint(f"*{address:#x}", type=gdb.BP_HARDWARE_BREAKPOINT, internal=True) for address in addresses]
    for stop in stops:
        stop.silent = True
    try:
        while True:
            try:
                gdb.execute("continue", to_string=True)
            except gdb.error:
                raise Clear("the machine has ended before") from None
            if not gdb.selected_inferior().pid:
                raise Clear("the machine has ended before")
            if register("pc") not in addresses:
                raise stopped_elsewhere()
            if wanted():
                return
    finally:
        for stop in stops:
            if stop.is_valid():
                stop.delete()


@contextlib.contextmanager
def without_breakpoints():
    """During the step: one on the instruction that is tried out, or a watchpoint on what it stores, would stop in the middle."""
    enabled = [stop for stop in gdb.breakpoints() if stop.enabled]
    for stop in enabled:
        stop.enabled = False
    try:
        yield
    finally:
        for stop in enabled:
            if stop.is_valid():
                stop.enabled = True


def state_of(root):
    """(number of the CPU whose dry-run root that is, its struct dry_state)."""
    core = kernel()
    cpus = core.variable("percpu")
    for cpu in range(cpus.type.range()[1] + 1):
        if int(cpus[cpu]["dry_root"]) == root:
            return cpu, gdb.Value(read(int(cpus[cpu]["dry_state"]), PAGE)[:gdb.lookup_type("struct dry_state").sizeof],
                                  gdb.lookup_type("struct dry_state"))
    raise Clear(f"{root:#x} is no CPU's dry-run root")


def pages_of(state):
    found = [state["page"][i] for i in range(int(state["pages"]))]
    return [Page(*(int(page[name]) for name in ("va", "frame", "original", "shadow_a", "shadow_b"))) for page in found]


def is_second(state):
    """Which shadow does the leaf lead to?"""
    leaf = int.from_bytes(read(int(state["page"][0]["leaf"]), 8), "little") & ADDRESS
    return leaf == int(state["page"][0]["shadow_b"])


def instruction_at(pc):
    try:
        return gdb.selected_frame().architecture().disassemble(pc)[0]["asm"]
    except gdb.error:
        return "?"


def before_step():
    global pending
    core = kernel()
    cpu, state = state_of(argument_register(1))
    frame = core.object(argument_register(0), "struct trap_frame")
    pc = int(frame["rip" if core.machine == "x86_64" else "pc"]) & MASK
    pages, second = pages_of(state), is_second(state)
    sp = register("sp")
    returns_to = int.from_bytes(core.read(sp, 8), "little") if core.machine == "x86_64" else register("x30")
    pending = Pending(cpu, returns_to, sp, pages, "B" if second else "A", [(read(p.a, PAGE), read(p.b, PAGE)) for p in pages])
    yield (f"dry run on CPU {cpu}, before pass {'B (true copies)' if second else 'A (copies that differ in each byte)'}: "
           f"{core.symbols.text(pc)}: {instruction_at(pc)}")
    yield f"  {source(pc)}"
    for page in pages:
        yield (f"  page 0x{page.va:016x}: frame {page.frame:#x} ({core.symbols.text(page.va)}), shadow A {page.a:#x}, "
               f"shadow B {page.b:#x}" + ("" if page.original == page.frame else f", compared with a copy at {page.original:#x}"))
    if state["is_fast"]:
        yield f"  fast way: A differs from B in the {kernel_window()} bytes at offset {int(state['window']):#x} only"
    yield "  next: amber dryrun runs the step"


def kernel_window():
    return 128  # DRY_WINDOW_BYTES in mm/dry_run.h


def stored_rows(page, before):
    """Bytes of either shadow that are not what they were before the step."""
    old = before
    new = (read(page.a, PAGE), read(page.b, PAGE))
    true = read(page.original, PAGE)
    if new == old:
        return
    for at in range(PAGE):
        if new[0][at] != old[0][at] or new[1][at] != old[1][at]:
            cells = [f"{old[i][at]:02x} -> {new[i][at]:02x}" if new[i][at] != old[i][at] else f"{old[i][at]:02x}      " for i in (0, 1)]
            yield f"  0x{page.va + at:016x}  page {true[at]:02x}   shadow A {cells[0]}   shadow B {cells[1]}"


def behind_step():
    global pending
    done, pending = pending, None
    rows = [row for page, before in zip(done.pages, done.before) for row in stored_rows(page, before)]
    yield f"dry run on CPU {done.cpu}, behind pass {done.passes}: the step changed {len(rows)} byte{'' if len(rows) == 1 else 's'} of the shadows"
    yield from rows[:MOST_ROWS]
    if len(rows) > MOST_ROWS:
        yield f"  … and {len(rows) - MOST_ROWS} more"
    yield "  the page itself is as it was; next: amber dryrun goes on, to the next pass or to the verdict"


def in_story():
    """Is some CPU at a violation already? Then the next stop is near."""
    states = kernel().variable("cpu_states")
    return any(int(states[cpu]["in_story"]) for cpu in range(states.type.range()[1] + 1))


def verdict():
    """Behind both passes, and behind those who decide; nothing is done yet."""
    core = kernel()
    story = core.object(argument_register(0), "struct story")
    record = core.object(story["violation"], "struct violation")
    status = enum_text(story["status"], "DRY_RUN_")
    yield f"verdict: {enum_text(record['verdict'], 'VERDICT_')} on {words(record)}" + ("" if status == "done" else ", without a dry run")
    yield from asked(record)
    if int(core.variable("open_record")) == int(story["violation"]):
        yield f"  record {int(record['seq'])}: `amber why {int(record['seq'])}` says more; next: amber dryrun goes on to the next violation"
    else:
        yield "  one more store of the record before; next: amber dryrun goes on to the next violation"


def dryrun(argument):
    """Run on to a dry run's next step: amber dryrun.
It stops before the step; once more stops behind it and shows which bytes of both shadow pages it changed. A dry run has two passes,
A and B: four times tell all of one. The fifth stops at the verdict, before anything is done about the write."""
    global pending
    if argument:
        raise Clear("usage: amber dryrun")
    connection()
    core = kernel()
    if pending and register("pc") == core.edge("step_run") and register("sp") == pending.sp:
        # The frame that it returns to lies above what it pushed: another CPU's return is not ours.
        sp = pending.sp + (8 if core.machine == "x86_64" else 0)
        with without_breakpoints():
            run_to([pending.returns_to], lambda: register("sp") == sp)
        yield from behind_step()
        return
    pending = None
    if not in_story():
        print("running on to the next violation; Ctrl-C stops the machine", flush=True)
    run_to([core.edge("step_run"), core.edge("verdict_apply")])
    yield from before_step() if register("pc") == core.edge("step_run") else verdict()
