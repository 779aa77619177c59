# SPDX-License-Identifier: MIT
"""tests/tree/test_explain_types.py: tools/explain and the ELF file: source lines and values of C types, on a small program
that each test's compiler builds."""
import os
import re
import subprocess

import pytest
from explain_logs import BOOT, EXIT, VIOLATION, line, run

from story import program, values

SOURCE = """\
typedef unsigned char u8; typedef unsigned long u64; typedef _Bool truth;
enum colour { RED, GREEN = 5, BLUE };
struct inner { u8 kind; unsigned short id; struct inner *next; void (*call)(int); };
struct outer {
	truth is_on; char letter; int balance; const char *name;
	struct inner inner[3]; u8 grid[4][6]; volatile enum colour colour;
	struct { u64 hidden; }; union { u64 word; u8 bytes[8]; } both; unsigned flags : 3, rest : 5; short tail;
};
struct outer thing = { .is_on = 1 };
extern u64 declared;
u64 declared = 1;
static u8 twin = 1;
u64 *inside(void)
{
	static u64 hidden_one = 7;
	return &hidden_one;
}
u8 *user = &twin;
const long negative = -3;
int matrix[2][3][4] = { { { 1 } } };
void target(int x);
void target(int x)
{
	thing.balance = x; /* LINE */
}
void caller(int x)
{
	target(x + 1); /* CALL */
	thing.balance++;
}
void _start(void)
{
	for (;;)
		caller(twin);
}
"""
OTHER = "typedef unsigned char u8;\nstatic u8 twin[4] = { 1, 2, 3, 4 };\nu8 *other = twin;\n"


