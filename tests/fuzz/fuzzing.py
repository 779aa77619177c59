#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/fuzz/fuzzing.py: runs the fuzz targets in build/fuzz/ (see docs/fuzzing.md).

  fuzzing.py fuzz SECONDS [TARGET…]   new random inputs, SECONDS for each target; prints a table
  fuzzing.py replay [TARGET…]         the inputs in tests/fuzz/corpus/, compared with tests/fuzz/edges.json
  fuzzing.py refresh [TARGET…]        what `fuzz` found goes into the corpus, made as small as it gets, and into edges.json
"""
import concurrent.futures
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
EDGES = os.path.join(HERE, "edges.json")
BYTES_MAX = 2048        # of one input
INPUT_SECONDS = 60      # an input that takes longer is a bug; ordinary ones take less than a millisecond
REPLAY_SECONDS = 600
# With other code or another compiler the edges are numbered anew: then their share counts, with this much to spare.
SHARE_KEPT = 0.95

sys.dont_write_bytecode = True


class FuzzError(Exception):
    """One line, or several where a report follows; what failed is named in the first."""


def targets():
    return sorted(os.path.basename(p)[:-len("_fuzz.c")] for p in glob.glob(os.path.join(HERE, "*_fuzz.c")))


def program(target, build="build"):
    return os.path.join(build, "fuzz", target)


def corpus(target):
    return os.path.join("tests", "fuzz", "corpus", target)


def count_files(folder):
    path = os.path.join(TOP, folder)
    return len(os.listdir(path)) if os.path.isdir(path) else 0


def command(target, *options, build="build"):
    dictionary = os.path.join("tests", "fuzz", f"{target}.dict")
    words = [program(target, build), f"-max_len={BYTES_MAX}", f"-timeout={INPUT_SECONDS}",
        f"-artifact_prefix={program(target, build)}.",
             "-print_final_stats=1"]
    return words + ([f"-dict={dictionary}"] if os.path.exists(os.path.join(TOP, dictionary)) else []) + list(options)


def run(words, seconds=None):
    """(status, output) of a program, started at the top of the tree."""
    try:
        done = subprocess.run(words, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, check=False)
    except FileNotFoundError as missing:
        raise FuzzError(f"{words[0]}: not built; `make fuzz` or `make check` builds it") from missing
    except subprocess.TimeoutExpired as late:
        raise FuzzError(f"{words[0]}: no end within {seconds} s") from late
    return done.returncode, done.stdout.decode("utf-8", "replace")


def figures(target, output):
    """(runs, edges, all edges) from libFuzzer's output."""
    edges = re.findall(r"^#\d+\s+(?:INITED|DONE) +cov: (\d+) ", output, re.M)
    every = re.search(r"Loaded 1 modules +\((\d+) inline 8-bit counters\)", output)
    runs = re.search(r"^stat::number_of_executed_units: (\d+)", output, re.M)
    if not edges or not every or not runs:
        raise FuzzError(f"{target}: libFuzzer's output has no figures\n{output[-3000:]}")
    return int(runs[1]), int(edges[-1]), int(every[1])


def what_was_found(target, output, build="build"):
    """A report of a run that ended with an error: what is wrong, with which input, how to repeat it."""
    artifact = re.search(r"Test unit written to (\S+)", output)
    wrong = re.search(r"^.*\bdoes not hold$|^SUMMARY: (?!libFuzzer).*$|^.*runtime error: .*$|^==\d+== ?ERROR: libFuzzer: .*$",
        output, re.M)
    lines = [f"{target}: {wrong[0] if wrong else 'the program ended with an error'}"]
    if artifact:
        lines += [f"  input: {artifact[1]}", f"  repeat: {shlex.join([program(target, build), artifact[1]])}"]
    else:
        lines += [output[-3000:]]
    return "\n".join(lines)


# --- make fuzz -----------------------------------------------------------------------------------------------------

def fuzz_one(target, seconds):
    """Starts from the corpus of the tree and what earlier runs found; what is new stays in build/."""
    found = f"{program(target)}.corpus"
    os.makedirs(os.path.join(TOP, found), exist_ok=True)
    status, output = run(command(target, f"-max_total_time={seconds}", found, corpus(target)))
    if status != 0:
        raise FuzzError(what_was_found(target, output))
    return *figures(target, output)[:2], count_files(found) + count_files(corpus(target))


