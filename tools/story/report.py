# SPDX-License-Identifier: MIT
"""tools/story/report.py: a run as lines for a person: how it booted, each write to sealed memory, how it ended."""
import re
import shlex

from . import values
from .log import printable

LEAVES_SHOWN = 8
BYTES_RECORDED = 64  # of a record's old and new
VERDICTS = {
    "panic": "panic: the machine stopped",
    "oops": "oops: the write was dropped, its thread was killed",
    "unprotect": "unprotect: the write was let through, its page is writable from then on",
    "ignore": "ignore: the write was dropped, execution went on",
    "once": "once: the write was let through, its page stayed sealed",
}
CONTEXTS = {"irq": ", in an interrupt", "commit": ", in a commit section", "init": ", while starting"}
INJECTED = {"resumed": "went on behind it", "killed": "its thread was killed", "refused": "was refused"}


def row(title, text):
    return f"  {title:<9}{printable(text)}"


def or_unknown(value, form="{}"):
    return "?" if value is None else form.format(value)


def counted(count, noun):
    return f"{or_unknown(count)} {noun}{'' if count == 1 else 's'}"


def lines(run, program):
    yield from start_lines(run, program)
    for name, event in run.events:
        yield ""
        if name == "violation":
            yield from violation_lines(event, program)
        elif name == "inject":
            yield from inject_lines(event)
        else:
            yield printable(f"oops: thread '{event['thread']}' was killed: {or_unknown(event['reason'])}")
    yield ""
    yield from end_lines(run)


# --- the start ----------------------------------------------------------------------------------------------

def start_lines(run, program):
    boot = run.boot
    if boot is None:
        yield "A run of Amber whose beginning is missing in the log"
    else:
        memory = or_unknown(boot["memory_kib"] and boot["memory_kib"] >> 10, "{} MiB of RAM")
        yield printable(f"Amber {or_unknown(boot['version'])} on {or_unknown(boot['arch'])}, booted by {or_unknown(boot['protocol'])}, "
                        f"{or_unknown(boot['cpus'], '{} CPU')}{'s' if (boot['cpus'] or 1) > 1 else ''}, {memory}")
        yield row("line", boot["cmdline"] if boot["cmdline"] else "(no command line)")
        if boot["features"]:
            yield row("features", " ".join(boot["features"]))
        if boot["broken"]:
            yield row("broken", f"left out on purpose: {', '.join(boot['broken'])}")
    yield row("kernel", f"{program.name}, build-id {program.build_id[:12]}" if program else "no ELF file that fits: no source lines")
    yield from seal_lines(run.seal)


def seal_lines(seal):
    if seal is None:
        yield row("seal", "no `seal` event: it ended before, or the log is cut")
    elif seal["state"] == "off":
        yield row("seal", "off (rodata=off): nothing was sealed")
    else:
        yield row("seal", f"{or_unknown(seal['state'])}: {or_unknown(seal['pages'])} pages from {or_unknown(seal['start'])} on, "
                          f"{or_unknown(seal['bytes_used'])} bytes in {or_unknown(seal['objects'])} objects")
        wrong = [f"{seal[key]} {text}" for key, text in (("writable_aliases", "writable mappings of sealed frames"), ("wx_pages", "pages W+X"),
                 ("page_table_pages_writable", "writable page tables")) if seal[key]]
        yield row("proof", ", ".join(wrong) if wrong else "nothing sealed can be written by any mapping")


# --- a violation --------------------------------------------------------------------------------------------

def place(program, address, exact=True):
    """"file:line: source text" of an address; a return address lies behind its call."""
    found = program.line(address if exact else address - 1) if program else None
    if not found:
        return ""
    text = program.source(*found)
    return f"{found[0]}:{found[1]}" + (f": {text}" if text else "")


def symbol_places(program, symbol, exact):
    """The same for "name+0xoff"; several where files share a name."""
    found = [place(program, address, exact) for address in program.addresses(symbol)] if program else []
    return " or ".join(sorted({text for text in found if text}))