@pytest.fixture(scope="module", params=["gcc", "gcc -gdwarf-4", "clang -gdwarf-4"])
def built(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    (folder / "sub").mkdir()
    (folder / "sub" / "thing.c").write_text(SOURCE)
    (folder / "other.c").write_text(OTHER)
    command = [*request.param.split(), "-g", "-O0", "-static", "-nostdlib", "-no-pie", "-fno-pie", "-Wl,--build-id=sha1", "-o", "thing"]
    subprocess.run([*command, "sub/thing.c", "other.c"], cwd=folder, check=True)
    return program.Program(str(folder / "thing"), "thing")


def address(built, name, count=1):
    found = built.addresses(f"{name}+0x0")
    assert len(found) == count
    return found[0]


def parts(built, name, start, count):
    """["path (type) skip count whole"] of an extent."""
    type_ = values.type_of(built.variable(address(built, name)))
    return [(leaf.path, leaf.type is not None and values.name_of(leaf.type), leaf.skip, leaf.count, leaf.is_whole)
            for leaf in values.leaves(type_, name, start, count)]


MEMBERS = [
    (0, 1, [("thing.is_on", "truth", 0, 1, True)]),
    (1, 1, [("thing.letter", "char", 0, 1, True)]),
    (4, 4, [("thing.balance", "int", 0, 4, True)]),
    (5, 2, [("thing.balance", "int", 1, 2, False)]),
    (8, 8, [("thing.name", "const char *", 0, 8, True)]),
    (0, 8, [("thing.is_on", "truth", 0, 1, True), ("thing.letter", "char", 0, 1, True), ("thing (padding)", False, 2, 2, False),
            ("thing.balance", "int", 0, 4, True)]),
    (16 + 24 + 2, 2, [("thing.inner[1].id", "short unsigned int", 0, 2, True)]),
    (16 + 48 + 8, 16, [("thing.inner[2].next", "struct inner *", 0, 8, True), ("thing.inner[2].call", "function *", 0, 8, True)]),
    (88 + 6 * 2 + 3, 1, [("thing.grid[2][3]", "u8", 0, 1, True)]),
    (112, 4, [("thing.colour", "volatile enum colour", 0, 4, True)]),
    (120, 8, [("thing.hidden", "u64", 0, 8, True)]),
    (130, 2, [("thing.both", "union ", 2, 2, False)]),
]


@pytest.mark.parametrize("start,count,expected", MEMBERS)
def test_members(built, start, count, expected):
    found = parts(built, "thing", start, count)
    assert [(p, t.strip() if t else t, *rest) for p, t, *rest in found if True] == \
        [(p, compiler_name(t, found), *rest) for p, t, *rest in expected]


def compiler_name(name, found):
    """clang says `unsigned short` where gcc says `short unsigned int`."""
    spelled = {t for _, t, *_ in found}
    return "unsigned short" if name == "short unsigned int" and name not in spelled else name.strip() if name else name


def test_every_byte_is_in_exactly_one_part(built):
    """Whatever the extent is, its parts follow each other without a gap."""
    size = values.size_of(values.type_of(built.variable(address(built, "thing"))))
    for start in range(0, size, 3):
        for count in (1, 2, 8, 31, size - start):
            if start + count > size:
                continue
            at = 0
            for leaf in values.leaves(values.type_of(built.variable(address(built, "thing"))), "x", start, count):
                assert leaf.at == at and leaf.count > 0
                at += leaf.count
            assert at == count


def test_elements(built):
    assert parts(built, "matrix", 4 * (12 + 4 + 3), 4) == [("matrix[1][1][3]", "int", 0, 4, True)]
    assert [p[0] for p in parts(built, "matrix", 4, 8)] == ["matrix[0][0][1]", "matrix[0][0][2]"]


VALUES = [
    ("thing", 0, "01", "true"), ("thing", 0, "00", "false"), ("thing", 0, "07", "0x7 (neither true nor false)"),
    ("thing", 1, "41", "'A' (0x41)"), ("thing", 1, "0a", "10"), ("thing", 4, "feffffff", "-2"), ("thing", 112, "05000000", "GREEN (5)"),
    ("thing", 112, "07000000", "7 (no such volatile enum colour)"), ("thing", 120, "eda15e0000000000", "0x5ea1ed (6201837)"),
    ("thing", 8, "0000000000000000", "NULL"), ("negative", 0, "fdffffffffffffff", "-3"),
]


@pytest.mark.parametrize("name,start,data,expected", VALUES)
def test_values(built, name, start, data, expected):
    data = bytes.fromhex(data)
    leaf = next(values.leaves(values.type_of(built.variable(address(built, name))), name, start, len(data)))
    assert values.value(leaf.type, data, built.near) == expected


def test_a_pointer_names_what_it_points_to(built):
    where = address(built, "target") + 4
    type_ = values.type_of(built.variable(address(built, "user")))
    assert values.value(type_, where.to_bytes(8, "little"), built.near) == f"{where:#x} <target+0x4>"
    assert values.name_of(type_) == "u8 *"


def test_a_definition_has_its_type_in_its_declaration(built):
    assert values.name_of(values.type_of(built.variable(address(built, "declared")))) == "u64"


def test_a_variable_inside_a_function(built):
    name = next(n for n in built.symbols if "hidden_one" in n)
    assert values.name_of(values.type_of(built.variable(address(built, name)))) == "u64"


def lines_of(built, name):
    start = address(built, name)
    size = next(size for value, size in built.symbols[name] if value == start)
    return {built.line(a) for a in range(start, start + size)}


def test_source_lines(built):
    number = {mark: SOURCE[:SOURCE.index(mark)].count("\n") + 1 for mark in ("/* LINE */", "/* CALL */")}
    assert ("sub/thing.c", number["/* LINE */"]) in lines_of(built, "target")
    assert {file for file, _ in lines_of(built, "target")} == {"sub/thing.c"}
    assert ("sub/thing.c", number["/* CALL */"]) in lines_of(built, "caller")
    assert built.line(0) is None and built.line(1 << 63) is None


def test_each_address_as_addr2line_says(built):
    code = [value + i for name in ("target", "caller", "_start") for value, size in built.symbols[name] for i in range(0, size, 3)]
    said = subprocess.run(["addr2line", "-e", built.path, *map(hex, code)], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    for where, text in zip(code, said):
        found = built.line(where)
        file, number = re.match(r"(.*):(\d+)", text).groups()
        assert found and file.endswith(found[0]) and int(number) == found[1], (hex(where), text, found)


def test_a_name_in_two_files_follows_from_the_address(built):
    both = built.addresses("twin+0x0")
    assert len(both) == 2
    for where in both:
        name, start, size = built.object_at("twin+0x0", where)
        assert (name, start) == ("twin", where) and size in (1, 4)
    assert built.object_at("twin+0x2", 0xFFFF800000000000 + max(both) + 2) is not None or (both[0] & 0xFFF) == (both[1] & 0xFFF)
    assert built.object_at("twin+0x0", 12345 << 12 | 0xFFF) is None


# --- the whole report, and the build-id ---------------------------------------------------------------------------

def log_of(built, **changes):
    start = address(built, "thing")
    event = {**VIOLATION, "symbol": "thing+0x4", "addr": f"0x{start + 4:016x}", "size": 4, "old": "01000000", "new": "feffffff",
             "pc": f"0x{address(built, 'target') + 1:016x}", "pc_symbol": "target+0x1", "initcall": "caller", "backtrace": ["nobody+0x1"], **changes}
    return line(BOOT, version=f"0.1+{built.build_id[:12]}") + line(event) + line(EXIT)


def test_a_report(built):
    status, lines, problems = run(log_of(built), "--elf", built.path)
    text = "\n".join(lines)
    assert (status, problems) == (0, [])
    for part in ("thing+0x4 (struct outer), 4 bytes", "defined in sub/thing.c:9", "thing.balance (int): 1 -> -2", "target+0x1  sub/thing.c:",
                 "nobody+0x1", "last written by initcall caller  sub/thing.c:27"):
        assert part in text, f"no {part!r} in\n{text}"


def test_long_extents(built):
    status, lines, _ = run(log_of(built, symbol="matrix+0x0", addr=f"0x{address(built, 'matrix'):016x}", size=96, count=12, old="11" * 64,
                                  new="22" * 64), "--elf", built.path)
    text = "\n".join(lines)
    assert status == 0 and "matrix[0][1][3] (int): 286331153 -> 572662306" in text and "… and 8 more members or elements" in text
    assert "(a record keeps the first 64 bytes)" in text
    _, lines, _ = run(log_of(built, symbol="declared+0x4", addr=f"0x{address(built, 'declared') + 4:016x}", size=8, old="00" * 8, new="22" * 8),
                      "--elf", built.path)
    text = "\n".join(lines)
    assert "declared (u64), bytes 4 to 7 of it: 00 00 00 00 -> 22 22 22 22" in text
    assert "4 of the bytes lie behind declared: 00 00 00 00 -> 22 22 22 22" in text


@pytest.mark.parametrize("changes", [{"old": None}, {"new": None}, {"size": None}, {"old": ""}, {"symbol": "thing+0xffffffffffffffffff"},
                                     {"symbol": "thing+0x5000"}, {"addr": None}, {"pc": None}, {"symbol": None}, {"old": "00" * 500}])
def test_odd_records(built, changes):
    status, lines, problems = run(log_of(built, **changes), "--elf", built.path)
    assert status in (0, 1) and "violation 0" in "\n".join(lines) and len(problems) <= 1


def test_another_kernel_is_refused(built):
    data = log_of(built).replace(built.build_id[:12], "0123456789ab")
    status, lines, problems = run(data, "--elf", built.path)
    assert status == 1 and "target+0x1" in "\n".join(lines) and "sub/thing.c" not in "\n".join(lines)
    assert problems == [f"explain: the log is of kernel 0123456789ab, but {built.path} has build-id {built.build_id[:12]}: no source lines"]


def test_damaged_elf_files(built, tmp_path):
    with open(built.path, "rb") as f:
        whole = f.read()
    for name, data in {"empty": b"", "text": b"hello\n", "cut": whole[:700], "half": whole[:len(whole) // 2],
                       "zeros": whole[:64] + bytes(len(whole) - 64)}.items():
        (tmp_path / name).write_bytes(data)
        status, lines, problems = run(log_of(built), "--elf", str(tmp_path / name))
        assert status == 1 and len(problems) == 1 and "no source lines" in problems[0] and lines, (name, problems)


def test_a_kernel_without_debug_information(built, tmp_path):
    subprocess.run(["objcopy", "--strip-debug", built.path, str(tmp_path / "stripped")], check=True)
    status, _, problems = run(log_of(built), "--elf", str(tmp_path / "stripped"))
    assert status == 1 and len(problems) == 1 and problems[0].endswith("stripped has no debug information: no source lines")


def test_a_source_that_was_changed_is_not_shown(built):
    path = os.path.join(os.path.dirname(built.path), "sub", "thing.c")
    before = os.stat(path)
    assert built.source(path, 1).startswith("typedef unsigned char u8;")
    os.utime(path, (before.st_atime, os.stat(built.path).st_mtime + 10))
    built = program.Program(built.path, "thing")
    assert built.source(path, 1) == "(changed since the kernel was built)"
    os.utime(path, (before.st_atime, before.st_mtime))
