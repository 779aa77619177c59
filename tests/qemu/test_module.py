# SPDX-License-Identifier: MIT
"""tests/qemu/test_module.py: programs of one's own: make program, make run MODULE=, and the page docs/your-own-program.md.

Only this file builds modules: their folder, build/ARCH/module/, is the same for all."""
import os
import re
import shutil
import struct
import subprocess

import pytest
from machines import MACHINES, TOP
from runner import start
from shell import own_lines, session, unattended

PAGE = os.path.join(TOP, "docs", "your-own-program.md")

MAIN = '#include "%s"\nint main(int count, char **words)\n{\n\t%s;\n}\n'


def make(*arguments):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k not in ("ARCH", "T", "CMDLINE", "MODULE")}
    return subprocess.run(["make", "-s", *arguments], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=clean, check=False)


def program(folder, name):
    done = make("program", f"NAME={name}", f"DIR={folder}")
    assert done.returncode == 0, done.stdout
    return os.path.join(folder, name, "main.c")


def build(machine, folder):
    """What -initrd gets: as `make run MODULE=` does it."""
    done = make("qemu-line", f"ARCH={machine.name}", f"MODULE={folder}")
    assert done.returncode == 0, done.stdout
    return os.path.join(TOP, re.search(r" -initrd (\S+)", done.stdout)[1])


def refused(machine, folder):
    """The complaint: the last line but make's own."""
    done = make("qemu-line", f"ARCH={machine.name}", f"MODULE={folder}")
    assert done.returncode != 0, done.stdout
    return [line for line in done.stdout.split("\n") if line and not line.startswith("make")][-1]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def test_the_template(machine, tmp_path):
    """Runs as it is, seals, and dies of its late write."""
    folder = str(tmp_path / "my programs")
    program(folder, "foo")
    module = build(machine, folder)
    guest, (good, bad, _) = unattended(machine, "foo;foo break", extra=("-initrd", module))
    assert [line.split("] ")[1] for line in good] == ["foo: hello from foo: limit is 42 and sealed"]
    assert "foo: now I write to it all the same" in bad[1] and "user: thread 'foo' is killed: write to sealed memory 0x" in bad[2]
    assert bad[3:] == ["sh: 'foo' has ended: killed by a fault"] and guest.said("programs in the boot module: 1")


def test_the_module_goes_first(machine, tmp_path):
    """Before the kernel file's program of that name; several files, a header, assembly for one machine, a finished program."""
    write(str(tmp_path / "hello" / "one.c"), MAIN % ("two.h", 'printf("mine: %u", two());\n\treturn 0'))
    write(str(tmp_path / "hello" / "two.h"), '#include "program.h"\nunsigned two(void);\n')
    write(str(tmp_path / "hello" / machine.name / "two.S"),
          f".global two\ntwo:\n\t{'mov $2, %eax' if machine.name == 'x86_64' else 'mov w0, #2'}\n\tret\n")
    shutil.copy(os.path.join(machine.folder(), "user", "archive", "hello"), tmp_path / "finished")
    write(str(tmp_path / "README.md"), "no program")
    module = build(machine, str(tmp_path))
    _, (mine, finished, _) = unattended(machine, "hello;finished 0 two", extra=("-initrd", module))
    assert [line.split("] ")[1] for line in mine] == ["hello: mine: 2"]
    assert finished[3].endswith("] finished:   2 'two'")
    os.rename(tmp_path / "hello" / "one.c", tmp_path / "hello" / "main.c")
    done = make("qemu-line", f"ARCH={machine.name}", f"MODULE={tmp_path / 'hello'}")
    assert "/hello: hello\n" in done.stdout, "a folder with a main.c is one program\n" + done.stdout


def test_a_shell_of_ones_own(machine, tmp_path):
    """Also what the system itself starts may come from there."""
    write(str(tmp_path / "sh.c"),
          MAIN % ("program.h", 'printf("another shell");\n\treturn (int)sys_sleep(TIMEOUT_FOREVER)'))
    with start(machine, extra=("-initrd", build(machine, str(tmp_path)))) as guest:
        guest.wait_line("] sh: another shell")


