# SPDX-License-Identifier: MIT
"""tests/qemu/test_seal_map.py: the permission map (make map): it shows what a walk of the tables finds, and what is wrong in red."""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import outside
import pytest
from machines import TOP
from seal_map import bands, picture, snapshot

SVG = "{http://www.w3.org/2000/svg}"
PAGE, PROGRAMS = 4096, "programs after the seal"


class Drawn:
    def __init__(self, machine, cmdline="", broken=False):
        self.run = snapshot.take(machine, cmdline, broken)
        self.svg_text, self.html_text, self.complaints = picture.draw(self.run)
        self.svg, self.html = ElementTree.fromstring(self.svg_text), ElementTree.fromstring(self.html_text)

    def rows(self, when):
        """Of the table: [{column: text}]"""
        table = next(t for t in self.html.iter("table") if t.find("caption").text.lower() == when)
        names = [cell.text for cell in table.find("thead").iter("th")]
        return [dict(zip(names, (cell.text or "" for cell in row))) for row in table.find("tbody")]

    def red(self):
        return [path for path in self.svg.iter(f"{SVG}path") if path.get("class") == "red"]


drawn = {}


def draw(machine, cmdline="", broken=False):
    key = (machine.name, cmdline, broken)
    if key not in drawn:
        drawn[key] = Drawn(machine, cmdline, broken)
    return drawn[key]


def pages_of_rows(rows):
    """{(root, address): (frame, rights, size of its page)}"""
    found = {}
    for row in rows:
        frame = int(row["frames"].split("–")[0], 16)
        start, end = int(row["first address"], 16), int(row["last address"], 16)
        for va in range(start, end, PAGE):
            assert (row["root"], va) not in found, "a page stands there twice"
            found[row["root"], va] = (frame + va - start, row["rights"], row["pages of"])
    return found


def pages_of_leaves(root, leaves):
    return {(root, leaf.va + at): (leaf.pa + at, bands.letters(leaf.perms), picture.size_text(leaf.size))
            for leaf in leaves for at in range(0, leaf.size, PAGE)}


@pytest.mark.parametrize("when", ["before the seal", "after the seal"])
def test_the_table_is_what_the_walk_found(machine, when):
    it = draw(machine)
    shot = it.run.before if when.startswith("before") else it.run.after
    gate = [leaf for leaf in shot.roots["gate"] if outside.WINDOW <= leaf.va < outside.DEVICES]
    assert pages_of_rows(it.rows(when)) == pages_of_leaves("kernel", shot.roots["kernel"]) | pages_of_leaves("gate", gate)


def test_what_programs_may_use(machine):
    """Each program's mappings as the walk found them, and whose frames they are as well: the vDSO's are everybody's and sealed."""
    it, found = draw(machine), {}
    for root, leaves in it.run.after.programs.items():
        found |= pages_of_leaves(root, leaves)
    rows = it.rows(PROGRAMS)
    assert pages_of_rows(rows) == found and {root.split()[2] for root, _ in found} == {"supervisor", "console", "sh"}
    shared = [row for row in rows if row["section"] == "ro_after_init"]
    assert len(shared) == 6 and sorted({row["rights"] for row in shared}) == ["r--", "r-x"]
    for row in shared:
        others = row["who else maps these frames"].split(", ")
        assert others[:2] == ["gate rw-", "kernel r--"] and len(others) == 4 and all(text.endswith(row["rights"]) for text in others[2:])
    for row in rows:
        if row["section"] != "ro_after_init":  # the serial line's page, if it has one, is none of the gate's RAM
            assert row["who else maps these frames"] == ("kernel rw-" if row["section"] == "devices" else "gate rw-, kernel rw-")


