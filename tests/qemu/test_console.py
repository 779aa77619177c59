# SPDX-License-Identifier: MIT
"""tests/qemu/test_console.py: the console driver on the serial line of both machines: editing as a terminal shows it, odd bytes, kernel
lines between, a driver that dies. test_keyboard.py has the keyboard and the display, test_prompt.py what people do to a shell.
"""
import random
import re
import struct
from contextlib import contextmanager

import pytest
from runner import LOG_LINE, start
from shell import PROMPT, own_lines, session
from terminal import Terminal
from wound import WOUNDABLE, Victim

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
SEVEN = "sh: 'hello' has ended: exit code 7"
LOST = "console: what the one before has left is of no use: typed text and history are gone"
FAULT = "exit code 1"  # of the second thread; the first one then says so and ends
KEPT_BYTES = 5 * 4096  # CONSOLE_MEMORY_PAGES


def standing(guest, prompt=PROMPT):
    """What stands behind the prompt, and the cursor's place in it."""
    text, column = Terminal(guest.raw[guest.raw.rindex(b"\n") + 1:]).line
    return text[len(prompt):] if text.startswith(prompt.rstrip()) else None, column - len(prompt)


def wait_standing(guest, text, cursor=None, prompt=PROMPT):
    wanted = (text.rstrip(), len(text) if cursor is None else cursor)
    guest.wait_for(lambda: standing(guest, prompt) == wanted, f"line {wanted}")


def id_of(shell, name, thread=0):
    rows = [line.split() for line in own_lines(shell.command("ps"))]
    return [row[0] for row in rows if row[1] == name and row[2] != "ended"][thread]


# --- keys ---------------------------------------------------------------------------------------------------------------


def test_editing(machine):
    """Each key by the sequences that terminals have for it."""
    with session(machine) as shell:
        shell.send("one two three")
        for keys, line, cursor in [
            (LEFT, "one two three", 12), ("\x7f", "one two thre", 11), (DELETE, "one two thr", 11), ("\b", "one two th", 10),
            (HOME, "one two th", 0), ("\x1bOC", "one two th", 1), ("\x04", "oe two th", 1), ("\x1b[4~", "oe two th", 9), ("\x01", "oe two th", 0),
            ("\x1bOF", "oe two th", 9), ("\x17", "oe two ", 7), ("\x02", "oe two ", 6), ("\x06", "oe two ", 7), ("\x1b[1~", "oe two ", 0),
            (RIGHT, "oe two ", 1), ("x", "oxe two ", 2), ("\x0b", "ox", 2), ("\x05", "ox", 2), ("\x15", "", 0), ("clock", "clock", 5),
        ]:
            shell.send(keys)
            wait_standing(shell.guest, line, cursor)
        mark = len(shell.guest.text)
        shell.send("\x03")
        shell.guest.wait_for(lambda: shell.guest.text[mark:] == "^C\n" + PROMPT, "^C and a new prompt")
        wait_standing(shell.guest, "")


def test_history(machine):
    with session(machine) as shell:
        shell.command("clock")
        shell.command("kill 1")
        shell.send("unfin")
        for key, line in [(UP, "kill 1"), (UP, "clock"), (UP, "clock"), (DOWN, "kill 1"), (DOWN, "unfin"), (DOWN, "unfin"), ("\x10", "kill 1"),
                          ("\x0e", "unfin"), ("\x15", "")]:
            shell.send(key)
            wait_standing(shell.guest, line)


def test_tab(machine):
    """One that fits is completed, several are shown; the cursor is behind, and what was typed stays."""
    with session(machine) as shell:
        shell.send("clo\t")
        wait_standing(shell.guest, "clock ")
        shell.send("\x15hel\t")
        shell.guest.wait_line("\nhello help\n")
        wait_standing(shell.guest, "hel")
        shell.send("lo 7 \t")
        shell.says("", SEVEN)


def test_clear(machine):
    """Ctrl-L: the line stands in the first row of an empty screen."""
    with session(machine) as shell:
        shell.send("clo\x0cck")
        shell.guest.wait_for(lambda: b"\x1b[2J" in shell.guest.raw and standing_after_clear(shell.guest) == [PROMPT + "clock"], "the line, alone")
        assert len(own_lines(shell.command(""))) == 1


