# SPDX-License-Identifier: MIT
"""tests/fuzz/seeds.py: well-formed inputs to start from, for each target; tests/fuzz/fuzzing.py refresh merges them into the
corpus. Each function returns a list of bytes; what an input looks like is said in the head of tests/fuzz/NAME_fuzz.c."""
import struct
import subprocess

CHAINS = ["panic", "same,ignore:3,panic", "log-and-unprotect:4294967295," * 7 + "unprotect:1", "ignore:4294967296", "oops:0",
          "once:", ",", "FOO", "once,once,once,once,once,once,once,once", "once,once,once,once,once,once,once,once,once", "ignore:x"]
INJECTIONS = ["lab_sealed_word:store8:0xdead",
              "lab_sealed_page+0x10:fill:0x55@irq;0x10000:store1:255;lab_sealed_word:or:1@commit",
              "seal.c:state:cmpxchg:same", "18446744073709551615+0:swap:0xffffffffffffffff", "18446744073709551616:swap:1",
              "0xffffffffffffffff+1:store2:1", "last_byte+1:store2:0", "lab_sealed_word:store1:256", "x:fill:same", "twin:or:1", "",
              "lab_sealed_next+0xg:store4:1", "lab_sealed_next:store4:4294967295@thread", "lab_sealed_next:store2:65536",
              "1:store1", "1:bad:1", "1:or:1@nowhere", "+1:or:1", "no_such_symbol:or:1", "1:or:zz", "0x:or:1",
              ";".join(["1:or:1"] * 64), ";".join(["1:or:1"] * 65), "a" * 200 + ":or:1", "1:or:" + "9" * 100]


def cmdline():
    lines = [f"{option}={chain}" for option in ("ro_fault", "ro_fault.obj1") for chain in CHAINS]
    lines += [f"lab=on inject={i}" for i in INJECTIONS]
    lines += ["rodata=off lab=on exit=debug nonce=abc123 loglevel=4 initcall_trace=on initcall_order=reversed test=gate_*",
              "rodata=x lab= exit=no nonce=a-b loglevel=9 initcall_trace initcall_order=up test", "nonce=" + "a" * 33,
              "'a b' \"c d\" e\\\"f \\\\ \\' 'open", "x\x01y ro_fault.=once ro_fault.nothing=once ro_fault.twin=once",
              "ro_fault.kernel_main=once ro_fault.sealed_label=once", "inject=1:or:1",
              "ro_fault=once ro_fault=ignore lab=on lab=off", "init=hello", "'init=fuzz 1 2'", "init=", "init=" + "a" * 256, "init=a/b",
              " ".join(f"ro_fault.obj{n}=once" for n in range(17)) + " ro_fault.obj3=same", "\\",
              "y" * 1000 + " lab=on test=aaaaaaaaaaaaaaaaaaaa", "y" * 1015 + " lab=on " + "z" * 20, "y" * 1016 + " lab=on'",
              "y" * 1022 + "\\\""]
    return [line.encode("latin-1") for line in lines]


def inject():
    return [struct.pack("<H", 319 if len(text) < 300 else 20) + text.encode() for text in INJECTIONS]


# --- boot protocols: in each, one byte or number after the other is wrong -----------------------------------------

PC_MEMORY = [(0, 0x9FC00, 1), (0x9FC00, 0x400, 2), (0xF0000, 0x10000, 2), (0x100000, 0x7EE0000, 1), (0x7FE0000, 0x20000, 3)]
MANY = [(0x100000 + i * 0x2000, 0x1000, 1) for i in range(65)]
ODD = [(0x100001, 0x2FFE, 1), (0x200800, 0x10700, 1), (0x201FFF, 2, 4), (0x200800, 0x100, 3), (1 << 47, 1 << 47, 1), (0, 0, 1)]


def tag(kind, content, size=None):
    return struct.pack("<II", kind, 8 + len(content) if size is None else size) + content + bytes(-len(content) % 8)


def memory_tag(entries, entry_size=24):
    return tag(6, struct.pack("<II", entry_size, 0) + b"".join(struct.pack("<QQII", *e, 0) + bytes(entry_size - 24)
        for e in entries))