def test_a_program_that_could_write_what_is_sealed_is_red(machine):
    """No boot does it: one leaf of the snapshot is changed."""
    run = draw(machine).run
    name, leaves = next(iter(run.after.programs.items()))
    sealed = next(leaf for leaf in leaves if leaf.va == 0x7FFFFFE000)
    programs = dict(run.after.programs, **{name: [leaf._replace(perms=leaf.perms | {"w"}) if leaf is sealed else leaf for leaf in leaves]})
    svg, _, complaints = picture.draw(run._replace(after=run.after._replace(programs=programs)))
    assert len(complaints) == 1 and "sealed, but writable at 0x0000007fffffe000" in complaints[0] and name in complaints[0] and 'class="red"' in svg


def test_each_row_has_a_band(machine):
    """… whose words, letters and pattern say the same; and no band shows anything else."""
    it, rows = draw(machine), []
    for when in ("before the seal", "after the seal", PROGRAMS):
        for row in it.rows(when):
            short = [f"{int(row[name], 16):#x}" for name in ("first address", "last address")]
            rows.append((f"{short[0]}–{short[1]} {row['rights']} {row['section']}, frames {row['frames']}", row["rights"]))
    shown = []
    for group in it.svg.iter(f"{SVG}g"):
        kind = group.get("class").split()[0]
        if kind in ("frame", "ghost"):
            continue
        letters = [text.text for text in group.iter(f"{SVG}text") if text.get("class") == "perms"]
        patterns = [rect.get("fill") for rect in group.iter(f"{SVG}rect") if (rect.get("fill") or "").startswith("url(")]
        assert patterns == [f"url(#h-{kind})"] and kind == letters[0].replace("-", "")
        shown += [(title, letters[0]) for title in group.find(f"{SVG}title").text.split("; ")]
    assert sorted(shown) == sorted(rows)


def test_the_image_is_that_of_another_boot(machine):
    """Walked by the tests' own means, at the prompt."""
    with outside.idle_view(machine) as view:
        found = pages_of_leaves("kernel", outside.image_leaves(view))
    rows = [row for row in draw(machine).rows("after the seal") if row["area"] == "image"]
    assert pages_of_rows(rows) == found


def test_what_the_seal_changed(machine):
    it = draw(machine)
    for when, rights in (("before the seal", "rw-"), ("after the seal", "r--")):
        for part in ("ro_after_init", "ro_core"):
            found = [(row["area"], row["rights"]) for row in it.rows(when) if row["section"] == part]
            assert sorted(found) == [("direct map", rights), ("image", rights)]
    assert [row for row in it.rows("after the seal") if row["area"] == "image" and row["section"] == "init"] == []
    names = [{row["section"] for row in it.rows(when) if row["area"] == "direct map"} for when in ("before the seal", "after the seal")]
    assert [("init" in found, "was init" in found) for found in names] == [(True, False), (False, True)]
    assert "ro_core was rw- before the seal and is r-- after it." in it.html_text and "not mapped any more" in it.svg_text
    assert "Window: all RAM once more" in it.svg_text


def test_both_files_are_quiet(machine):
    """Well-formed (or Drawn had failed), no script, nothing from elsewhere, alternative text, a page size for printing."""
    it = draw(machine)
    for text in (it.svg_text, it.html_text):
        assert not re.search(r"<script|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org/2000/svg)|<link|@import|url\((?!#)", text)
    assert it.svg.find(f"{SVG}title").text and "ro_after_init was rw-" in it.svg.find(f"{SVG}desc").text
    assert it.svg.get("viewBox") and re.search(r"@page \{ size: A4 landscape", it.html_text) and it.html.get("lang") == "en"


def test_every_mapping_of_the_image_is_joined(machine):
    """A line from each of its bands to its frames, and from those to the direct map."""
    it = draw(machine)
    for half in it.svg_text.split('class="half"')[1:]:
        boxes = re.findall(r'<g class="(\w+)(?: sealed)? band">', half)
        ribbons = len(re.findall(r'class="ribbon ', half))
        assert ribbons >= len([kind for kind in boxes if kind not in ("frame", "ghost")]) - 1  # not the window


