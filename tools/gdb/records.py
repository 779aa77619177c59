# SPDX-License-Identifier: MIT
"""tools/gdb/records.py: the violation ring: records of writes to sealed memory in the kernel's own words (violation_print.c)."""
import struct

import gdb
from objects import call_names
from physical import Clear, enum_text, kernel, name_of, read
from roots import frame_at

MAGIC = 0x676E6972726D6121
ARENA = ("unused", "table", "root", "gate-table", "dry-run-table", "user-table", "space-root", "dead-root", "shadow", "gate-stack",
         "frame-table", "ring", "state")  # mm/frame.h, FRAME_ARENA and below
HAPPENED = {"ignore": "the write was dropped, execution goes on", "once": "the write was let through once, the page stays sealed",
            "unprotect": "the write was let through, the page is writable from now on",
            "oops": "the write was dropped, its thread is killed"}


def ring():
    """(how many there were, those that are kept)."""
    core = kernel()
    frame = core.number("violation_ring_frame")
    if not frame:
        raise Clear("there is no violation ring yet: the kernel makes it while starting")
    kind, record = gdb.lookup_type("struct violation_ring"), gdb.lookup_type("struct violation")
    magic, appended, kept = struct.unpack("<3Q", read(frame, 24))  # mm/ring.h
    if magic not in (0, MAGIC):
        raise Clear(f"no violation ring at {frame:#x}: its magic number is wrong")
    first = frame + next(f.bitpos // 8 for f in kind.fields() if f.name == "records")
    kept = min(kept, kind.sizeof // record.sizeof)
    data = read(first, kept * record.sizeof) if kept else b""
    return appended, [gdb.Value(data[i * record.sizeof:(i + 1) * record.sizeof], record) for i in range(kept)]


def array(values, count):
    return bytes(int(values[i]) for i in range(count))


def value_text(data):
    if len(data) <= 8:
        return f"{int.from_bytes(data, 'little'):#x}"
    return data[:16].hex() + ("..." if len(data) > 16 else "")


def place_text(physical, address):
    """As kernel/place.c: by the frame, so that each mapping of an object gives its name."""
    core, frame = kernel(), frame_at(physical)
    if frame and frame.type in ARENA:
        return f"arena:{frame.type}+{physical & 4095:#x}"
    if frame and frame.type == "user-sealed":
        return f"user:sealed+{physical & 4095:#x}"
    image = physical - core.image_physical() + 0xFFFFFFFF80200000
    return core.symbols.text(image if core.in_image(image) else address)


def words(record):
    place = place_text(int(record["paddr"]), int(record["addr"]))
    has_size, has_values, size = bool(record["has_size"]), bool(record["has_values"]), int(record["size_bytes"])
    extent = f"{size} byte{'' if size == 1 else 's'}" if has_size else "size unknown"
    old = value_text(array(record["old"], min(size, 64) if has_size else 8)) if has_values else "?"
    new = value_text(array(record["new"], min(size, 64))) if has_values and has_size else "?"
    if enum_text(record["class"], "CLASS_") == "core":
        return f"{place}, which holds {old}"
    if not record["has_dry_run"]:
        return f"{place}, size and values unknown"
    if not has_values:
        return f"{place}, {extent}, nothing would change"
    least = "at least " if has_size and not record["size_exact"] else ""
    return f"{place}, {least}{extent} {old} -> {new}"


def lines(record):
    """The lines that the kernel prints."""
    core, verdict = kernel(), enum_text(record["verdict"], "VERDICT_")
    yield f"write to sealed memory: {words(record)}, by {core.symbols.text(int(record['pc']))} in thread '{name_of(record['thread'])}'"
    if int(record["count"]) > 1:
        yield f"  {int(record['count'])} stores in a row"
    if verdict != "panic":
        last = record["asked"][int(record["asked_count"]) - 1] if int(record["asked_count"]) > 1 else None
        by = f" (by {core.text(last['policy'])})" if last is not None and not core.text(last["why"]) else ""
        yield f"  ro_fault={core.text(record['chain']) or 'panic'}: {HAPPENED.get(verdict, 'the machine stops')}{by}"


def source(address):
    """file:line and the line itself, as far as gdb knows them."""
    found = gdb.find_pc_line(address)
    if not found.symtab or not found.line:
        return "no source line"
    text = ""
    try:
        with open(found.symtab.fullname(), encoding="utf-8") as f:
            text = f.read().split("\n")[found.line - 1].strip()
    except (OSError, IndexError):
        pass
    return f"{found.symtab.filename}:{found.line}" + (f": {text}" if text else "")


def asked(record):
    for i in range(int(record["asked_count"])):
        policy, reason = (kernel().text(record["asked"][i][name]) for name in ("policy", "why"))
        yield f"  asked: {policy}" + (f" (handed over: {reason})" if reason else " (decided)")


def violations(argument):
    """Records of writes to sealed memory: amber violations.
They are read from the ring in the arena. amber why N says more of one."""
    if argument:
        raise Clear("usage: amber violations")
    ever, kept = ring()
    for record in kept:
        yield (f"{int(record['seq']):>4}  {int(record['time_us']) / 1e6:.6f}  CPU {int(record['cpu'])}  "
               f"{enum_text(record['class'], 'CLASS_')}  {enum_text(record['verdict'], 'VERDICT_'):<9}  {words(record)}, by "
               f"{kernel().symbols.text(int(record['pc']))}" + (f", {int(record['count'])} stores" if int(record["count"]) > 1 else ""))
    yield f"{ever} record{'' if ever == 1 else 's'}" + (f", the first {len(kept)} are kept" if ever > len(kept) else "")


def why(argument):
    """One record in full: amber why N.
N: from 0, as `seq` in its event. In the words that the kernel prints, with source lines and who decided."""
    if not argument.isdecimal():
        raise Clear("usage: amber why N (a record's number, from 0; amber violations lists them)")
    ever, kept = ring()
    record = next((r for r in kept if int(r["seq"]) == int(argument)), None)
    if record is None:
        raise Clear(f"no record {argument}: there " + (f"are {ever}, from 0" if ever else "is none yet"))
    core = kernel()
    yield from lines(record)
    yield f"  the store: {source(int(record['pc']))}"
    number = int(record["syscall"]) - 1
    syscall = f", in system call {call_names().get(number, number)}" if number >= 0 else ""
    yield (f"  a {enum_text(record['kind'], 'KIND_')}, context {enum_text(record['context'], 'CONTEXT_')}, CPU {int(record['cpu'])}, "
           f"address 0x{int(record['addr']):016x}, physical {int(record['paddr']):#x}{syscall}")
    if int(record["initcall"]):
        yield f"  written last while starting by {core.text(record['initcall'])}"
    yield from asked(record)
    for i in range(int(record["backtrace_count"])):
        address = int(record["backtrace"][i])
        yield f"  called from {core.symbols.text_of_return(address)}: {source(address - 1)}"