def multiboot2():
    usual, end = memory_tag(PC_MEMORY), tag(0, b"")
    text = tag(1, b"exit=debug\0")
    screen = tag(8, struct.pack("<QIIIBBH", 0xB8000, 160, 80, 25, 16, 2, 0))
    bodies = [text + usual + screen + tag(14, bytes(20)) + tag(15, bytes(36)) + tag(14, bytes(20)) + tag(3,
        struct.pack("<II", 0x400000, 0x401234) + b"m\0"),
              usual, text, text + memory_tag(MANY), text + memory_tag(ODD, 32), text + memory_tag([(1 << 48, 1, 1)]),
              memory_tag([(0, 4096, 2)]),
              usual + b"".join(tag(3, struct.pack("<II", 0x400000 + i * 8192, 0x400800 + i * 8192)) for i in range(17)),
              usual + tag(3, struct.pack("<II", 0x401000, 0x400000)), usual + tag(3, struct.pack("<II", 0x9000000, 0x9001000)),
              usual + tag(3, b"1"), usual + tag(8, b"1"), usual + tag(14, b"1"), tag(6, b""), tag(6, struct.pack("<II", 8, 0)),
              tag(1, b"no end"),
              tag(1, b"a" * 1024 + b"\0") + usual, tag(1, b"a" * 1023 + b" x\0") + usual, tag(9, b"", 7), tag(9, b"", 0xFFFFFFF8)]
    inputs = [struct.pack("<III", 0x9000 >> 3, 8 + len(b + end), 0) + b + end for b in bodies]
    inputs += [struct.pack("<III", 0x300000 >> 3, 8 + len(usual), 0) + usual, struct.pack("<III", 0, 8, 0), b"\0" * 8,
        struct.pack("<II", 0, 0x200000)]
    return inputs + [struct.pack("<II", 0, 255) + bytes(8)]


def pvh_input(*, text=b"exit=debug\0", entries=PC_MEMORY, modules=(), magic=0x336EC578, version=1, cut=None, **fields):
    """start information at 0x20, behind it memory map, modules, command line."""
    places = {"memmap": 0x60}
    places["modules"] = 0x60 + 24 * len(entries)
    places["cmdline"] = places["modules"] + 32 * len(modules)
    values = {"rsdp": 0xF5A40, "memmap_count": len(entries), "module_count": len(modules), "start": 0x20} | places | fields
    start = struct.pack("<IIIIQQQQII", magic, version, 0, values["module_count"], values["modules"], values["cmdline"],
        values["rsdp"],
                        values["memmap"], values["memmap_count"], 0)
    memory = bytes(0x20) + start + bytes(0x60 - 0x20 - len(start)) + b"".join(struct.pack("<QQII", *e, 0) for e in entries)
    memory += b"".join(struct.pack("<QQQQ", *m, 0, 0) for m in modules) + text
    return struct.pack("<Q", values["start"]) + memory[:cut]


def pvh():
    module = [(0x400000, 0x1234)]
    changes = [{}, {"cmdline": 0}, {"cmdline": 1 << 40}, {"text": b"no end"}, {"text": b"a" * 1030},
        {"text": b"a" * 1023 + b" b"}, {"magic": 1}, {"version": 0},
               {"memmap": 0}, {"memmap_count": 0}, {"memmap_count": 1025}, {"memmap": (1 << 64) - 24}, {"memmap_count": 1000},
               {"entries": MANY},
               {"entries": ODD}, {"entries": [(0, 4096, 2)]}, {"entries": [(1 << 48, 1, 1)]}, {"modules": module},
               {"modules": module * 9},
               {"modules": [(0x400000, (1 << 64) - 1)]}, {"modules": [(0x9000000, 1)]}, {"modules": [(0x400000, 0)]},
               {"start": 1 << 33}, {"start": (1 << 64) - 3}, {"cut": 0x40}, {"cut": 8}]
    inputs = [pvh_input(**c) for c in changes]
    return inputs + [pvh_input(modules=module).replace(struct.pack("<Q", 0x60 + 24 * 5), struct.pack("<Q", 1 << 50))]


# --- device trees ------------------------------------------------------------------------------------------------