def violation_lines(event, program):
    kind = {"core": "the protection itself", "data": "sealed data"}.get(event["class"], "sealed memory")
    count = event["count"] or 1
    when = "?" if event["time"] is None else f"{event['time'] / 1e6:.6f}"
    yield printable(f"[{when}] violation {or_unknown(event['seq'])}: write to {kind}" + (f", {count} stores in a row" if count > 1 else ""))
    yield from what_lines(event, program)
    pc = int(event["pc"], 16) if event["pc"] else None
    where = place(program, pc) if pc is not None else ""
    yield row("who", f"{event['pc_symbol'] or or_unknown(event['pc'])}" + (f"  {where}" if where else ""))
    call = "" if event["syscall"] is None else f", system call {event['syscall']}"
    yield row("", f"in thread '{or_unknown(event['thread'])}' on CPU {or_unknown(event['cpu'])}{CONTEXTS.get(event['context'], '')}"
                  f"{call}, {or_unknown(event['kind'])}")
    for number, symbol in enumerate(event["backtrace"] or []):
        where = symbol_places(program, symbol, False)
        yield row("" if number else "stack", symbol + (f"  {where}" if where else ""))
    if event["initcall"]:
        where = symbol_places(program, event["initcall"] + "+0x0", True)
        yield row("init", f"last written by initcall {event['initcall']}" + (f"  {where}" if where else ""))
    yield from rule_lines(event)
    yield row("verdict", VERDICTS.get(event["verdict"], or_unknown(event["verdict"])))


def rule_lines(event):
    if event["class"] == "core":
        yield row("rule", "it is part of the protection itself: always panic")
        return
    yield row("rule", f"ro_fault={or_unknown(event['chain'])}")
    asked = event["asked"] or []
    for element in asked:
        policy, handed_over, why = element.partition(": ")
        yield row("", f"{policy} handed over: {why}" if handed_over else f"{policy} decided")
    if event["verdict"] == "panic" and (not asked or ": " in asked[-1]):
        yield row("", "nobody was left to ask, or several chains were concerned: panic")


def what_lines(event, program):
    """The object, where it is defined, and what each part of it had and would have got."""
    address = int(event["addr"], 16) if event["addr"] else None
    old, new = (bytes.fromhex(event[key]) if event[key] is not None else None for key in ("old", "new"))
    size = event["size"]
    extent = "size unknown" if size is None else f"{'' if event['size_exact'] else 'at least '}{size} byte{'' if size == 1 else 's'}"
    object_ = program.object_at(event["symbol"], address) if program else None
    die = program.variable(object_[1]) if object_ else None
    type_ = values.type_of(die)
    yield row("what", f"{event['symbol'] or or_unknown(event['addr'])}" + (f" ({values.name_of(type_)})" if type_ is not None else "")
              + f", {extent}" + (", nothing would change" if event["redundant"] else ""))
    if die is not None and (where := declaration(die)):
        yield row("", f"defined in {where}")
    offset = int(event["symbol"].rpartition("+0x")[2], 16) if object_ else 0
    if type_ is None or old is None:
        yield from bytes_lines(event, old, new)
    else:
        yield from parts(program, object_, type_, offset, size, old, new)


def declaration(die):
    """file:line where a variable is defined."""
    line, index = values.attribute(die, "DW_AT_decl_line"), values.attribute(die, "DW_AT_decl_file")
    table = die.dwarfinfo.line_program_for_CU(die.cu)
    if not isinstance(line, int) or not isinstance(index, int) or table is None:
        return ""
    from .program import Program
    return f"{Program._files(die.cu, table)(index)}:{line}"


def bytes_lines(event, old, new):
    if old is not None and new is not None:
        yield row("", f"{values.dump(old)} -> {values.dump(new)}")
    elif old is not None:
        yield row("", f"which held {values.dump(old)}")


