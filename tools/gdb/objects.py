# SPDX-License-Identifier: MIT
"""tools/gdb/objects.py: sealed objects and threads, read from physical memory."""
import os
import re

import gdb
from physical import LAYOUT, TOP, Clear, connection, enum_text, kernel, name_of
from roots import frame_at

REASONS = ["killed", "killed", "killed by a fault", "killed by an oops", "killed: nobody held it any more"]  # enum exit_reason


def sealed_class(address):
    """data, core or None: by the section."""
    core = kernel()
    for name, section in (("data", "ro_after_init"), ("core", "ro_core")):
        if core.edge(f"__{section}_start") <= address < core.edge(f"__{section}_end"):
            return name
    return None


def chain_of(address, class_):
    """The text of the chain that decides about it."""
    if class_ == "core":
        return "panic"
    chains = kernel().variable("chain_table")
    for i in range(int(chains["count"])):
        if int(chains["chains"][i]["object"]) <= address < int(chains["chains"][i]["object_end"]):
            return name_of(chains["chains"][i]["text"])
    return name_of(chains["chains"][0]["text"]) if int(chains["count"]) else "-"


def is_open(address, size):
    """Has some mapping of one of its pages the write bit?"""
    core = kernel()
    frames = [frame_at(core.physical(page)) for page in range(address & ~4095, address + size, 4096)]
    return any(frame and frame.writable for frame in frames)


def dump(address, data):
    """16 bytes a line; a * stands for more lines like the one before."""
    before, is_same = None, False
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        if row == before and at + 16 < len(data):
            if not is_same:
                yield "  *"
            is_same = True
            continue
        before, is_same = row, False
        yield f"  0x{address + at:016x}  {row.hex(' '):<47}  " + "".join(chr(b) if 32 <= b < 127 else "." for b in row)


def defined_in(name, file):
    """What gdb finds first by its name may be the declaration in a header; its list has the definition too."""
    listed = gdb.execute(f"info variables -q ^{name}$", to_string=True)
    found = [(where, line) for where, line in re.findall(r"^File (.+):\n(\d+):", listed, re.M) if not where.endswith(".h")]
    where, line = next((each for each in found if file and each[0].endswith(file)), found[0] if found else (file or "assembly", ""))
    return f"defined in {where}" + (f":{line}" if line else "")


def describe(entry):
    core, (address, size, name, file, _) = kernel(), entry
    class_, physical = sealed_class(address), core.physical(address)
    yield (f"{name}: class {class_}, {size} bytes at 0x{address:016x}, physical {physical:#x}, in the direct map at "
           f"0x{LAYOUT['DIRECT_MAP_BASE'] + physical:016x}")
    frame = frame_at(physical)
    writable = "a policy has opened it" if is_open(address, size) else "no mapping but the gate's may write it"
    yield (f"  {defined_in(name, file)}; ro_fault={chain_of(address, class_)}; "
           f"frame: {frame.type if frame else 'no frame table yet'}, {writable}")
    yield from dump(address, core.read(address, size))


def sealed(argument):
    """Sealed objects and their bytes as they are now: amber sealed [NAME].
Each with its class (data: a chain decides; core: always panic) and first bytes; NAME: one of them, with all of its bytes."""
    connection()
    core = kernel()
    objects = [entry for entry in core.symbols.table if entry[1] and sealed_class(entry[0])]
    if argument:
        found = [entry for entry in objects if argument in (entry[2], f"{entry[3]}:{entry[2]}")]
        if not found:
            raise Clear(f"no sealed object '{argument}' (amber sealed lists them)")
        for entry in found:
            yield from describe(entry)
        return
    for address, size, name, _, _ in objects:
        data = core.read(address, min(size, 16))
        yield (f"0x{address:016x} {size:>6}  {sealed_class(address)}  {name:<32} {data.hex()}" + ("…" if size > 16 else "") +
               ("  OPEN" if is_open(address, size) else ""))
    yield f"{len(objects)} sealed objects, {sum(entry[1] for entry in objects)} bytes"


# --- threads -----------------------------------------------------------------------------------------------

def call_names():
    """Numbers of system calls to their names: include/amber/syscalls.def."""
    with open(os.path.join(TOP, "include", "amber", "syscalls.def"), encoding="utf-8") as f:
        return {int(number): name for number, name in re.findall(r"^SYSCALL\((\d+), (\w+),", f.read(), re.M)}


def doing(thread, state):
    """The system call that it is in; how it ended."""
    core = kernel()
    if state in ("ended", "killed"):
        code = int(thread["exit_code"])
        reason = code - LAYOUT["EXIT_KILLED"]
        return f"exit code {code}" if reason < 0 else REASONS[reason] if reason < len(REASONS) else "killed"
    if not int(thread["space"]):
        return "kernel thread"
    if thread["is_fault"]:
        return "fault"
    if thread["in_syscall"]:
        return call_names().get(int(thread["syscall"]), "?")
    if state in ("running", "ready", "stopped"):
        return ""
    frame = core.object(thread["frame"], "struct trap_frame")
    return call_names().get(int(frame["x"][8] if core.machine == "aarch64" else frame["rax"]), "?")


def state_text(address, thread, current):
    state = enum_text(thread["state"], "THREAD_")
    return "ready" if state == "running" and current.get(int(thread["cpu"])) != address else state


def threads():
    core = kernel()
    return list(core.list(core.edge("all_threads"), "struct thread", "all"))


def ps(argument):
    """Threads: amber ps.
Number, state, CPU time in seconds, CPU, priority, and the system call that each is in."""
    if argument:
        raise Clear("usage: amber ps")
    core, found = kernel(), threads()
    if not found:
        raise Clear("there are no threads yet")
    states = core.variable("cpu_states")
    current = {cpu: int(states[cpu]["current"]) for cpu in range(states.type.range()[1] + 1)}
    yield f"{'ID':>5}  {'NAME':<16} {'STATE':<10} CPU TIME  CPU  PRIO  SYSTEM CALL, OR HOW IT ENDED"
    for address, thread in found:
        space = int(thread["space"])
        name = name_of(core.object(space, "struct space")["name"]) if space else name_of(thread["name"])
        state, ticks = state_text(address, thread, current), int(thread["ticks"])
        yield (f"{int(thread['serial']):>5}  {name:<16} {state:<10} {ticks // 100:>5}.{ticks % 100:02} {int(thread['cpu']):>4} "
               f"{int(thread['priority']):>5}  {doing(thread, state)}").rstrip()

