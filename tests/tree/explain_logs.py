# SPDX-License-Identifier: MIT
"""tests/tree/explain_logs.py: logs for the tests of tools/explain: events as the kernel writes them, with what a test changes."""
import json
import os
import subprocess
import sys

from machines import TOP

sys.path.insert(0, os.path.join(TOP, "tools"))
EXPLAIN = os.path.join(TOP, "tools", "explain")

BOOT = {"event": "boot", "arch": "x86_64", "version": "0.1+0123456789ab", "lab": True, "broken": [], "cmdline": "lab=on", "cpus": 1,
        "memory_kib": 130556, "protocol": "pvh", "features": ["SMEP"]}
SEAL = {"event": "seal", "state": "sealed", "start": "0xffffffff80236000", "end": "0xffffffff8023b000", "core_start": "0xffffffff8023b000",
        "core_end": "0xffffffff80247000", "pages": 17, "bytes_used": 67296, "objects": 38, "aliases_sealed": 34, "writable_aliases": 0,
        "wx_pages": 0, "page_table_pages": 28, "page_table_pages_writable": 0, "gate_root": "0x000000000204b000",
        "dry_run_roots": ["0x0000000002055000"], "cpus_probed": 1, "instructions": None}
VIOLATION = {"event": "violation", "seq": 0, "time": 98697, "class": "data", "cpu": 0, "thread": "inject", "syscall": None, "context": "thread",
             "pc": "0xffffffff802003b5", "pc_symbol": "arch_inject_store8+0x0", "addr": "0xffffffff80238010", "symbol": "thing+0x0", "size": 8,
             "size_exact": True, "old": "eda15e0000000000", "new": "adde000000000000", "redundant": False, "count": 1, "kind": "store",
             "initcall": "lab_fill", "chain": "same,ignore", "asked": ["same: the store changes data", "ignore"],
             "backtrace": ["injector+0x2a", "thread_first_run+0xe"], "verdict": "ignore"}
INJECT = {"event": "inject", "n": 0, "target": "thing", "result": "resumed", "after": "eda15e0000000000"}
OOPS = {"event": "oops", "thread": "inject", "reason": "write to sealed memory"}
PANIC = {"event": "panic", "reason": "write to sealed memory: thing", "cpu": 0}
EXIT = {"event": "exit", "status": "ok", "violations": 1, "stores": 1,
        "by_verdict": {"panic": 0, "oops": 0, "unprotect": 0, "ignore": 1, "once": 0}, "unprotected_pages": 0, "instructions": 12345}
ALL = [BOOT, SEAL, VIOLATION, INJECT, OOPS, PANIC, EXIT]


def line(event, **changes):
    return "@amber " + json.dumps({**event, **changes}, separators=(",", ":")) + "\n"


def whole(*events):
    return "".join(line(e) for e in events or ALL)


def run(data, *arguments, file=None):
    """tools/explain on a log from standard input: (status, lines of the report, lines of problems)."""
    data = data.encode() if isinstance(data, str) else data
    done = subprocess.run([EXPLAIN, *arguments, file or "-"], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    problems = done.stderr.decode()
    assert "Traceback" not in problems, problems
    return done.returncode, done.stdout.decode().splitlines(), problems.splitlines()