def test_each_frame_stands_once(machine):
    for half in draw(machine).svg_text.split('class="half"')[1:]:
        frames = re.findall(r'<g class="frame band">.*?class="range"[^>]*>([^<]*)<', half, re.S)
        assert len(frames) > 10 and sorted(frames) == sorted(set(frames))


def test_nothing_is_red(machine):
    it = draw(machine)
    assert it.red() == [] and it.complaints == [] and "No frame that is sealed is writable" in it.svg_text and 'class="wrong"' not in it.html_text


@pytest.mark.parametrize("broken, parts", [("alias", ["ro_after_init", "ro_core"]), ("arena", ["page tables"]), ("wx", ["data"])])
def test_what_is_wrong_is_red(machine, broken, parts):
    it = draw(machine, f"break={broken}", broken=True)
    wrong = [row for row in it.rows("after the seal") if row["remark"]]
    assert sorted(row["section"] for row in wrong) == parts and len(it.red()) == len(parts) == len(it.complaints)
    for row, complaint in zip(wrong, it.complaints):
        assert row["first address"] in complaint and complaint in it.html_text and "WRONG" in it.svg_text
    if broken == "alias":  # from the mapping that is sealed over the frame to the one that is not
        assert all(path.get("d").count("M") == 2 for path in it.red()) and all(row["area"] == "direct map" for row in wrong)


def test_a_page_that_was_opened_is_red(machine):
    """By a policy: in the mapping that the write used, not in the direct map."""
    it = draw(machine, "lab=on ro_fault=log-and-unprotect inject=lab_sealed_word:store8:1")
    wrong = [row for row in it.rows("after the seal") if row["remark"]]
    assert [(row["area"], row["section"], row["rights"], row["size"]) for row in wrong] == [("image", "ro_after_init", "rw-", "4 KiB")]
    assert len(it.red()) == len(it.complaints) == 1 and it.red()[0].get("d").count("M") == 2


def test_a_panic_is_not_red(machine):
    """The dry run's copies are still mapped, writable, where the sealed page is: in its own root."""
    it = draw(machine, "lab=on ro_fault=panic inject=lab_sealed_word:store8:1")
    assert any(leaf.perms & {"w"} for name, leaves in it.run.after.roots.items() if name.startswith("dry-run") for leaf in leaves
               if it.run.after.frame_types.get(leaf.pa) == "shadow")
    assert it.red() == [] and it.complaints == []


def test_it_draws_the_kernel_in_that_folder(machine, tmp_path):
    """COMPILER=clang builds elsewhere. Where there is none, nothing is drawn."""
    done = subprocess.run([sys.executable, "tools/map.py", machine.name, str(tmp_path / machine.name)], cwd=TOP, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and done.stderr == f"map: there is no {tmp_path}/{machine.name}/amber.elf: `make` builds it\n"
    asked = subprocess.run(["make", "-n", "map", "COMPILER=clang", f"ARCH={machine.name}"], cwd=TOP, stdout=subprocess.PIPE, text=True, check=True)
    assert f"tools/map.py {machine.name} build/clang/{machine.name} " in asked.stdout


def test_without_the_seal_nothing_is_red(machine):
    it = draw(machine, "rodata=off")
    assert it.red() == [] and it.complaints == [] and "Nothing is sealed." in it.svg_text


def test_make_map(machine):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k not in ("ARCH", "T", "CMDLINE")}
    files = [os.path.join(machine.folder(), f"map.{ending}") for ending in ("html", "svg")]
    for path in files:
        if os.path.exists(path):
            os.remove(path)
    done = subprocess.run(["make", "-s", "map", f"ARCH={machine.name}"], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env=clean, check=True)
    assert f"build/{machine.name}/map.html" in done.stdout and "WRONG" not in done.stdout
    refused = subprocess.run(["make", "-s", "map", f"ARCH={machine.name}", "CMDLINE=exit=debug init=hello"], cwd=TOP, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clean, check=False)
    assert refused.returncode != 0 and refused.stderr.startswith("map: exit=debug would end QEMU"), refused.stderr
    assert all(ElementTree.parse(path).getroot() is not None for path in files)
