#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/syscalls.py: what is made from include/amber/syscalls.def, whose head says what its lines mean.

  syscalls.py --stubs     build/user/calls.h: one inline function for each system call, for both machines
  syscalls.py --table     build/user/call_table.h: each call's arguments as data, for programs that attack them
  syscalls.py --docs      docs/syscalls.md
  syscalls.py --json      the same as data for tests
"""
import json
import os
import re
import sys
from collections import namedtuple

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEFINITIONS = os.path.join(TOP, "include", "amber", "syscalls.def")
ERRORS = os.path.join(TOP, "include", "amber", "error.h")

# arch/arch.h: argument i and result i are in the same register for i = 1 … 5.
ARGUMENTS_MAX, RESULTS_MAX = 7, 6
SHARED = 5
REGISTERS = {
    "x86_64": {"number": "rax", "arguments": "rdi rsi rdx r10 r8 r9 r12".split(), "error": "rax",
               "results": "rsi rdx r10 r8 r9 rdi".split(), "lost": "rcx, r11, r14", "instruction": "syscall"},
    "aarch64": {"number": "x8", "arguments": "x0 x1 x2 x3 x4 x5 x6".split(), "error": "x0",
                "results": "x1 x2 x3 x4 x5 x6".split(), "lost": "nothing", "instruction": "svc #0"},
}

Call = namedtuple("Call", "number name arguments results text errors")
# kind: handle, number, page, pointer, rights, perms, info, word, timeout. type, rights, optional: of a handle; low, high: a number.
Argument = namedtuple("Argument", "name kind type rights optional low high")

# What a wrong argument of each kind leads to.
ERRORS_OF = {
    "number": ["ERR_RANGE"], "page": ["ERR_INVALID", "ERR_RANGE"],
    "pointer": ["ERR_NOT_MAPPED"], "rights": ["ERR_INVALID", "ERR_RIGHTS"], "perms": ["ERR_INVALID", "ERR_RIGHTS"],
    "info": ["ERR_INVALID", "ERR_RANGE"], "word": [], "timeout": ["ERR_TIMEOUT"],
}
MEANING = {
    "page": "a page-aligned user address", "pointer": "a user address", "rights": "a set of `RIGHT_…`", "perms": "a set of `MAP_…`",
    "info": "`MESSAGE_INFO(label, words, handles)`", "word": "anything",
    "timeout": "microseconds; 0: don't wait, all ones: for ever",
}
# Their callers can't do anything about an error.
MAY_FAIL = {"null", "yield", "exit", "handle_close", "log_write", "unmap", "thread_kill", "signal"}


class DefinitionError(Exception):
    """What is wrong, with the line's number."""


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def parse_argument(word):
    name, _, kind = word.partition(":")
    kind, _, detail = kind.partition("=")
    argument = Argument(name, kind, "", [], False, 0, 2**64 - 1)
    if kind == "handle":
        parts = detail.split("/")
        optional = parts[-1] == "0"
        rights = [r for r in parts[1:] if r not in ("", "0")]
        return argument._replace(type=parts[0], rights=rights, optional=optional)
    if kind == "number":
        low, _, high = detail.partition("..")
        return argument._replace(low=int(low, 0), high=int(high, 0))
    if kind not in MEANING:
        raise DefinitionError(f"argument '{word}': unknown kind '{kind}'")
    return argument


def errors_of(arguments, text):
    """The kinds' errors, then those that the text behind | names."""
    found = []
    for argument in arguments:
        if argument.kind == "handle":  # any type can't be wrong, no rights can't be lacking
            found += ["ERR_HANDLE"] + ["ERR_TYPE"] * (argument.type != "any") + ["ERR_RIGHTS"] * bool(argument.rights)
        else:
            found += ERRORS_OF[argument.kind]
    found += re.findall(r"ERR_[A-Z_]+", text.partition(" | ")[2])
    order = [name for name, _ in errors()]
    return sorted(set(found), key=order.index)