def standing_after_clear(guest):
    return Terminal(guest.raw[guest.raw.rindex(b"\x1b[2J"):]).rows


def test_a_long_line(machine):
    """A part of it in one row, around the cursor."""
    text = "".join(chr(ord("a") + i // 10) + str(i % 10) for i in range(120))
    with session(machine) as shell:
        shell.send(text)
        shell.guest.wait_for(lambda: (standing(shell.guest)[0] or "").endswith(text[-20:]), "its end")
        shell.send(HOME)
        shell.guest.wait_for(lambda: (standing(shell.guest)[0] or "").startswith(text[:60]), "its begin")
        assert len(standing(shell.guest)[0]) < 80
        shell.says("", f"sh: no such command '{text}' (try help)")


# --- what means nothing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [
    "ä€😀".encode(), b"\x80\x9b\xff\xfe", b"\x00\x07\x11\x13\x1a", b"\x1bx", b"\x1b[99;99z", b"\x1b[200~\x1b[201~", b"\x1bOz", b"\x1b[?25l",
], ids=ascii)
def test_odd_bytes_are_ignored(machine, odd):
    """Bytes above 0x7e, control characters and sequences without a meaning, in one piece and byte by byte: as if they hadn't come."""
    with session(machine) as shell:
        shell.send("he")
        shell.guest.type(odd)
        shell.send("ll")
        wait_standing(shell.guest, "hell")
        for byte in odd:
            shell.guest.type(bytes([byte]))
            shell.guest.settle(0.02)
        shell.send("o 7")
        wait_standing(shell.guest, "hello 7")
        shell.says("", SEVEN)
        assert not any(byte >= 0x80 for byte in shell.guest.raw)


@pytest.mark.parametrize("pieces", [
    ("\x1b", "[D"), ("\x1b[", "D"), ("\x1b", "[", "D"), ("\x1b", "OD"), ("\x1b\x1b[", "D"), ("\x1b[1;", "5D"),
], ids=ascii)
def test_a_sequence_in_pieces(machine, pieces):
    """However late the rest comes: it is one key."""
    with session(machine) as shell:
        for _ in range(2):
            shell.send("hell7")
            wait_standing(shell.guest, "hell7")
            for piece in pieces:
                shell.send(piece)
                shell.guest.settle(0.1)
            wait_standing(shell.guest, "hell7", 4)
            shell.send("o ")
            wait_standing(shell.guest, "hello 7", 6)
            shell.says("", SEVEN)


def test_a_binary_file(machine):
    """Sent by mistake, without a byte that ends a line or a program: nothing happens."""
    with session(machine) as shell:
        for _ in range(20):
            shell.guest.type(bytes(range(0x80, 0x100)) * 40)
            shell.guest.settle(0.05)
        shell.says("hello 7", SEVEN)


# --- kernel lines between -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cpus", [1, 4])
def test_kernel_lines_while_typing(machine, cpus):
    """Programs on all CPUs print lines while a person types: no line is mixed with another, and the typed one arrives whole."""
    typed = "typed" * 5
    with session(machine, extra=("-smp", str(cpus))) as shell:
        mark, first = len(shell.guest.text), len(shell.guest.raw)
        for _ in range(8):
            shell.send("hello 0 " + " ".join(["x" * 8] * 6) + " &\r")
        for character in typed:
            shell.send(character)
            shell.guest.settle(0.01)
        shell.guest.wait_for(lambda: shell.guest.text[mark:].count("hello: it is ") == 8, "all programs' last lines")
        wait_standing(shell.guest, typed)
        assert f"sh: no such command '{typed}' (try help)" in shell.command("")
        for row in Terminal(shell.guest.raw[first:]).rows[1:]:
            assert re.fullmatch(r"\[\d+\.\d{6}\] hello: .*|amber>.*|sh: .*|", row), row
            assert row.count("] hello: ") <= 1 and row.count("amber>") <= 1, row


# --- a driver that dies -----------------------------------------------------------------------------------------------------


def wait_restart(guest, mark, how):
    """One line says so, and it is no part of another one."""
    said = rf"^\[\d+\.\d{{6}}\] supervisor: 'console' has died \({how}\); started again( in \d+ ms)?$"
    guest.wait_for(lambda: re.search(said, guest.text[mark:], re.M), f"restart, {how}")
    assert guest.text[mark:].count("] supervisor: ") == 1, guest.explain("more than one line about it")


