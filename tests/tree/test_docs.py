# SPDX-License-Identifier: MIT
"""tests/tree/test_docs.py: what the documents name exists: every path, every `path:function`, every link."""
import glob
import os
import re
import subprocess

import pytest
from machines import TOP

DOCS = sorted(os.path.relpath(p, TOP) for p in glob.glob(os.path.join(TOP, "docs", "*.md")) +
              [os.path.join(TOP, n) for n in ("README.md", "CONTRIBUTING.md")] if os.path.exists(p))
PLACE = re.compile(r"`((?:\.ci|arch|boot|docs|include|kernel|linker|mm|tests|tools|user)/[\w./*{},<>-]+?)(?::([a-z_]\w*))?`")
SAVE = re.compile(r"Save this as\s+`([^`]+)`")  # a file that the reader is to make
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def variants(path):
    """ARCH and <m> stand for each machine; {a,b} for each of them."""
    for word in ("ARCH", "<m>"):
        if word in path:
            return [v for m in ("x86_64", "aarch64") for v in variants(path.replace(word, m))]
    match = re.search(r"\{([^}]*)\}", path)
    if match:
        return [v for choice in match[1].split(",") for v in variants(path.replace(match[0], choice, 1))]
    return [path]


@pytest.mark.parametrize("document", DOCS)
def test_places_exist(document):
    missing = []
    for path, function in PLACE.findall(SAVE.sub("", read(document))):
        if path.endswith("NAME_test.c") or "NAME" in path:
            continue
        for variant in variants(path):
            found = glob.glob(os.path.join(TOP, variant))
            if not found:
                missing.append(variant)
            elif function and not any(re.search(rf"\b{function}\b", read(os.path.relpath(f, TOP))) for f in found):
                missing.append(f"{variant}:{function}")
    assert missing == []


def test_files_to_save_are_new_ones():
    """Each is one path that can be copied, in a folder that there is; an exercise's file doesn't stay."""
    paths = [path for document in DOCS for path in SAVE.findall(read(document))]
    assert {"kernel/policy/every_third.c", "user/program/clock.c"} <= set(paths)
    for path in paths:
        assert os.path.isdir(os.path.join(TOP, os.path.dirname(path))) and "/" in path, path
        assert not os.path.exists(os.path.join(TOP, path)), path


@pytest.mark.parametrize("document", DOCS)
def test_links_stay_in_the_repository(document):
    folder = os.path.dirname(document)
    for target in LINK.findall(read(document)):
        path = os.path.normpath(os.path.join(folder, target))
        assert not path.startswith(".."), f"{target} leaves the repository"
        assert os.path.exists(os.path.join(TOP, path)), f"{target} does not exist"


def test_readme_has_the_two_commands():
    text = read("README.md")
    assert "make setup run" in text and "make setup check" in text


def test_make_targets_are_real():
    """`make WORD` in the documents is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.M))
    for document in DOCS:
        for words in re.findall(r"`make ([a-z-]+(?: [a-z-]+)*)", read(document)):
            assert {w for w in words.split() if not w.startswith("-")} <= targets, f"{document}: make {words}"


# --- the reference lists what the sources have ------------------------------------------------------------

REFERENCE = "docs/reference.md"


def replay_list():
    """[["option" or "policy", name, …]]: build/host/replay prints the kernel's own tables."""
    text = subprocess.run([os.path.join(TOP, "build", "host", "replay"), "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split("\t") for line in text.splitlines()]


def test_reference_has_every_boot_option():
    rows = re.findall(r"^\| `([a-z_.]+)(?:SYMBOL)?=` \|", read(REFERENCE), re.M)
    options = [line[1] for line in replay_list() if line[0] == "option"]
    assert sorted(rows) == sorted(options + ["break"])


def test_reference_has_every_policy():
    """… and the alias of each; so does the page about policies, in its table."""
    line = re.search(r"^\*\*Policies:\*\*(.*)", read(REFERENCE), re.M)[1]
    policies = [entry for entry in replay_list() if entry[0] == "policy"]
    names = {name for entry in policies for name in entry[1:3] if name}
    assert set(re.findall(r"`([a-z-]+)`", line)) == names
    table = re.findall(r"^\| (`[a-z`, -]+`)(?: \(default\))? \|", read("docs/faults-and-policies.md"), re.M)
    assert names <= set(re.findall(r"`([a-z-]+)`", " ".join(table)))


def test_reference_has_every_target_and_variable():
    text = subprocess.run(["make", "-s", "help"], cwd=TOP, stdout=subprocess.PIPE, text=True, check=True,
                          env={k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}).stdout
    words = re.findall(r"^  ([A-Za-z-]+) ", text, re.M)
    chapter = read(REFERENCE).split("## Boot options")[0]
    assert sorted(re.findall(r"^\| `([A-Za-z-]+)` \|", chapter, re.M)) == sorted(words)


def test_reference_has_every_name_of_break():
    line = re.search(r"^\*\*Names for `break=`:\*\*(.*)", read(REFERENCE), re.M)[1]
    assert re.findall(r"`([a-z-]+)`", line) == re.findall(r'\{ BROKEN_\w+, "([a-z-]+)"', read("kernel/broken.c"))


def test_reference_has_every_event_and_key():
    chapter = read(REFERENCE).split("## Output")[1].split("## Exit status")[0]
    sources = "".join(read(os.path.relpath(f, TOP)) for f in glob.glob(os.path.join(TOP, "kernel", "**", "*.c"), recursive=True) +
                      glob.glob(os.path.join(TOP, "mm", "*.c")))
    events = set(re.findall(r'event_begin(?:_unflushed)?\("(\w+)"\)', sources))
    assert set(re.findall(r"^\| `(\w+)` \|", chapter, re.M)) == events
    keys = set(re.findall(r'(?:json_\w+|\w+_or_null)\((?:json|&json), "(\w+)"', sources)) - {"overflow", "event", "nonce"}
    assert keys - set(re.findall(r"`(\w+)`", chapter)) == set()


def test_reference_has_the_exit_statuses():
    names = re.search(r'status_text.*?\{ ("ok".*?) \}', read("kernel/exit.c"), re.S)[1].replace('"', "").split(", ")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", read(REFERENCE), re.M)
    assert rows == [(name, str(2 * (16 + i) + 1), str(i)) for i, name in enumerate(names)]


def test_every_page_says_what_it_tells():
    """The first sentence says so, and each page can be reached from the README."""
    for page in DOCS:
        if page.startswith("docs/"):
            assert re.match(r"# [^\n]+\n\nThis page [a-z]+ ", read(page)), page
            assert f"]({page})" in read("README.md"), f"README.md does not list {page}"