def calls(text=None):
    """Every call, by number. DefinitionError: a line that can't be right."""
    found = []
    for at, line in enumerate((text if text is not None else read(DEFINITIONS)).split("\n"), 1):
        if not line.startswith("SYSCALL("):
            continue
        match = re.fullmatch(r'SYSCALL\((\d+), (\w+), "([^"]*)", "([^"]*)", "([^"]*)"\)', line)
        if not match:
            raise DefinitionError(f"line {at}: is not SYSCALL(number, name, \"arguments\", \"results\", \"text\")")
        arguments = [parse_argument(word) for word in match[3].split()]
        call = Call(int(match[1]), match[2], arguments, match[4].split(), match[5], errors_of(arguments, match[5]))
        if call.number != len(found):
            raise DefinitionError(f"line {at}: {call.name} has number {call.number}; the next one is {len(found)}")
        if len(arguments) > ARGUMENTS_MAX or len(call.results) > RESULTS_MAX:
            raise DefinitionError(f"line {at}: {call.name} has too many arguments or results")
        found.append(call)
    return found


def errors():
    """(name, meaning) of each error, in order; OK is not one."""
    enum = re.search(r"enum error \{(.*?)\};", read(ERRORS), re.S)[1]
    return re.findall(r"^\t(ERR_\w+),\s*/\* (.*?) \*/", enum, re.M)


# --- stubs ---------------------------------------------------------------------------------------------------------

STUBS_HEAD = """/* SPDX-License-Identifier: MIT */
/*
 * calls.h: one inline function for each system call. Made by tools/syscalls.py from include/amber/syscalls.def. Results are
 * stored through the pointers; they mean nothing when the call failed.
 */
#ifndef AMBER_USER_CALLS_H
#define AMBER_USER_CALLS_H

#include <amber/abi.h>
#include <amber/annotate.h>

#include <syscall.h> /* user/arch/MACHINE: registers, the instruction and what it loses */
"""


def is_unused(argument):
    return argument.kind == "number" and argument.low == argument.high == 0


def c_type(argument):
    return {"handle": "handle_t ", "pointer": "const void *"}.get(argument.kind, "uint64_t ")


def parameters(call):
    found = [c_type(a) + a.name for a in call.arguments if not is_unused(a)]
    taken = {a.name for a in call.arguments}
    pointers = [("got_" if r in taken else "") + r for r in call.results]
    return found + [f"uint64_t *{p}" for p in pointers], pointers


def stub(call):
    """The function's lines. A register that is argument and result is one variable, +r; those that a call doesn't have are
    not mentioned, so that the compiler may keep what it likes in them."""
    words, pointers = parameters(call)
    must = "" if call.name in MAY_FAIL else " __must_check"
    yield f"/* {call.text.split(' | ')[0]} */"
    yield f"static inline{must} enum error sys_{call.name}({', '.join(words) or 'void'})"
    yield "{"
    yield f"\tregister uint64_t number __asm__(REGISTER_NUMBER) = {call.number};"
    yield "\tregister uint64_t error __asm__(REGISTER_ERROR);"
    both, inputs, outputs = [], ['"r"(number)'], ['"=r"(error)']
    for i, argument in enumerate(call.arguments):
        value = "0" if is_unused(argument) else f"(uint64_t){argument.name}" if argument.kind == "pointer" else argument.name
        yield f"\tregister uint64_t a{i} __asm__(REGISTER_{i}) = {value};"
        (both if 1 <= i <= min(SHARED, len(call.results)) else inputs).append(f"a{i}")
    results = []
    for i, pointer in enumerate(pointers, 1):
        if i <= SHARED and i < len(call.arguments):
            outputs.append(f'"+r"(a{i})')
            results.append((pointer, f"a{i}"))
        else:
            register = f"REGISTER_{i}" if i <= SHARED else "REGISTER_RESULT_6"
            yield f"\tregister uint64_t r{i} __asm__({register});"
            outputs.append(f'"=r"(r{i})')
            results.append((pointer, f"r{i}"))
    inputs = [i if i.startswith('"') else f'"r"({i})' for i in inputs]
    yield ""
    yield f"\t__asm__ volatile(SYSCALL_INSTRUCTION : {', '.join(outputs)} : {', '.join(inputs)} : SYSCALL_LOST);"
    for pointer, variable in results:
        yield f"\t*{pointer} = {variable};"
    yield "\treturn (enum error)error;"
    yield "}"


def stubs():
    yield STUBS_HEAD
    for call in calls():
        yield "\n".join(stub(call)) + "\n"
    yield "#endif"


# --- the same as data ----------------------------------------------------------------------------------------------