@pytest.mark.parametrize("cpus", [1, 4])
def test_typed_ahead_of_a_death(machine, cpus):
    """What was typed behind the `kill`, half a line, is there afterwards and goes on; so are the lines before."""
    with session(machine, extra=("-smp", str(cpus))) as shell:
        guest = shell.guest
        for thread in (0, 1, 1, 0):
            victim = id_of(shell, "console", thread)
            mark = len(guest.text)
            shell.send(f"kill {victim}\rhello 8\x1b[")  # the last key isn't complete
            wait_restart(guest, mark, "killed")
            wait_standing(guest, "hello 8")
            shell.send("D\x7f")
            wait_standing(guest, "hello8", 5)
            shell.send(" " + END + "\x7f7")
            shell.says("", SEVEN)
            for line in ("hello 7", f"kill {victim}", "ps"):
                shell.send(UP)
                wait_standing(guest, line)
            shell.send("\x15")
            wait_standing(guest, "")
        assert LOST not in guest.text


@pytest.mark.parametrize("cpus", [1, 4])
def test_killed_in_the_middle_of_a_line(machine, cpus):
    """By another program (consoletest is its parent there), again and again; the line, its cursor and the history go on."""
    prompt = "test> "
    with start(machine, "init=consoletest", keyboard=True, extra=("-smp", str(cpus))) as guest:
        guest.wait_for(lambda: guest.text.endswith(prompt), "its prompt")
        for number in range(4):
            mark = len(guest.text)
            guest.type(f"restart\rno\tt quit{LEFT * 5}".encode())
            guest.wait_for(lambda m=mark: "the driver has died\n" in guest.text[m:], "its death")
            wait_standing(guest, "noxt quit", 4, prompt)
            guest.type(str(number).encode())
            wait_standing(guest, f"noxt{number} quit", 5, prompt)
            guest.type(f"{END}!\r".encode())
            guest.wait_line(f"read 11: 'noxt{number} quit!'\n{prompt}")
            guest.type((UP + UP).encode())
            wait_standing(guest, "restart", prompt=prompt)
            guest.type(b"\x03")
            guest.wait_line(f"restart^C\ninterrupted\n{prompt}")
        guest.type(b"quit\r")
        guest.wait_end()
        assert guest.one("exit")["status"] == "ok"


@contextmanager
def idle_driver(guest):
    """Stopped between two messages: what it has printed may be there before it is through with the last one."""
    while True:
        with Victim(guest, "console") as victim:
            if not victim.read(victim.member("state", "state", "is_busy"), 1)[0]:
                yield victim
                return
        guest.settle(0.02)


def wound(guest, chance=None):
    """It dies of the next key: where it looks for what it keeps, nothing is mapped. With `chance` all that it keeps is random, too."""
    with idle_driver(guest) as victim:
        kept = victim.pointer("state")
        for page in range(0, KEPT_BYTES if chance else 0, 4096):
            victim.write(kept + page, chance.randbytes(4096))
        victim.write(victim.symbol("state"), struct.pack("<Q", 0x10))


@pytest.mark.parametrize("cpus", [1, 4])
def test_a_death_by_a_fault(machine, cpus):
    """The kernel says what it died of, on a line of its own below what was typed, and the line goes on; also the key that was fatal
    is there, since nobody has taken it from the device."""
    with session(machine, extra=("-smp", str(cpus)), **WOUNDABLE) as shell:
        guest = shell.guest
        shell.says("hello 7", SEVEN)
        for count in range(1, 6):
            wound(guest)
            mark = len(guest.text)
            shell.send("hello"[count - 1])
            wait_restart(guest, mark, FAULT)
            last_words = re.findall(r"^.*\] user: .*$", guest.text[mark:], re.M)
            assert len(last_words) == 1 and LOG_LINE.match(last_words[0]), last_words
            assert re.search(r"user: thread 'console' is killed: (read|write) 0x[0-9a-f]+, pc 0x4[0-9a-f]{5}: (page|data) fault$", last_words[0])
            assert guest.text[mark] == "\n"
            wait_standing(guest, "hello"[:count])
        shell.send(UP)
        wait_standing(guest, "hello 7")
        shell.send(DOWN + " 7")
        shell.says("", SEVEN)
        assert LOST not in guest.text