TREE = """/dts-v1/;
RESERVE
/ { #address-cells = <2>; #size-cells = <2>;
psci { method = "hvc"; };
memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x8000000>; };
intc@8000000 { compatible = "arm,cortex-a15-gic"; reg = <0 0x8000000 0 0x10000 0 0x8010000 0 0x10000>; };
timer { compatible = "arm,armv8-timer"; interrupts = <1 13 4 1 14 4 1 11 4 1 10 4>; };
u1 { compatible = "arm,pl011"; reg = <0 0x9040000 0 0x1000>; };
u0 { compatible = "x", "arm,pl011"; reg = <0 0x9000000 0 0x1000>; };
chosen { bootargs = "exit=debug"; stdout-path = "/u0"; };
EXTRA
};
"""
CPUS = """cpus { #address-cells = <1>; #size-cells = <0>; c0 { device_type = "cpu"; reg = <0>; };
c1 { device_type = "cpu"; status = "disabled"; reg = <1>; }; c2 { device_type = "cpu"; status = "okay"; reg = <2>; }; };"""
DEVICES = """pcie { compatible = "pci-host-ecam-generic"; reg = <0 0x3f000000 0 0x1000000>; };
fw { compatible = "qemu,fw-cfg-mmio"; reg = <0 0x9020000 0 0x18>; };"""
RESERVED = """reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;
a { reg = <0x42000000 0x1001>; }; b { size = <0x1000>; }; c { status = "disabled"; reg = <0x43000000 1>; }; };"""
BUS = """bus { ranges; #address-cells = <1>; #size-cells = <1>; m { device_type = "memory"; reg = <0x60000000 0x1000000>; };
u { compatible = "arm,pl011"; reg = <9 9>; }; };"""
CLOSED_BUS = """bus { ranges = <0 0 0>; u { compatible = "arm,pl011"; reg = <9 9>; }; }; chosen@1 { bootargs = "b"; };
off { status = "disabled"; compatible = "arm,pl011"; reg = <0 9 0 9>; };"""
# What is replaced, by what.
CHANGES = [
    ("RESERVE", "/memreserve/ 0x40100000 0x1000;\n/memreserve/ 0x40200000 1;"),
    ("RESERVE", "/memreserve/ 0xffffffffffff0000 0x1000;"), ("EXTRA", CPUS),
    ("EXTRA", DEVICES), ("EXTRA", DEVICES + DEVICES.replace("pcie", "p2").replace("fw {", "f2 {")), ("EXTRA", RESERVED),
    ('"hvc"', '"smc"'), ('"hvc"', '"smcc"'), ("psci {", "isci {"),
    ("cortex-a15-gic", "gic-v3"), ("cortex-a15-gic", "gic-400"), (" 0 0x8010000 0 0x10000>", ">"),
    ("reg = <0 0x8000000 0 0x10000 0 0x8010000 0 0x10000>;", ""),
    ("1 11 4", "1 16 4"), ("1 11 4", "0 11 4"), ("1 11 4", "0 988 4"), ("1 11 4", "2 11 4"), (" 1 11 4 1 10 4", ""),
    ("interrupts", "xinterrupts"),
    ('"/u0"', '"/u0:115200n8"'), ('"/u0"', '"serial0"'), ('"/u0"', '"/nowhere"'),
    ('stdout-path = "/u0"', "stdout-path = [41 42]"), ("0 0x8000000>; };", "0 0x8000000 0 0x80000000 0 0x1000>; };"),
    ("reg = <0 0x40000000 0 0x8000000>", "reg = <0 0x40000000 0>"), ("0x40000000 0 0x8000000>", "0x40000000 0xffffffff 0>"),
    ("#address-cells = <2>", "#address-cells = <3>"), ("#size-cells = <2>", "#size-cells = <0>"),
    ("#size-cells = <2>", "#size-cells = [01]"), ("#address-cells = <2>", "#address-cells = <1>"),
    ("#address-cells = <2>", "#address-cells = <5>"), ("#address-cells = <2>; #size-cells = <2>;", ""),
    ('"exit=debug"', "[41 42]"), ('bootargs = "exit=debug"', "bootargs"), ('"exit=debug"', '"' + "a" * 1030 + '"'),
    ('"exit=debug"', '"' + "a" * 1023 + ' b"'),
    ("stdout-path", "linux,initrd-start = <0x44000000>; linux,initrd-end = <0x44001234>; stdout-path"),
    ("stdout-path", "linux,initrd-start = <0 0x44000000>; linux,initrd-end = <0 0x44001234>; stdout-path"),
    ("stdout-path", "linux,initrd-start = [00 01 02]; stdout-path"),
    ("stdout-path", "linux,initrd-start = <0x44000000>; stdout-path"),
    ("stdout-path", "linux,initrd-start = <9>; linux,initrd-end = <0x44001234>; stdout-path"),
    ("stdout-path", "linux,initrd-start = <9>; linux,initrd-end = <8>; stdout-path"), ("EXTRA", "d { " * 15 + "}; " * 15),
    ("EXTRA", "d { " * 16 + "}; " * 16),
    ("EXTRA", BUS), ("EXTRA", CLOSED_BUS),
    ("EXTRA", "".join(f"u{n} {{ compatible = \"arm,pl011\"; reg = <0 {n} 0 9>; }};" for n in range(2, 12))),
    ("EXTRA", "".join(f"m{n} {{ device_type = \"memory\"; reg = <1 {n << 14} 0 4096>; }};" for n in range(64))),
]
ALIASES = ['"/u0"', '"/u0:x"', '"serial0"', '"u0"', "[2f 75]", '""', '"/u0/" , "x"']


