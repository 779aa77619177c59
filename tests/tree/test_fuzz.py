# SPDX-License-Identifier: MIT
"""tests/tree/test_fuzz.py: the fuzz targets themselves: can what they check fail? (What `make check` replays: tests/run.py.)"""
import os
import re
import shutil
import subprocess
import sys

import pytest
from machines import TOP

sys.path.insert(0, os.path.join(TOP, "tests", "fuzz"))
import fuzzing  # noqa: E402  (needs the path above)
import planted  # noqa: E402
import seeds  # noqa: E402

FILES_MAX, BYTES_MAX = 500, 300 * 1024   # of the whole corpus
TARGETS = ["boot_fill", "cmdline", "cpio", "elf", "fdt", "inject", "json", "memory_map", "multiboot2", "pvh", "symbols"]


def fuzz(*arguments):
    return subprocess.run([sys.executable, os.path.join("tests", "fuzz", "fuzzing.py"), *arguments], cwd=TOP,
        stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def test_every_target_has_its_parts():
    """Corpus, figures, seeds, planted bug; and the contract's list of parsers is there."""
    assert fuzzing.targets() == TARGETS == sorted(fuzzing.recorded()) == sorted(seeds.ALL)
    for folder, ending in (("corpus", ""), ("planted", ".patch")):
        assert sorted(os.listdir(os.path.join(TOP, "tests", "fuzz", folder))) == [t + ending for t in TARGETS]


def test_the_corpus_is_small():
    files = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(TOP, "tests", "fuzz", "corpus"))
        for name in names]
    assert len(files) <= FILES_MAX and sum(map(os.path.getsize, files)) <= BYTES_MAX
    assert max(map(os.path.getsize, files)) <= fuzzing.BYTES_MAX


@pytest.mark.parametrize("target", TARGETS)
def test_a_poor_corpus_is_noticed(target, tmp_path):
    """One empty input reaches fewer edges than are recorded, whether they are numbered as then or anew."""
    (tmp_path / "empty").write_bytes(b"")
    _, edges, every = fuzzing.replay(target, str(tmp_path))
    known = fuzzing.recorded()
    for of in (every, every + 1):
        with pytest.raises(fuzzing.FuzzError, match=rf"{target}: the corpus reaches {edges} of"):
            fuzzing.compare(target, edges, every, known | {target: known[target] | {"of": of}})


def test_figures_are_compared():
    """With the same numbering none may be lost; with another one a few."""
    known = {"x": {"edges": 100, "of": 200}}
    fuzzing.compare("x", 100, 200, known)
    fuzzing.compare("x", 97, 202, known)
    for edges, every in ((99, 200), (90, 202)):
        with pytest.raises(fuzzing.FuzzError, match="refresh x"):
            fuzzing.compare("x", edges, every, known)
    with pytest.raises(fuzzing.FuzzError, match="not in tests/fuzz/edges.json"):
        fuzzing.compare("y", 1, 1, known)


def test_an_empty_corpus_is_noticed(tmp_path):
    with pytest.raises(fuzzing.FuzzError, match="there is no input in "):
        fuzzing.replay("json", str(tmp_path))


@pytest.mark.parametrize("arguments, what", [
    (["replay", "nothing"], "unknown target nothing"), (["dance"], "unknown action 'dance'"), ([], "unknown action ''"),
    (["fuzz"], "nothing is no number"),
    (["fuzz", "0"], "0 is no number"), (["fuzz", "x"], "x is no number"), (["fuzz", "1", "nothing"], "unknown target nothing")])
def test_wrong_arguments_are_named(arguments, what):
    done = fuzz(*arguments)
    assert done.returncode == 1 and what in done.stderr.split("\n")[0] and done.stdout == ""


def test_the_table(tmp_path):
    """What `make fuzz` prints for a target: runs, edges, inputs."""
    done = fuzz("fuzz", "2", "json", "symbols")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["target", "runs", "edges", "inputs"] and sorted(r.split()[0] for r in rows) == ["json", "symbols"]
    for row in rows:
        name, runs, edges, inputs = row.split()
        assert int(runs) > 100 and int(edges) >= 0.9 * fuzzing.recorded()[name]["edges"] and int(inputs) >= 1


def test_a_patch_that_does_not_apply_is_named(tmp_path):
    patch = tmp_path / "json.patch"
    with open(planted.patch_of("json"), encoding="utf-8") as f:
        patch.write_text(f.read().replace("json->length + 1 < json->bytes", "json->length + 1 < somewhere else"))
    with pytest.raises(fuzzing.FuzzError, match=r"json: \S+json.patch does not apply any more"):
        planted.plant("json", str(patch))


@pytest.mark.parametrize("target", TARGETS)
def test_a_patch_changes_one_line(target):
    """… and applies to the sources as they are."""
    with open(planted.patch_of(target), encoding="utf-8") as f:
        text = f.read()
    assert len(re.findall(r"^-(?!--)", text, re.M)) == len(re.findall(r"^\+(?!\+\+)", text, re.M)) == 1
    path = re.search(r"^\+\+\+ b/(\S+)", text, re.M)[1]
    folder = planted.plant(target)
    with open(os.path.join(folder, path), encoding="utf-8") as changed, open(os.path.join(TOP, path), encoding="utf-8") as ours:
        assert sum(a != b for a, b in zip(changed, ours)) == 1
    shutil.rmtree(folder)


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
def test_a_planted_bug_is_found(target):
    """Within a minute, from the ordinary corpus; and the input that shows it is harmless without the bug."""
    assert planted.check(target).startswith("found: ")


@pytest.mark.long
def test_what_is_found_is_reported(tmp_path):
    """`make fuzz` with a bug planted: it stops with an error that names the input and the line that repeats it."""
    folder = os.path.join(TOP, planted.build("json", planted.plant("json")), "..")
    shutil.copytree(os.path.join(TOP, "tests", "fuzz", "corpus", "json"), os.path.join(folder, "tests", "fuzz", "corpus", "json"))
    done = subprocess.run([sys.executable, os.path.join(folder, "tests", "fuzz", "fuzzing.py"), "fuzz", "30", "json"],
        stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "stopped: something was found" in done.stdout
    what, artifact, repeat = done.stderr.rstrip("\n").split("\n")
    assert re.match(r"fuzz: json: SUMMARY: AddressSanitizer: heap-buffer-overflow .*json.c", what), what
    path = re.fullmatch(r"  input: (build/fuzz/json\.crash-\w+)", artifact)[1]
    assert repeat == f"  repeat: build/fuzz/json {path}"
    again = subprocess.run(["sh", "-c", repeat.split(": ", 1)[1]], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
                           text=True, check=False)
    assert again.returncode != 0 and "heap-buffer-overflow" in again.stdout