def table_argument(a):
    type_ = "NONE" if a.type in ("", "any") else a.type.upper()
    rights = " | ".join(f"RIGHT_{r.upper()}" for r in a.rights) or "0"
    return f"ARGUMENT({a.name}, {a.kind}, {a.low}ull, {a.high}ull, {type_}, {rights}, {int(a.optional)})"


def table():
    yield "/* SPDX-License-Identifier: MIT */"
    yield "/* call_table.h: made by tools/syscalls.py: CALL(number, name, errors, arguments…): bit set: it may return that one;"
    yield " * ARGUMENT(name, kind, low, high, type, rights, is_optional): the last three of a handle; type NONE: any. */"
    for call in calls():
        arguments = [table_argument(a) for a in call.arguments]
        mask = " | ".join(f"1u << {error}" for error in call.errors) or "0"
        yield f"CALL({call.number}, {call.name}, {mask}{''.join(', ' + a for a in arguments)})"


def as_json():
    yield json.dumps([call._replace(arguments=[a._asdict() for a in call.arguments])._asdict() for call in calls()], indent=1)


# --- docs/syscalls.md ------------------------------------------------------------------------------------------------

DOCS_HEAD = """# System calls

This page lists every system call. It is made by `tools/syscalls.py --docs` from `include/amber/syscalls.def`; a test compares them.

A program calls `sys_NAME(arguments…, pointers to results…)` from `build/user/calls.h`; each returns an `enum error`. What handles,
messages and rights are stands in `include/amber/abi.h`; how to add a call in [its own page](add-a-system-call.md).

## Registers

Argument *i* and result *i* use the same register for *i* = 1 to 5. Results are set only if the error is 0.
"""


def code(words):
    return ", ".join(f"`{word}`" for word in words)


def meaning(argument):
    if argument.kind == "handle":
        what = "any object" if argument.type == "any" else argument.type
        rights = f" with {code(argument.rights)}" if argument.rights else ""
        return f"handle: {what}{rights}{', or 0' if argument.optional else ''}"
    if argument.kind == "number":
        return "0" if is_unused(argument) else f"{argument.low} … {argument.high if argument.high < 2**32 else hex(argument.high)}"
    return MEANING[argument.kind]


def signature(call):
    arguments = " ".join(a.name for a in call.arguments if not is_unused(a))
    return f"{arguments or '–'} → {' '.join(call.results) or '–'}"


def docs():
    yield DOCS_HEAD
    yield "| machine | instruction | number | arguments 0 … 6 | error | results 1 … 6 | lost |"
    yield "|---|---|---|---|---|---|---|"
    for name, registers in REGISTERS.items():
        yield (f"| {name} | `{registers['instruction']}` | {registers['number']} | {' '.join(registers['arguments'])} "
               f"| {registers['error']} | {' '.join(registers['results'])} | {registers['lost']} |")
    yield "\n## Errors\n"
    yield "| number | name | meaning |\n|---|---|---|"
    for number, (name, text) in enumerate(errors(), 1):
        yield f"| {number} | `{name}` | {text} |"
    yield "\nA number without a call gets `ERR_UNSUPPORTED`.\n"
    yield "## Calls\n"
    yield "| | call | arguments → results |\n|---|---|---|"
    for call in calls():
        yield f"| {call.number} | [{call.name}](#{call.name}) | {signature(call)} |"
    for call in calls():
        yield from doc(call)
    yield "\nNext page: [add a system call](add-a-system-call.md)."


def doc(call):
    text, _, remarks = call.text.partition(" | ")
    yield f"\n### {call.name}\n"
    yield f"Number {call.number}: {text}."
    if call.arguments:
        yield "\n| argument | |\n|---|---|"
        for argument in call.arguments:
            yield f"| {'–' if is_unused(argument) else argument.name} | {meaning(argument)} |"
    yield ""
    if call.results:
        yield f"Results: {', '.join(call.results)}.  "
    yield f"Errors: {code(call.errors)}." if call.errors else "Errors: none."
    if remarks:
        yield "\n" + "\n".join(f"- `{r.split(':', 1)[0]}`:{r.split(':', 1)[1]}" for r in remarks.split("; "))


ACTIONS = {"--stubs": stubs, "--table": table, "--docs": docs, "--json": as_json}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in ACTIONS:
        sys.exit(__doc__)
    try:
        print("\n".join(ACTIONS[arguments[0]]()))
    except DefinitionError as error:
        sys.exit(f"include/amber/syscalls.def: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