def fuzz(seconds, names):
    """A row for each target as it ends. 1: something was found."""
    print(f"{'target':12} {'runs':>10} {'edges':>6} {'inputs':>7}", flush=True)
    errors = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        runs = {pool.submit(fuzz_one, name, seconds): name for name in names}
        for done in concurrent.futures.as_completed(runs):
            try:
                print(f"{runs[done]:12} {{:10}} {{:6}} {{:7}}".format(*done.result()), flush=True)
            except FuzzError as error:
                print(f"{runs[done]:12} {'stopped: something was found, see below':>25}", flush=True)
                errors.append(str(error))
    for error in errors:
        print(f"fuzz: {error}", file=sys.stderr)
    return 1 if errors else 0


# --- make check ----------------------------------------------------------------------------------------------------

def replay(target, folder=None):
    """(runs, edges, all edges) of every input in the corpus, once."""
    folder = folder or corpus(target)
    if not count_files(folder):
        raise FuzzError(f"{target}: there is no input in {folder}")
    status, output = run(command(target, "-runs=0", folder), REPLAY_SECONDS)
    if status != 0:
        raise FuzzError(what_was_found(target, output))
    return figures(target, output)


def recorded():
    with open(EDGES, encoding="utf-8") as f:
        return json.load(f)


def compare(target, edges, every, known):
    """The same build must reach the edges that it reached when they were recorded; another one, the same share."""
    if target not in known:
        raise FuzzError(f"{target}: not in tests/fuzz/edges.json; tests/fuzz/fuzzing.py refresh {target} adds it")
    wanted, of = known[target]["edges"], known[target]["of"]
    if (edges < wanted) if every == of else (edges / every < SHARE_KEPT * wanted / of):
        raise FuzzError(f"{target}: the corpus reaches {edges} of {every} edges; recorded are {wanted} of {of} (if that is meant: "
                        f"make fuzz T=60, then tests/fuzz/fuzzing.py refresh {target})")


def replay_and_compare(target):
    """What `make check` prints; FuzzError if something is wrong."""
    runs, edges, every = replay(target)
    compare(target, edges, every, recorded())
    return f"{runs} runs, {edges} edges"


# --- a new corpus --------------------------------------------------------------------------------------------------

def write_seeds(target, folder):
    sys.path.insert(0, HERE)
    import seeds
    for data in seeds.ALL[target]() if target in seeds.ALL else []:
        with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as f:
            f.write(data)


def refresh(target):
    """The fewest inputs that still reach each edge, out of the seeds, the corpus and what fuzzing found."""
    found = f"{program(target)}.corpus"
    with tempfile.TemporaryDirectory(prefix="amber-fuzz-") as folder:
        new, start = os.path.join(folder, "new"), os.path.join(folder, "seeds")
        os.mkdir(new)
        os.mkdir(start)
        write_seeds(target, start)
        sources = [start] + [d for d in (corpus(target), found) if count_files(d)]
        status, output = run(command(target, "-set_cover_merge=1", "-use_counters=0", new, *sources), REPLAY_SECONDS)
        if status != 0:
            raise FuzzError(what_was_found(target, output))
        shutil.rmtree(os.path.join(TOP, corpus(target)), ignore_errors=True)
        shutil.copytree(new, os.path.join(TOP, corpus(target)))
    runs, edges, every = replay(target)
    known = (recorded() if os.path.exists(EDGES) else {}) | {target: {"edges": edges, "of": every}}
    with open(EDGES, "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(f'  "{name}": {json.dumps(known[name])}' for name in sorted(known)) + "\n}\n")
    size = sum(os.path.getsize(p) for p in glob.glob(os.path.join(TOP, corpus(target), "*")))
    return f"{count_files(corpus(target))} inputs, {size} bytes, {edges} edges"


def main(arguments):
    action, rest = (arguments or [""])[0], arguments[1:]
    if action == "fuzz" and not (rest and rest[0].isdigit() and int(rest[0]) > 0):
        print(f"fuzz: {' '.join(rest[:1]) or 'nothing'} is no number of seconds", file=sys.stderr)
        return 1
    names = rest[1:] if action == "fuzz" else rest
    unknown = [n for n in names if n not in targets()]
    if unknown or action not in ("fuzz", "replay", "refresh"):
        what = f"target {unknown[0]}" if unknown else f"action {action!r}"
        print(f"fuzz: unknown {what}; targets: {' '.join(targets())}\n{__doc__}", file=sys.stderr)
        return 1
    if action == "fuzz":
        return fuzz(int(rest[0]), names or targets())
    for name in names or targets():
        try:
            print(f"{name}: {replay_and_compare(name) if action == 'replay' else refresh(name)}", flush=True)
        except FuzzError as error:
            print(f"fuzz: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