def parts(program, object_, type_, offset, size, old, new):
    """One line for each member or element that the store covers."""
    name, _, object_bytes = object_
    known = min(len(old), len(new) if new is not None else len(old), object_bytes - offset)
    found = values.leaves(type_, name, offset, known)
    for number, leaf in enumerate(found):
        if number == LEAVES_SHOWN:
            rest = sum(1 for _ in found) + 1
            yield row("", f"… and {rest} more members or elements")
            break
        yield row("", part(program, leaf, old, new))
    if size is not None and size > known == BYTES_RECORDED:
        yield row("", f"(a record keeps the first {known} bytes)")
    elif size is not None and size > known:
        yield row("", f"{size - known} of the bytes lie behind {name}: {old[known:].hex(' ')}"
                  + (f" -> {new[known:].hex(' ')}" if new is not None else ""))


def part(program, leaf, old, new):
    def show(data):
        piece = data[leaf.at:leaf.at + leaf.count]
        return values.value(leaf.type, piece, program.near) if leaf.is_whole else values.dump(piece)

    many = leaf.type is not None and not leaf.is_whole and values.size_of(leaf.type) == 1
    about = "" if leaf.type is None else f" ({values.name_of(leaf.type)}{' each' if many else ''})"
    if leaf.type is not None and not leaf.is_whole and not many:
        about += f", bytes {leaf.skip} to {leaf.skip + leaf.count - 1} of it" if leaf.count > 1 else f", byte {leaf.skip} of it"
    return f"{leaf.path}{about}: " + (f"{show(old)} -> {show(new)}" if new is not None else f"held {show(old)}")


# --- the end ------------------------------------------------------------------------------------------------

def inject_lines(event):
    after = f"; then it held {values.dump(bytes.fromhex(event['after']))}" if event["after"] else ""
    result = INJECTED.get(event["result"], or_unknown(event["result"]))
    yield printable(f"inject {or_unknown(event['n'])}: {or_unknown(event['target'])}: {result}{after}")


def end_lines(run):
    if run.panic:
        yield row("panic", f"{or_unknown(run.panic['reason'])}, on CPU {or_unknown(run.panic['cpu'])}")
    end = run.exit
    if end is None:
        yield row("end", "no `exit` event: it was still running, or the log is cut")
    else:
        verdicts = ", ".join(f"{count} {name}" for name, count in (end["by_verdict"] or {}).items() if count)
        yield row("end", f"{or_unknown(end['status'])}; {counted(end['stores'], 'store')} in {counted(end['violations'], 'record')}"
                  + (f": {verdicts}" if verdicts else "") + f"; {counted(end['unprotected_pages'], 'page')} opened"
                  + (f"; {end['instructions']} instructions" if end["instructions"] is not None else ""))
        if end["violations"] is not None and end["violations"] != len(run.violations):
            there = f"{counted(len(run.violations), 'record')} {'is' if len(run.violations) == 1 else 'are'} in the log"
            yield row("", f"{there}: the others were counted but not printed, or the log is damaged")
    if run.boot and run.boot["arch"] in ("x86_64", "aarch64"):
        yield row("again", repeat(run.boot))


def repeat(boot):
    """The command that does it once more, for a shell in the tree's folder."""
    is_iso, line = boot["protocol"] == "multiboot2", boot["cmdline"] or ""
    if is_iso:
        line = re.sub(r"\\(['\"\\])", r"\1", line)  # GRUB puts a backslash before each of these
    words = ["make", "run-iso" if is_iso else "run", f"ARCH={boot['arch']}"] + (["BREAK=1"] if boot["broken"] else [])
    words += [f"SMP={boot['cpus']}"] if (boot["cpus"] or 1) > 1 else []
    return " ".join(words) + (f" CMDLINE={shell_quote(line)}" if line else "")


def shell_quote(text):
    """One word for a POSIX shell; bytes that can't be typed by printf."""
    if re.fullmatch(r"[ -~]*", text):
        return shlex.quote(text)
    octal = "".join(c if " " <= c <= "~" and c not in "\\%'" else f"\\{ord(c) & 0xFF:03o}" for c in text)
    return f"\"$(printf '{octal}')\""