def dtb(source):
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"],
        input=source.replace("RESERVE", "").replace("EXTRA", "").encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout


def fdt():
    """The usual tree with one thing changed; and the header's numbers changed."""
    everything = TREE.replace("EXTRA", CPUS + DEVICES + RESERVED)
    trees = [dtb(TREE), dtb(everything), dtb("/dts-v1/;\n/ { };")]
    trees += [dtb(TREE.replace(old, new, 1)) for old, new in CHANGES]
    trees += [dtb(TREE.replace('"/u0"', '"serial0:1"').replace("EXTRA", f"aliases {{ serial0 = {alias}; }};"))
        for alias in ALIASES]
    usual = dtb("/dts-v1/;\n/ { memory { device_type = \"memory\"; }; };")
    numbers = [0, 8, 40, 0x7FFFFFFF, 0xFFFFFFF8]
    trees += [usual[:4 * i] + struct.pack(">I", n) + usual[4 * i + 4:] for i in range(10) for n in numbers]
    structure = struct.unpack(">I", usual[8:12])[0]
    trees += [usual[:at] + struct.pack(">I", n) + usual[at + 4:] for at in range(structure, structure + 16, 4)
        for n in (1, 2, 3, 4, 9, 77)]
    return trees + [usual[:n] for n in (20, 39, 41, 60, len(usual) - 8)]


# --- sequences of calls ------------------------------------------------------------------------------------------

def boot_fill():
    def memory(start, pages, kind=0, which=4):
        return struct.pack("<BHHB", which, start * 4, pages * 4, kind)
    area = struct.pack("<HH", 20 * 4, 8)
    usual = memory(0, 200)
    inputs = [usual, usual + b"\1" + area + b"\2" + area + b"\3" + area + b"\1" + area, usual + (b"\3" + area) * 17,
        b"\3" + area + usual + b"\2\0\xff\1\0",
              usual + b"\1" + struct.pack("<HH", 60000, 8), b"".join(memory(i * 3, 1) for i in range(65)), memory(9, 9, 1),
              usual + b"\x84" + b"\xff" * 17,
              usual + b"\x83" + b"\xff" * 16, usual + b"".join(b"\3" + struct.pack("<HH", i * 40 + 4, 4) for i in range(16)),
              b"".join(memory(i * 3, 2) for i in range(50)) + b"".join(b"\3" + struct.pack("<HH", i * 12, 4) for i in range(15))]
    inputs += [b"\0" + struct.pack("<H", n) + text for n, text in ((5, b"ab\0cd"), (4, b"abcd"), (1024, b"a" * 1024), (1030,
        b"a" * 1023 + b" bbbbbb"), (1030, b"a" * 1025 + b"\0"))]
    return [bytes([room]) + i for room in (160, 6, 0) for i in inputs]


def memory_map():
    def add(kind, start, size):
        return struct.pack("<BHH", kind, start, size)
    usual = add(0, 0, 800)
    inputs = [usual, usual + add(1, 100, 9) + add(2, 104, 30) + add(3, 90, 80) + add(0x41, 300, 3),
        b"".join(add(0, i * 24, 8) for i in range(65)), add(1, 9, 9),
              usual + b"".join(add(1, i * 24 + 8, 8) for i in range(40)), add(0, 0, 12) + add(0, 12, 12) + add(0, 5, 30),
              usual + b"\x3c" + add(1, 4, 4) + b"\x3c\x3c" + usual,
              b"\x80" + struct.pack("<QQ", 1 << 47, 1 << 47), b"\x80" + struct.pack("<QQ", 1 << 47, (1 << 47) + 1),
              b"\xc0" + struct.pack("<QQ", 9, (1 << 64) - 4),
              b"\x80" + struct.pack("<QQ", 1 << 48, 0) + b"\x80" + struct.pack("<QQ", (1 << 64) - 1, 5)]
    return inputs


