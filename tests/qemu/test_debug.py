# SPDX-License-Identifier: MIT
"""tests/qemu/test_debug.py: `make debug`, its AT=, `make record`, `make replay`, as a user types them (tools/debug.py), and `make ide`."""
import json
import os
import re
import signal
import subprocess
import sys
import time

import pexpect
import pytest
from machines import TOP

SECONDS = 600
INJECT = "lab=on ro_fault=ignore inject=lab_sealed_word:store8:0xdead;lab_sealed_page+8:store4:0xbeef;lab_sealed_page+8:store4:0xbeef"


def command(machine, cmdline):
    """QEMU's, as the Makefile hands it over."""
    return machine.command(cmdline)


def tool(machine, what, folder, *words, cmdline=None, keys="", environment=None):
    """tools/debug.py in a folder of the test's own: another test, or a person, may debug in build/."""
    line = [sys.executable, "tools/debug.py", what, str(folder), *words] + (["--", *command(machine, cmdline)] if cmdline is not None else [])
    done = subprocess.run(line, cwd=TOP, input=keys, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False,
                          env=environment)
    return done.returncode, done.stdout


def with_folder(folder):
    """{process: its command line} of those that have a file of this folder there."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                found[int(pid)] = f.read()
        except OSError:
            continue
    return {pid: line for pid, line in found.items() if f"{folder}/".encode() in line}


def no_qemu_is_left(folder):
    assert not with_folder(folder)


# --- debug ---------------------------------------------------------------------------------------------------

@pytest.mark.usefixtures("make_debug")
def test_make_debug(machine):
    """The target itself, with a session typed into it: gdb, the commands, and a line typed to the guest."""
    keys = "amber ps\nhbreak log_console\ncontinue\ndelete\namber map\namber type poweroff\ncontinue\n"
    done = subprocess.run(["make", "-s", "debug", f"ARCH={machine.name}"], cwd=TOP, input=keys, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=SECONDS, check=False, env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    assert "amber ps: there are no threads yet" in done.stdout
    assert "root space" in done.stdout and "Traceback" not in done.stdout, done.stdout
    with open(os.path.join(TOP, "build", machine.name, "debug.log"), encoding="utf-8", errors="replace") as f:
        log = f.read()
    assert "amber> poweroff" in log and '"event":"exit","status":"ok"' in log, log


def test_what_is_wrong_is_one_line(machine, tmp_path):
    elf = machine.elf()
    no_kernel = tool(machine, "debug", tmp_path, f"{tmp_path}/amber.elf", cmdline="")
    assert no_kernel == (1, f"debug: there is no {tmp_path}/amber.elf: `make` builds it\n")
    no_gdb = tool(machine, "debug", tmp_path, elf, cmdline="", environment=dict(os.environ, PATH=str(tmp_path)))
    assert no_gdb == (1, "debug: gdb-multiarch is not installed: `make setup` installs it\n")
    status, text = tool(machine, "debug", tmp_path, elf, cmdline="\" -nonsense")
    assert status == 0  # the command line is one word: nothing of it is QEMU's
    line = [sys.executable, "tools/debug.py", "debug", str(tmp_path), elf, "--", *command(machine, ""), "-nonsense"]
    done = subprocess.run(line, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=SECONDS,
                          check=False)
    assert done.returncode == 1 and re.fullmatch(r"debug: QEMU doesn't start: .*nonsense.*\n", done.stderr), done.stderr
    assert tool(machine, "console", tmp_path)[1].startswith("console: nobody is at ")
    assert tool(machine, "replay", tmp_path)[1] == f"replay: there is no {tmp_path}/replay.bin: `make record` makes it\n"
    (tmp_path / "replay.bin").write_text("")
    for text in ("{}", "[1]", "nonsense"):
        (tmp_path / "replay.bin.json").write_text(text)
        assert tool(machine, "replay", tmp_path) == (1, f"replay: {tmp_path}/replay.bin.json is damaged: `make record` once more\n")
    (tmp_path / "replay.bin.json").write_text('{"command": ["-kernel", "/nonsense"], "kernel": ""}')
    assert tool(machine, "replay", tmp_path) == (1, "replay: /nonsense: No such file or directory\n")
    no_qemu_is_left(tmp_path)


def one_console(machine, folder):
    """A second one, or `amber type`, would wait unheard behind the first one. When that ends, the line is free."""
    line = [sys.executable, "tools/debug.py", "console", str(folder)]
    gdb = ["-batch", "-ex", f"source {TOP}/tools/gdb/amber.py", "-ex", "amber type x"]
    for text in ("taken", None):
        with subprocess.Popen(line, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert "Ctrl-] ends this" in other.stdout.readline()
            if text:
                assert tool(machine, "console", folder) == (1, f"console: {folder}/console.sock is taken: by another console, or by `amber "
                                                               "type` in gdb\n")
                typed = subprocess.run(["gdb-multiarch", "-nx", "-q", *gdb, machine.elf()], cwd=TOP, stdout=subprocess.PIPE, text=True,
                                       env=dict(os.environ, AMBER_CONSOLE=f"{folder}/console.sock"), check=False).stdout
                assert "amber type: the serial line is taken: type there, where `make console` runs" in typed
            other.communicate("\x1d", timeout=SECONDS)


def test_a_second_debugger_is_refused(machine, tmp_path):
    """And QEMU ends with the first one, however that ends."""
    line = [sys.executable, "tools/debug.py", "debug", str(tmp_path), machine.elf(), "--wait", "--", *command(machine, "")]
    with subprocess.Popen(line, cwd=TOP, stdout=subprocess.PIPE, text=True) as first:
        assert any("waiting for a debugger at " in text for text in first.stdout)
        status, text = tool(machine, "debug", tmp_path, machine.elf(), cmdline="")
        assert status == 1 and text.endswith(f"debug: {tmp_path}/gdb.sock is in use: another debug, record or replay runs in this tree\n")
        one_console(machine, tmp_path)
        first.send_signal(signal.SIGTERM)
        assert first.wait(SECONDS) == 128 + signal.SIGTERM
    no_qemu_is_left(tmp_path)


# --- AT=violation:N --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, place, store", [(0, "lab_sealed_word", "arch_inject_store8"), (2, "lab_sealed_page", "arch_inject_store4")])
def test_at_a_violation(machine, tmp_path, number, place, store):
    """Before the store: its record isn't there yet, the next ones are those of its dry run."""
    keys = f"info symbol $pc\namber map\namber violations\namber walk {place}\nstepi\namber dryrun\namber dryrun\n"
    status, text = tool(machine, "debug", tmp_path, machine.elf(), "--at", f"violation:{number}", cmdline=INJECT, keys=keys)
    assert status == 0 and f"This store is violation {number}: it has not happened yet." in text, text
    assert f"{store} in section .text" in text
    assert "root kernel, table at " in text and f"{number} record{'' if number == 1 else 's'}\n" in text
    assert re.search(rf"before pass A .*: {store}\+0x0: ", text) and "behind pass A: the step changed " in text
    no_qemu_is_left(tmp_path)