def test_a_line_that_is_fatal(machine):
    """Its length is nonsense: the driver dies of the next key, and the one behind doesn't use it but begins anew."""
    with session(machine, **WOUNDABLE) as shell:
        guest = shell.guest
        shell.says("hello 7", SEVEN)
        shell.send("unmistakable")
        wait_standing(guest, "unmistakable")
        with idle_driver(guest) as victim:
            kept = victim.pointer("state")
            at = victim.read(kept, KEPT_BYTES).index(b"unmistakable")
            assert victim.read(kept + at - 8, 8) == struct.pack("<2I", 12, 12)
            victim.write(kept + at - 8, struct.pack("<2I", 0xFFFFFFFF, 5))
        mark = len(guest.text)
        shell.send("x")
        wait_restart(guest, mark, FAULT)
        guest.wait_for(lambda: LOST in guest.text[mark:], "its word about that")
        wait_standing(guest, "")
        shell.send(UP)
        shell.says("", [])
        shell.says("hello 7", SEVEN)


def deaths(guest, number=None):
    """How often a driver has died over a message since a line was last shown; the number is written there first."""
    with idle_driver(guest) as victim:
        at = victim.member("state", "state", "deaths")
        if number is not None:
            victim.write(at, struct.pack("<I", number))
        return struct.unpack("<I", victim.read(at, 4))[0]


def test_fatal_twice(machine):
    """Who dies over a message may have died of what is kept. Once is forgiven; twice without a line shown in between is not. What it
    has left in the device is read in any case, though that may not interrupt again."""
    with session(machine, **WOUNDABLE) as shell:
        guest = shell.guest
        shell.send("unfinished")
        wait_standing(guest, "unfinished")
        for before, line in ((0, "unfinished!"), (1, "!")):
            deaths(guest, before)
            with idle_driver(guest) as victim:
                victim.write(victim.symbol("terminal"), struct.pack("<Q", 0x10))
            mark = len(guest.text)
            shell.send("\x05!")
            wait_restart(guest, mark, FAULT)
            wait_standing(guest, line)
            assert deaths(guest) == 0 and (LOST in guest.text) == bool(before)
        shell.says("\x15hello 7", SEVEN)


@pytest.mark.parametrize("seed", range(3))
def test_nonsense(machine, seed):
    """Whatever is in what it keeps: it may die, but then a new one is well."""
    chance = random.Random(seed)
    with session(machine, **WOUNDABLE) as shell:
        guest = shell.guest
        for _ in range(2):
            shell.send("typed")
            wait_standing(guest, "typed")
            wound(guest, chance)
            mark = len(guest.text)
            shell.send(END)
            wait_restart(guest, mark, FAULT)
            guest.wait_for(lambda m=mark: LOST in guest.text[m:], "its word about that")
            wait_standing(guest, "")
            shell.says("hello 7", SEVEN)


def test_ctrl_c_behind_a_death(machine):
    """The line that outlived it can be dropped, and a program be ended, as ever."""
    with session(machine, **WOUNDABLE) as shell:
        guest = shell.guest
        shell.send("unfinished")
        wait_standing(guest, "unfinished")
        wound(guest)
        mark = len(guest.text)
        shell.send("x\x03")
        wait_restart(guest, mark, FAULT)
        guest.wait_for(lambda: "^C\n" + PROMPT in guest.text[mark:], "^C")
        wait_standing(guest, "")
        mark = len(guest.text)
        shell.send("fuzz 1 100000000\r")
        shell.wait_running(mark)
        wound(guest)
        mark = len(guest.text)
        shell.send("x")
        wait_restart(guest, mark, FAULT)
        for _ in range(60):  # the new driver doesn't know yet who wants to hear of it; the shell soon says so again
            shell.send("\x03")
            guest.settle(2)
            if "sh: 'fuzz' has ended: killed" in guest.text[mark:]:
                break
        shell.wait_prompt(mark)
        assert "sh: 'fuzz' has ended: killed" in guest.text[mark:], guest.explain("it goes on")
        shell.says("hello 7", SEVEN)