def symbols():
    names = b"".join(bytes([n, n, n + 1, n + 2, n, 1]) for n in (3, 4, 3, 4, 1, 2, 3, 0, 4, 3, 2, 1)) + bytes([0, 2, 1, 1, 2, 2,
        2, 3, 1, 1, 1])
    table = b"".join(bytes([gap, name, size]) for gap, name, size in ((9, 0, 8), (8, 0x11, 8), (0, 0x22, 0), (0, 0x30, 4), (20,
        0x41, 0), (63, 0x51, 31), (9, 0x0, 8)))
    questions = b"".join(bytes([0, n, d]) for n in range(7) for d in (0, 1, 2)) + bytes([0,
        0xFF]) + bytes(8) + b"".join(bytes([2 | n << 2, 1, 99]) for n in range(32))
    return [bytes([7]) + names + table + questions, bytes([7]) + names + table + bytes([1, 0, 0, 3, 1, 1, 2, 5, 2, 99,
        3 | 5 << 2]) + b"abC:b" + b"\x09" + bytes([6, 1, 0]), bytes(40)]


def json():
    calls = b"".join(bytes([kind, 3]) + b"key" + (b"\4a\"\\\x01" if kind in (0, 4) else bytes(8) if kind in (2, 3, 5) else b"")
        for kind in range(9))
    calls += bytes([7, 1]) + b"l" + b"\0\2hi" + b"\2" + b"\xff" * 8 + b"\x08\x01\0\2" + b"x" * 8 + b"\x09\x09\x06\x06"
    return [struct.pack("<H", size) + calls for size in (0, 1, 2, 30, 200, 2047)] + [struct.pack("<H", 1000) + bytes([0, 1, 65,
        20]) + bytes(range(128, 148))]


# --- programs: archives and ELF files -------------------------------------------------------------------------------

def member(name, data=b"", mode=0o100644, **fields):
    sizes = {"bytes": len(data), "name_bytes": len(name) + 1} | fields
    head = b"070701" + b"".join(b"%08x" % n for n in (1, mode, 0, 0, 1, 0, sizes["bytes"], 0, 0, 0, 0, sizes["name_bytes"], 0))
    named = head + name + b"\0"
    named += bytes(-len(named) % 4)
    return named + data + bytes(-len(data) % 4)


def cpio():
    end = member(b"TRAILER!!!", mode=0)
    files = member(b"hello", b"abc") + member(b"./dir", mode=0o40755) + member(b"./x", b"12345") + member(b"x", b"6")
    return [files + end, end, files, files + end + bytes(512), files + member(b"y", bytes=9) + end, member(b"y", name_bytes=0) + end,
            member(b"y", name_bytes=99) + end, member(b"a\0b") + end, files.upper() + end, b"070702" + files[6:], b"", b"070701"]


def elf():
    def file(segments, kind=2, machine=62, entry=0x400010, size=56, data=bytes(300)):
        head = struct.pack("<7s9xHHIQQQIHHHHHH", b"\x7fELF\2\1\1", kind, machine, 1, entry, 64, 0, 0, 64, size, len(segments), 0, 0, 0)
        return head + b"".join(struct.pack("<IIQQQQQQ", *s) for s in segments) + data
    text, data = (1, 5, 300, 0x400000, 0, 64, 64, 4096), (1, 6, 320, 0x402000, 0, 8, 8192, 4096)
    wrong = [(1, 7, 0, 0x500000, 0, 1, 1, 1), (1, 4, 0, 0x401000, 0, 1, 4097, 1), (1, 2, 0, 0x500000, 0, 1, 1, 1),
             (1, 4, 0, 0x500000, 0, 9, 1, 1), (1, 4, 0, 0x500008, 0, 1, 1, 1), (1, 4, 9999, 0x500000, 0, 1, 1, 1),
             (1, 4, 0, 0x100000, 0, 1, 1, 1), (1, 4, 0, 0x500000, 0, 1, 1 << 28, 1), (2, 4, 0, 0, 0, 0, 0, 0), (3, 4, 0, 0, 0, 0, 0, 0)]
    many = [(1, 4, 0, 0x500000 + i * 4096, 0, 1, 1, 1) for i in range(9)]
    return [file([text, data]), file([text, (4, 4, 0, 0, 0, 0, 0, 0), (1, 6, 0, 0, 0, 0, 0, 0)]), file([data]), file([]), file(many),
            file([text], kind=3), file([text], machine=183), file([text], size=55), file([text], data=b""), b"\x7fELF", b"",
            ] + [file([text, data, w]) for w in wrong]


ALL = {f.__name__: f for f in (cmdline, inject, multiboot2, pvh, fdt, boot_fill, memory_map, symbols, json, cpio, elf)}