@pytest.mark.parametrize("at, cmdline, says", [
    ("violation:3", INJECT, "there is no violation 3 in this run: it has ended after 3 records"),
    ("violation:0", "", "there is no violation 0 before the prompt, only 0 records; AT= is for a run that ends by itself "
                        "(CMDLINE with run=…;poweroff, inject= or test=)"),
    ("violation:x", INJECT, "AT=violation:x: say violation:N, N from 0 as `seq` in the record's event"),
    ("violation:-1", INJECT, "AT=violation:-1: say violation:N, N from 0 as `seq` in the record's event"),
    ("0", INJECT, "AT=0: say violation:N, N from 0 as `seq` in the record's event")])
def test_at_no_violation(machine, tmp_path, at, cmdline, says):
    status, text = tool(machine, "debug", tmp_path, machine.elf(), f"--at={at}", cmdline=cmdline)
    assert status == 1 and text.splitlines()[-1] == f"debug: {says}"
    no_qemu_is_left(tmp_path)


# --- record, replay ----------------------------------------------------------------------------------------------

def recorded(machine, folder, last):
    """A typed session with an error corrected, a command, a write and Ctrl-C; all that stood on the terminal."""
    line = [sys.executable, "tools/debug.py", "record", str(folder), machine.elf(), "--", *command(machine, "lab=on ro_fault=ignore")]
    with open(folder / "typed", "wb") as log:
        session = pexpect.spawn(line[0], line[1:], cwd=TOP, timeout=SECONDS)
        session.logfile_read = log
        session.expect(re.escape("amber> "))
        for keys, then in (("hellp\bo\r", "amber> "), ("lab write lab_sealed_word 7\r", "@amber.*violation.*amber> "),
                           ("pow\x03", r"\^C\r\namber> ")):
            session.send(keys)
            session.expect(then)
        session.send(last)
        session.expect(pexpect.EOF)
        session.close()
    assert session.exitstatus == 0
    text = (folder / "typed").read_bytes()
    return text.split(b"ends it\r\n", 1)[1].rsplit(b"QEMU has ended", 1)[0]


