#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/ide.py: what an editor needs (`make ide`, docs/debugging.md): compile_commands.json, .clangd, and VS Code's tasks and launch file.

  ide.py [MACHINE]    whose flags are taken for files that both machines compile (default x86_64)

The flags are asked of the Makefile (make -n), so they are never different from it. Files that somebody else wrote are left alone.
"""
import glob
import json
import os
import re
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MACHINES = ("x86_64", "aarch64")
MARK = "made by tools/ide.py"
LEFT_OUT = re.compile(r"-l\w+$|-shared$|-fsanitize|-M[MDTPF]*$|.*\.d$|-Werror$")  # of linking and making; clang warns where gcc doesn't

CLANGD = f"""# {MARK}
CompileFlags:
  CompilationDatabase: .
  # Words of gcc that clang doesn't know.
  Remove: [-mno-outline-atomics, -fcf-protection=*, -fstack-usage]
  Add: [-Wno-unknown-warning-option, -Wno-unused-command-line-argument]
Diagnostics:
  UnusedIncludes: None
"""


def asked(*goals):
    """The commands that make would run for these goals if nothing were built, clang's for the kernels."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-nB", "V=1", "COMPILER=clang", *goals], cwd=TOP, env=environment, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"ide: make says: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.replace("\\\n", " ").splitlines()


def entries(lines):
    """One for each C file of each command."""
    for line in lines:
        try:
            words = shlex.split(line.split("&&")[0].split(";")[0])
        except ValueError:
            continue
        if not words or not re.fullmatch(r"(clang|[\w-]*gcc)", words[0]) or "-E" in words or "-MM" in words:
            continue
        files = [word for word in words[1:] if word.endswith(".c") and os.path.exists(os.path.join(TOP, word))]
        flags, skip = [], False
        for word in words[1:]:
            if skip or word in ("-o", "-MT", "-MF"):
                skip = not skip
            elif word != "-c" and not word.endswith(".c") and not LEFT_OUT.match(word):
                flags.append(word)
        for file in files:
            yield {"directory": TOP, "file": file, "arguments": ["clang", *flags, "-c", file]}


def built(machine):
    """Goals in the order of who is asked first about a file."""
    others = [other for other in MACHINES if other != machine]
    for each in (machine, *others):
        for kind in ((), ("BREAK=1",)):
            yield ("kernels", f"ARCH={each}", *kind)
    for folder, ending in (("unit", "_test.c"), ("fuzz", "_fuzz.c")):
        yield tuple("build/" + folder + "/" + os.path.basename(path).removesuffix(ending)
                    for path in sorted(glob.glob(os.path.join(TOP, "tests", folder, "*" + ending))))
    yield ("build/host/replay", "build/host/count.so")


def database(machine):
    found = {}
    for goals in built(machine):
        for entry in entries(asked(*goals)):
            found.setdefault(entry["file"], entry)
    return [found[file] for file in sorted(found)]


def tasks():
    def task(label, command, **more):
        return {"label": label, "type": "shell", "command": command, "problemMatcher": ["$gcc"], **more}

    waits = {"owner": "amber", "pattern": [{"regexp": "^(debug): (.*): (.*)$", "file": 1, "location": 2, "message": 3}],
             "background": {"activeOnStart": True, "beginsPattern": "^serial output", "endsPattern": "^waiting for a debugger"}}
    found = [task("build", "make", group={"kind": "build", "isDefault": True}), task("check", "make check", group="test")]
    for machine in MACHINES:
        found.append(task(f"run {machine}", f"make run ARCH={machine}"))
        found.append(task(f"wait for a debugger {machine}", f"make debug WAIT=1 ARCH={machine}", isBackground=True, problemMatcher=waits))
    return {"version": "2.0.0", "amber": MARK, "tasks": found}


def launch():
    return {"version": "0.2.0", "amber": MARK, "configurations": [{
        "name": f"Amber on {machine}", "type": "cppdbg", "request": "launch", "MIMode": "gdb", "miDebuggerPath": "gdb-multiarch",
        "program": f"${{workspaceFolder}}/build/{machine}/amber.elf", "cwd": "${workspaceFolder}", "args": [], "stopAtEntry": False,
        "miDebuggerServerAddress": f"${{workspaceFolder}}/build/{machine}/gdb.sock", "preLaunchTask": f"wait for a debugger {machine}",
        "setupCommands": [{"text": "-interpreter-exec console \"source ${workspaceFolder}/tools/gdb/amber.py\""}],
    } for machine in MACHINES]}


def is_foreign(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return MARK not in f.read()
    except FileNotFoundError:
        return False


def write(path, text, always=False):
    full = os.path.join(TOP, path)
    if not always and is_foreign(full):
        print(f"ide: {path} is somebody else's: left alone")
        return
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as f:
        f.write(text)
    print(f"ide: {path}")


def main(machine="x86_64"):
    if machine not in MACHINES:
        sys.exit(f"ide: {machine}: unknown machine (known: {' '.join(MACHINES)})")
    write("compile_commands.json", json.dumps(database(machine), indent=1) + "\n", always=True)
    write(".clangd", CLANGD)
    write(os.path.join(".vscode", "tasks.json"), json.dumps(tasks(), indent=2) + "\n")
    write(os.path.join(".vscode", "launch.json"), json.dumps(launch(), indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
