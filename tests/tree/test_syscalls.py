# SPDX-License-Identifier: MIT
"""tests/tree/test_syscalls.py: include/amber/syscalls.def and what is made from it: page, functions for programs, data for tests."""
import glob
import json
import os
import re
import subprocess

import pytest
import syscalls
from machines import TOP

TOOL = os.path.join(TOP, "tools", "syscalls.py")


def tool(action):
    return subprocess.run(["/usr/bin/python3", TOOL, action], stdout=subprocess.PIPE, text=True, check=True).stdout


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def test_the_page_is_up_to_date():
    assert tool("--docs") == read("docs", "syscalls.md"), "run: tools/syscalls.py --docs > docs/syscalls.md"


def test_the_page_has_every_call():
    names = re.findall(r"^### (\w+)$", read("docs", "syscalls.md"), re.M)
    assert names == [call.name for call in syscalls.calls()] and len(names) > 30


def test_each_call_is_one_function_of_the_kernel():
    sources = "".join(read(f) for f in glob.glob(os.path.join(TOP, "kernel", "*.c")))
    for call in syscalls.calls():
        assert len(re.findall(rf"^enum error sys_{call.name}\(struct trap_frame \*frame\)$", sources, re.M)) == 1, call.name


def test_remarks_are_about_errors():
    """What stands behind | names an error that there is, and no error stands for two things in one call."""
    known = {name for name, _ in syscalls.errors()}
    for call in syscalls.calls():
        remarks = [r.split(":", 1) for r in call.text.partition(" | ")[2].split("; ") if r]
        names = [name for name, _ in remarks]
        assert set(names) <= known and len(names) == len(set(names)), call.name


def test_the_table_of_rights_is_the_headers():
    rights = {name.lower() for name in re.findall(r"^#define RIGHT_(\w+) ", read("include", "amber", "abi.h"), re.M)}
    types = {name.lower() for name in re.findall(r"^\tOBJECT_(\w+),", read("include", "amber", "abi.h"), re.M)}
    for call in syscalls.calls():
        for argument in call.arguments:
            assert set(argument.rights) <= rights and (argument.kind != "handle" or argument.type in types | {"any"}), call.name


def missing_rights(said):
    """(right, type) that some call wants, and said[right] doesn't speak of that type."""
    wanted = {(right, a.type) for call in syscalls.calls() for a in call.arguments for right in a.rights if a.type != "any"}
    return sorted((right, type_) for right, type_ in wanted if not re.search(rf"\b{type_}\b", said[right]))


def test_the_headers_say_what_each_right_is_for():
    comments = re.findall(r"^#define RIGHT_(\w+) +\d+u +/\* (.*) \*/$", read("include", "amber", "abi.h"), re.M)
    assert not missing_rights({name.lower(): text for name, text in comments})


def test_the_page_on_objects_says_what_each_right_is_for():
    table = read("docs", "objects.md").split("| right | allows |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| ([a-z, ]+) \| (.*) \|$", table, re.M)
    assert not missing_rights({name: text for names, text in rows for name in names.split(", ")})


def test_registers_are_the_programs(machine):
    text = read("user", "arch", str(machine), "syscall.h")
    found = dict(re.findall(r'^#define REGISTER_(\w+)\s+"(\w+)"', text, re.M))
    registers = syscalls.REGISTERS[str(machine)]
    assert [found[str(i)] for i in range(syscalls.ARGUMENTS_MAX)] == registers["arguments"]
    assert (found["NUMBER"], found["ERROR"], found["RESULT_6"]) == (registers["number"], registers["error"], registers["results"][5])
    assert registers["results"][:5] == registers["arguments"][1:6]


BAD = {
    "number": 'SYSCALL(0, a, "", "", "x")\nSYSCALL(2, b, "", "", "x")',
    "form": 'SYSCALL(0, a, "", "x")',
    "kind": 'SYSCALL(0, a, "b:thing", "", "x")',
    "arguments": f'SYSCALL(0, a, "{" ".join(f"w{i}:word" for i in range(8))}", "", "x")',
    "results": 'SYSCALL(0, a, "", "1 2 3 4 5 6 7", "x")',
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_definition_is_refused(what):
    with pytest.raises(syscalls.DefinitionError):
        syscalls.calls(BAD[what])


def test_wrong_use_is_explained():
    done = subprocess.run(["/usr/bin/python3", TOOL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "--stubs" in done.stderr


def test_data_for_attacks():
    """Each argument says enough to make wrong ones."""
    calls = json.loads(tool("--json"))
    assert [call["number"] for call in calls] == list(range(len(calls)))
    by_name = {call["name"]: call for call in calls}
    assert by_name["signal"]["arguments"][0]["rights"] == ["send"] and by_name["signal"]["arguments"][1]["low"] == 1
    assert by_name["space_create"]["arguments"][0]["optional"] and by_name["sleep"]["arguments"][0]["high"] == 3600000000


# --- how a message looks in instructions ------------------------------------------------------------------------------

PROBE = """
#include "ipc.h"
__attribute__((noinline)) uint64_t probe(handle_t endpoint, uint64_t a, uint64_t b)
{
	struct message message = { MESSAGE_INFO(1, 2, 0), { a, b }, 0 };

	return ipc_call(endpoint, &message, TIMEOUT_FOREVER) ? 0 : message.words[0] ^ message.words[1];
}
"""


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_a_short_message_stays_in_registers(machine, compiler, tmp_path):
    """No load and no store around the call, but for what the calling convention wants to be kept."""
    (tmp_path / "probe.c").write_text(PROBE)
    command = [f"{machine}-linux-gnu-gcc"] if compiler == "gcc" else ["clang", f"--target={machine}-unknown-none-elf"]
    flags = ["-std=gnu17", "-O2", "-ffreestanding", "-fno-pic", "-mgeneral-regs-only", "-fno-stack-protector", "-fomit-frame-pointer",
             "-fno-asynchronous-unwind-tables"]
    includes = [f"-I{os.path.join(TOP, p)}" for p in ("include", "user/lib", "user/services", f"user/arch/{machine}", "build/user")]
    subprocess.run([*command, *flags, *includes, "-c", tmp_path / "probe.c", "-o", tmp_path / "probe.o"], check=True)
    text = subprocess.run([f"{machine}-linux-gnu-objdump", "-d", tmp_path / "probe.o"], stdout=subprocess.PIPE, text=True, check=True).stdout
    code = [line.split("\t")[2:] for line in text[text.index("<probe>:"):].splitlines()[1:] if line.count("\t") >= 2]
    memory = [words for words in code if re.search(r"\(%|\[", " ".join(words[1:])) and not re.search(r"\b(nop|lea|xchg)", words[0])]
    assert any(re.match("syscall|svc", words[0]) for words in code)
    assert memory == [] and len(code) < 40
