# SPDX-License-Identifier: MIT
"""tests/qemu/qmp.py: QEMU's machine protocol over a socket, as far as the tests use it."""
import json
import os
import socket
import time


class QmpClosed(AssertionError):
    pass


class Qmp:
    def __init__(self, path):
        deadline = time.monotonic() + 120
        self.folder = os.path.dirname(path)
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                assert time.monotonic() < deadline, "QEMU opened no QMP socket"
                time.sleep(0.02)
        self.socket.settimeout(120)
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.events = []
        self._receive()
        self.execute("qmp_capabilities")

    def _receive(self):
        line = self.stream.readline()
        if not line:
            raise QmpClosed("QEMU closed the QMP socket")
        return json.loads(line)

    def execute(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = self._receive()
            if "return" in answer:
                return answer["return"]
            assert "error" not in answer, f"QMP {command}: {answer['error']}"
            self.events.append(answer)

    def monitor(self, line):
        """A command for people ("info registers"); its text."""
        return self.execute("human-monitor-command", **{"command-line": line})

    def memory(self, address, count):
        """Physical memory, device memory too."""
        path = os.path.join(self.folder, "pmem")
        self.execute("pmemsave", val=address, size=count, filename=path)
        with open(path, "rb") as f:
            return f.read()

    def close(self):
        self.stream.close()
        self.socket.close()
