#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/run.py: everything that `make check` does once the kernels are built.

Unit tests on this computer (build/unit/), the corpus of each fuzz target (build/fuzz/), then tests of the tree and tests
in QEMU by pytest, in two workers.
Prints one line per group, what failed at length, and as the last line "N passed, N failed".
"""
import argparse
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
WORKERS = 2
UNIT_SECONDS = 600

sys.dont_write_bytecode = True


class Results:
    """Counts and prints as they come."""

    def __init__(self, arch):
        self.passed, self.failed, self.arch = 0, 0, arch

    def add(self, name, passed, text):
        if passed:
            self.passed += 1
            return
        self.failed += 1
        print(f"\nFAILED {name}\n{text.rstrip()}\n  repeat: make check {self.repeat(name)}\n", flush=True)

    def repeat(self, name):
        machine = re.search(r"\[(x86_64|aarch64)\b", name)
        return (f"ARCH={machine[1]} " if machine else "") + f"T='{name}'"


def matches(name, pattern):
    return fnmatch.fnmatchcase(name, "*" + pattern.replace("[", "[[]") + "*")


def unit_tests(results, pattern):
    """Each cmocka program in build/unit; each of its tests counts."""
    for program in sorted(glob.glob(os.path.join(TOP, "build", "unit", "*"))):
        name = os.path.basename(program)
        if not os.access(program, os.X_OK) or os.path.isdir(program) or "." in name:
            continue
        if not matches(f"unit/{name}", pattern):
            continue
        before = results.passed
        run_unit(results, name, program)
        print(f"unit/{name}: {results.passed - before} passed", flush=True)


def run_unit(results, name, program):
    try:
        done = subprocess.run([program], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=UNIT_SECONDS, env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT="STDOUT"), check=False)
        output, status = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode("utf-8", "replace"), "timeout"
    good = re.findall(r"^\[       OK \] (.*)", output, re.M)
    bad = set(re.findall(r"^\[  FAILED  \] (\S+)$", output, re.M))
    for _ in good:
        results.add(f"unit/{name}", True, "")
    if status != 0 or bad or not good:
        results.add(f"unit/{name}", False, f"status {status}, failed: {', '.join(sorted(bad)) or '-'}\n{output[-6000:]}")


def fuzz_targets(results, pattern):
    """The inputs in tests/fuzz/corpus, once each: none may fail, and they must reach the edges that they did."""
    sys.path.insert(0, os.path.join(HERE, "fuzz"))
    import fuzzing
    for target in fuzzing.targets():
        if not matches(f"fuzz/{target}", pattern):
            continue
        try:
            print(f"fuzz/{target}: {fuzzing.replay_and_compare(target)}", flush=True)
            results.add(f"fuzz/{target}", True, "")
        except fuzzing.FuzzError as error:
            results.add(f"fuzz/{target}", False, str(error))


def pytest_tests(results, arguments, pattern):
    """Starts the workers and adds up what they write."""
    with tempfile.TemporaryDirectory(prefix="amber-check-") as folder:
        claims = os.path.join(folder, "claims")
        os.mkdir(claims)
        workers = [start_worker(folder, claims, i, arguments, pattern) for i in range(WORKERS)]
        files = [os.path.join(folder, f"results{i}") for i in range(WORKERS)]
        offsets = [0] * WORKERS
        tally = {}
        while True:
            over = all(w.poll() is not None for w in workers)
            for i, path in enumerate(files):
                offsets[i] = read_results(results, path, offsets[i], tally)
            if over:
                break
            time.sleep(0.2)
        for i, worker in enumerate(workers):
            no_tests = worker.returncode == 5 or worker.returncode == 0
            if not no_tests and not (worker.returncode == 1 and os.path.exists(files[i])):
                with open(os.path.join(folder, f"output{i}"), encoding="utf-8") as f:
                    results.add("pytest", False, f.read()[-6000:])


def start_worker(folder, claims, number, arguments, pattern):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", HERE, "--confcutdir", HERE,
               "--tb=short", f"--claims={claims}", f"--results={os.path.join(folder, f'results{number}')}", f"--match={pattern}",
               f"--arch={arguments.arch}"]
    command += ["--long"] if arguments.all else []
    command += sorted(glob.glob(os.path.join(HERE, "tree", "test_*.py")) + glob.glob(os.path.join(HERE, "qemu", "test_*.py")))
    with open(os.path.join(folder, f"output{number}"), "w", encoding="utf-8") as output:
        return subprocess.Popen(command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))


def read_results(results, path, offset, tally):
    if not os.path.exists(path):
        return offset
    with open(path, "rb") as f:
        f.seek(offset)
        data = f.read()
    whole = data[:data.rfind(b"\n") + 1]
    for line in whole.splitlines():
        result = json.loads(line)
        if "group" in result:
            good, seconds = tally.get(result["group"], (0, 0))
            print(f"{result['group']}: {good} passed, {seconds:.0f} s", flush=True)
            continue
        results.add(result["test"], result["passed"], result["text"])
        name = group_name(result["test"])
        good, seconds = tally.get(name, (0, 0))
        tally[name] = (good + result["passed"], seconds + result["seconds"])
    return offset + len(whole)


def group_name(test):
    """As conftest.py names groups."""
    machine = re.search(r"\[(x86_64|aarch64)\b|-(x86_64|aarch64)\]$", test)
    stem = os.path.splitext(os.path.basename(test.split("::")[0]))[0]
    return f"{stem}-{machine[1] or machine[2]}" if machine else stem


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="")
    parser.add_argument("--all", action="store_true", help="also the long tests")
    parser.add_argument("--filter", default="", help="only tests with this in their name")
    arguments = parser.parse_args()
    results = Results(arguments.arch)
    unit_tests(results, arguments.filter)
    fuzz_targets(results, arguments.filter)
    pytest_tests(results, arguments, arguments.filter)
    if results.passed + results.failed == 0:
        print(f"no test matches '{arguments.filter}'")
    print(f"{results.passed} passed, {results.failed} failed", flush=True)
    sys.exit(0 if results.failed == 0 and results.passed else 1)


if __name__ == "__main__":
    main()