COMPLAINTS = {
    "no_folder": "no such folder", "no_directory": "is no folder", "empty": "no program in it",
    "text": "no program (no 64-bit little-endian ELF file)",
    "other": "made for ", "object": "not a static executable", "syntax": "main.c doesn't compile, see above",
    "no_main": "can't be linked, see above", "long": "is too long for a program's name (at most 31 characters)", "blank": "is no name for a program",
    "twice": "two programs of the same name 'foo'", "pipe": "neither a file nor a folder", "dead": "neither a file nor a folder",
    "big": "the programs have 49 MiB together (at most 48)",
}
# What is wrong with a finished program: (offset in the file, bytes there); 64: its first segment's head, 120: its second one's.
DAMAGED = {
    "the number or the size of its segments' heads is wrong": (56, "<H", 0), "its segments' heads lie behind its end": (32, "<Q", 1 << 40),
    "not a static executable": (64, "<I", 2), "a segment's data lie behind its end": (72, "<Q", 1 << 30),
    "a segment has more data than memory": (104, "<Q", 1), "a segment doesn't start on a page": (80, "<Q", 0x400010),
    "a segment lies outside the user half": (80, "<Q", 0x1000), "a segment is too large": (104, "<Q", 1 << 30),
    "a segment can't be read": (68, "<I", 1), "a segment is writable and executable": (68, "<I", 7),
    "two segments share a page": (136, "<Q", 0x400000), "its entry is not in an executable segment": (24, "<Q", 0x400),
}


@pytest.mark.parametrize("what", COMPLAINTS)
def test_what_is_no_program(machine, what, tmp_path):
    other = next(m for m in MACHINES.values() if m != machine)
    folder, good = str(tmp_path / "d"), "int main(int count, char **words)\n{\n\treturn 0;\n}\n"
    if what not in ("no_folder", "no_directory"):
        os.makedirs(folder)
    if what in ("other", "object"):
        kinds = {"other": os.path.join(TOP, "build", other.name, "user", "archive", "hello"),
                 "object": os.path.join(machine.folder(), "user", "obj", "user", "lib", "print.c.o")}
        if not os.path.exists(kinds[what]):
            make(f"ARCH={other.name}", f"build/{other.name}/user/programs.cpio")
        shutil.copy(kinds[what], os.path.join(folder, "foo"))
    texts = {"no_directory": [folder], "text": [folder + "/foo"], "syntax": [folder + "/foo/main.c"], "no_main": [folder + "/foo.c"],
             "long": [folder + "/" + "x" * 32 + ".c"], "blank": [folder + "/a b.c"], "twice": [folder + "/foo.c", folder + "/foo/main.c"]}
    for path in texts.get(what, []):
        write(path, {"syntax": "int main(\n", "no_main": "int other;\n"}.get(what, good))
    if what == "pipe":
        os.mkfifo(folder + "/foo")
    if what == "dead":
        os.symlink("nowhere", folder + "/foo")
    if what == "big":
        shutil.copy(os.path.join(machine.folder(), "user", "archive", "hello"), folder)
        os.truncate(folder + "/hello", 49 << 20)
    line = refused(machine, folder)
    assert line.startswith("module: ") and COMPLAINTS[what] in line and (folder in line or what == "big"), line


@pytest.mark.parametrize("why", DAMAGED)
def test_what_the_kernel_would_refuse(machine, why, tmp_path):
    """… is refused before, in the same words."""
    folder, (at, form, value) = tmp_path / "d", DAMAGED[why]
    data = bytearray(open(os.path.join(machine.folder(), "user", "archive", "hello"), "rb").read())
    struct.pack_into(form, data, at, value)
    folder.mkdir()
    (folder / "foo").write_bytes(data)
    assert refused(machine, str(folder)) == f"module: {folder}/foo: {why} (link it as docs/programs.md says)"
    assert f'"{why}"' in read(os.path.join(TOP, "kernel", "elf.c"))


@pytest.mark.parametrize("name, why", [
    ("", "usage: make program NAME=foo"), ("../x", "is no name for a program"), ("9lives", "is no name for a program"), ("a b", "is no name"),
    ("it's", "is no name"), ("x" * 32, "too long"), ("ps", "is a command of the shell"), ("lab", "is a command of the shell"),
    ("console", "the system itself needs"), ("taken", "exists already; nothing is changed"), ("file", "exists already; nothing is changed"),
])
def test_a_bad_name(name, why, tmp_path):
    write(str(tmp_path / "taken" / "notes"), "mine")
    write(str(tmp_path / "file.c"), "mine")
    done = make("program", f"NAME={name}", f"DIR={tmp_path}")
    assert done.returncode != 0 and why in done.stdout and done.stdout.startswith("program: "), done.stdout
    assert sorted(os.listdir(tmp_path)) == ["file.c", "taken"] and os.listdir(tmp_path / "taken") == ["notes"]