@pytest.mark.parametrize("last", ["poweroff\r", "\x01x"], ids=["poweroff", "quit"])
def test_a_session_is_replayed(machine, tmp_path, last):
    """To the byte, time stamps and all; nothing is typed the second time."""
    session = recorded(machine, tmp_path, last)
    assert b"hello, world" in session and b'"event":"violation"' in session
    for _ in range(2):
        line = [sys.executable, "tools/debug.py", "replay", str(tmp_path)]
        done = subprocess.run(line, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
        assert done.returncode == 0 and done.stdout.split(b"ends it\n", 1)[1] == session
    no_qemu_is_left(tmp_path)


def test_keys_wait_for_a_machine_that_does_not_run(machine, tmp_path):
    """More than its UART holds, while QEMU has no CPU: each reaches the shell, and the recording goes on."""
    line = [sys.executable, "tools/debug.py", "record", str(tmp_path), machine.elf(), "--", *command(machine, "")]
    session = pexpect.spawn(line[0], line[1:], cwd=TOP, timeout=SECONDS)
    session.expect(re.escape("amber> "))
    qemu, = (pid for pid, words in with_folder(tmp_path).items() if words.startswith(machine.qemu.encode()))
    os.kill(qemu, signal.SIGSTOP)
    session.send("hello 7 a line of more than sixteen bytes, typed by somebody in a hurry\r")
    time.sleep(4)  # so long the keys keep coming
    os.kill(qemu, signal.SIGCONT)
    session.expect("exit code 7", timeout=60)
    session.send("poweroff\r")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 0
    no_qemu_is_left(tmp_path)


@pytest.mark.parametrize("what, words, says", [("record", [], "record"), ("debug", ["--at=violation:0"], "debug: AT=violation:0")])
@pytest.mark.parametrize("smp", ["2", "cpus=4,maxcpus=4"])
def test_one_cpu_only(machine, tmp_path, what, words, says, smp):
    """Refused before anything is promised or started; the recording before that stays."""
    (tmp_path / "replay.bin").write_text("before")
    line = [sys.executable, "tools/debug.py", what, str(tmp_path), machine.elf(), *words, "--", *command(machine, INJECT), "-smp", smp]
    done = subprocess.run(line, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (1, f"{says}: one CPU only: QEMU can't record more (leave out SMP=)\n")
    assert os.listdir(tmp_path) == ["replay.bin"] and (tmp_path / "replay.bin").read_text() == "before"


def test_what_qemu_refuses_leaves_the_recording(machine, tmp_path):
    (tmp_path / "replay.bin").write_text("before")
    line = [sys.executable, "tools/debug.py", "record", str(tmp_path), machine.elf(), "--", *command(machine, ""), "-nonsense"]
    done = subprocess.run(line, cwd=TOP, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 1 and re.fullmatch(r"record: QEMU says: .*nonsense.*\n", done.stderr), done.stderr
    assert (tmp_path / "replay.bin").read_text() == "before"
    no_qemu_is_left(tmp_path)


def test_a_replay_under_gdb(machine, tmp_path):
    recorded(machine, tmp_path, "poweroff\r")
    keys = "hbreak machine_exit\ncontinue\namber violations\namber ps\n"
    status, text = tool(machine, "replay", tmp_path, machine.elf(), "--with-gdb", keys=keys)
    assert status == 0 and "1 record\n" in text and re.search(r"\d+  sh +running", text), text
    about = tmp_path / "replay.bin.json"
    about.write_text(about.read_text().replace('"kernel": "', '"kernel": "0'))
    other = tool(machine, "replay", tmp_path)
    assert other == (1, f"replay: {tmp_path}/replay.bin is of another build of the kernel: `make record` once more\n")


# --- ide -----------------------------------------------------------------------------------------------------------

def test_make_ide():
    """Each C file can be parsed with the flags that stand there; the rest is JSON that names what exists."""
    done = subprocess.run([sys.executable, "tools/ide.py"], cwd=TOP, stdout=subprocess.PIPE, text=True, check=True)
    assert "ide: compile_commands.json\n" in done.stdout
    with open(os.path.join(TOP, "compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    listed = subprocess.run("find arch boot kernel mm user tests tools -name '*.c'", shell=True, cwd=TOP, stdout=subprocess.PIPE, text=True,
                            check=True)
    compiled = [file for file in listed.stdout.split() if file != "user/template.c"]  # that one is what `make program` starts from
    assert sorted(entry["file"] for entry in entries) == sorted(compiled)
    for entry in entries:
        assert "-Werror" not in entry["arguments"]  # what is gcc's to judge
        parsed = subprocess.run([*entry["arguments"], "-fsyntax-only", "-w"], cwd=entry["directory"], stderr=subprocess.PIPE, text=True, check=False)
        assert parsed.returncode == 0, f"{entry['file']}: {parsed.stderr}"
    for name in ("tasks.json", "launch.json"):
        with open(os.path.join(TOP, ".vscode", name), encoding="utf-8") as f:
            found = json.load(f)
        for each in found.get("configurations", []):
            assert each["program"].startswith("${workspaceFolder}/build/") and each["preLaunchTask"].startswith("wait for a debugger ")
