# SPDX-License-Identifier: MIT
"""tests/tree/test_docs.py: what the documents name exists: every path, every `path:function`, every link."""
import glob
import os
import re

import pytest
from machines import TOP

DOCS = sorted(os.path.relpath(p, TOP) for p in glob.glob(os.path.join(TOP, "docs", "*.md")) +
              [os.path.join(TOP, n) for n in ("README.md", "CONTRIBUTING.md")] if os.path.exists(p))
PLACE = re.compile(r"`((?:\.ci|arch|boot|docs|include|kernel|linker|mm|tests|tools)/[\w./*{},<>-]+?)(?::([a-z_]\w*))?`")
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
    for path, function in PLACE.findall(read(document)):
        if path.endswith("NAME_test.c") or "NAME" in path:
            continue
        for variant in variants(path):
            found = glob.glob(os.path.join(TOP, variant))
            if not found:
                missing.append(variant)
            elif function and not any(re.search(rf"\b{function}\b", read(os.path.relpath(f, TOP))) for f in found):
                missing.append(f"{variant}:{function}")
    assert missing == []


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
            assert set(words.split()) <= targets, f"{document}: make {words}"