def test_it_asks_at_the_console(machine, tmp_path):
    """A program's prompt; Tab means nothing, Ctrl-C ends it also while it asks; in the background it has no console."""
    write(str(tmp_path / "asker.c"), """#include "console.h"
int main(int count, char **words)
{
	struct console_line line;

	while (console_ask("name? ", &line))
		console_printf(HANDLE_TERMINAL, "hello, %s\\n", line.text);
	printf("no console");
	return count == 2 ? (int)sys_sleep(TIMEOUT_FOREVER) : 3;
}
""")
    with session(machine, extra=("-initrd", build(machine, str(tmp_path)))) as shell:
        for _ in range(2):
            mark = len(shell.guest.text)
            shell.send("asker\r")
            shell.guest.wait_for(lambda: shell.guest.text[mark:].endswith("\nname? "), "its prompt")
            shell.send("Ann\t Lee\r")
            shell.guest.wait_for(lambda: shell.guest.text[mark:].endswith("\nhello, Ann Lee\nname? "), "its answer")
            shell.send("half a na\x03")
            shell.wait_prompt(mark)
            assert "sh: 'asker' has ended: killed" in own_lines(shell.guest.text[mark:].split("\n"))
        mark = len(shell.guest.text)
        shell.command("asker &")
        # Its line comes over the prompt, which is then drawn again: not the answer to what is typed next.
        shell.guest.wait_for(lambda: re.search(r"asker: no console\n+amber> $", shell.guest.text[mark:]), "its end")
        assert shell.command("hello")


ROGUE = """#include "console.h"
#include "thread.h"

static const char *const forged[] = { "@amber {}\\n@am", "ber {}\\nx\\r@amber {}\\n", "\\x1b[H\\b@amber {}\\n", "@amber {}\\n" };

int main(int count, char **words)
{
	struct console_line line;
	handle_t mine;

	(void)count;
	if (sys_notification_create(&mine))
		return 9;
	if (!strcmp(words[1], "forge")) {
		for (unsigned i = 0; i < ARRAY_SIZE(forged); i++)
			if (console_write(HANDLE_TERMINAL, forged[i], strlen(forged[i])))
				return 8;
		return console_ask("@amber {} ", &line) ? 0 : 7;
	}
	for (unsigned i = 0; ; i++) { /* Ctrl-C is to be its own */
		if (!console_interrupts(HANDLE_TERMINAL, mine, 1))
			console_printf(HANDLE_TERMINAL, "stolen\\n");
		if (i == 100)
			console_printf(HANDLE_TERMINAL, "tried\\n");
	}
}
"""


def test_a_rogue_at_the_console(machine, tmp_path):
    """It can't print an event, and it can't keep Ctrl-C from the shell."""
    write(str(tmp_path / "rogue.c"), ROGUE)
    with session(machine, extra=("-initrd", build(machine, str(tmp_path)))) as shell:
        mark = len(shell.guest.raw)
        shell.send("rogue forge\rx\r")
        shell.wait_prompt(len(shell.guest.text))
        said = shell.guest.raw[mark:].decode()
        assert said.count("amber {}") == 6 and not re.search(r"(^|[\r\n\b]|\x1b\[.)@", said), said
        mark = len(shell.guest.text)
        shell.send("rogue steal\r")
        shell.guest.wait_for(lambda: shell.guest.text[mark:].endswith("\ntried\n"), "its attempts")
        shell.send("\x03")
        shell.wait_prompt(mark)
        assert own_lines(shell.guest.text[mark:].split("\n")[1:]) == ["tried", "^C", "sh: 'rogue' has ended: killed"]


def test_on_the_iso(machine, tmp_path):
    """make run-iso MODULE=; without it the ISO has no module."""
    if machine.name != "x86_64":
        return
    program(str(tmp_path), "foo")
    done = make("qemu-line", "ISO=1", f"MODULE={tmp_path}", "CMDLINE=run='foo;poweroff'")
    line = done.stdout.rstrip().split("\n")[-1]
    assert "module/amber.iso" in line and "module" not in make("qemu-line", "ISO=1").stdout.split("\n")[-2]
    said = subprocess.run(line, shell=True, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=400, check=False).stdout.decode()
    assert "] foo: hello from foo" in said and "amber> poweroff" in said, done.stdout + said


# --- the page -------------------------------------------------------------------------------------------------------------

def shape(line):
    return re.sub(r"page fault|data fault", "FAULT", re.sub(r"0x[0-9a-f]+|\d+\.\d{6}", "N", line)).rstrip()


def dialogues(page):
    """Of each block of lines that begins at the prompt: [(what is typed, what is printed then)]"""
    for block in re.findall(r"(?:^    .*\n)+", page, re.M):
        lines = [line[4:] for line in block.rstrip().split("\n")]
        if not lines[0].startswith("amber> "):
            continue
        typed = []
        for line in lines:
            if match := re.match(r"(amber> |new code: |code: )(.*)", line):
                typed.append((match[1], match[2], []))
            else:
                typed[-1][2].append(line)
        yield typed


def converse(shell, dialogue, last="amber> "):
    guest, mark = shell.guest, 0
    for number, (prompt, keys, printed) in enumerate(dialogue):
        guest.wait_for(lambda prompt=prompt: guest.text.endswith("\n" + prompt), f"the prompt {prompt!r}")
        mark = len(guest.text)
        shell.send(keys + "\r")
        following = dialogue[number + 1][0] if number + 1 < len(dialogue) else last
        guest.wait_for(lambda: guest.text[mark:].endswith("\n" + following), f"the prompt {following!r} behind {keys!r}")
        said = [line for line in guest.text[mark:].split("\n")[1:-1] if line and line not in ("amber> ", "code: ")]
        assert list(map(shape, said)) == list(map(shape, printed)), guest.explain(f"behind {keys!r}")


def test_the_page(machine, tmp_path):
    """Its commands, its program, what it shows."""
    page, folder = read(PAGE), str(tmp_path / "my")
    done = make("program", "NAME=lock", f"DIR={folder}")
    shown = re.search(r"^    (my/lock/main.c is .*\n)    (then .*\n)", page, re.M)
    assert "make program NAME=lock\n" in page and done.stdout.replace(folder, "my") == shown[1] + shown[2]
    first, second, third = dialogues(page)
    lock, threads = re.findall(r"^```c\n(.*?)^```", page, re.M | re.S)
    with session(machine, extra=("-initrd", build(machine, folder))) as shell:
        converse(shell, first)
    write(os.path.join(folder, "lock", "main.c"), lock)
    write(os.path.join(folder, "sum.c"), threads)
    with session(machine, extra=("-initrd", build(machine, folder))) as shell:
        converse(shell, second)
        killed = re.search(r"thread 'lock' is killed: write to sealed memory 0x\w+, pc (0x\w+)", shell.guest.text)[1]
        converse(shell, third)
        mark = len(shell.guest.text)
        converse(shell, [("amber> ", "lock", []), ("new code: ", "cheat", ["a number, please"])], last="new code: ")
        shell.send("\x03")
        shell.wait_prompt(mark)
        mark = len(shell.guest.text)
        shell.send("trace lock\r")
        shell.guest.wait_for(lambda: shell.guest.text[mark:].endswith("\nnew code: "), "its question")
        shell.send("\x03")
        shell.wait_prompt(mark)
        assert re.search(r"trace: lock/\d+: call\(endpoint 3, info <label \d+, \d+ words>, .*, word1 0x65646f632077656e 'new code'", shell.guest.text)
    elf = os.path.join(machine.folder(), "module", "lock.elf")
    asked = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-ex", f"info line *{killed}", elf], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           text=True, check=True).stdout
    line = re.search(r"^Line (\d+) of \"\S+/lock/main.c\"", asked)[1]
    assert re.search(rf'^    Line {line} of "my/lock/main.c"', page, re.M), asked
    assert "code = 0;" in read(os.path.join(folder, "lock", "main.c")).split("\n")[int(line) - 1]
