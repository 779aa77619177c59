# SPDX-License-Identifier: MIT
"""tests/qemu/terminal.py: what a terminal of 80 columns shows that got these bytes: what the console driver sends, and no more.

A row that is full goes on in the next one when another character comes. Unknown sequences and bytes are an error: a terminal
would do something about them.
"""
import re

COLUMNS, ROWS = 80, 25
BEGUN = re.compile(rb"\x1b(\[\d*)?\Z")
SEQUENCE = re.compile(rb"\x1b\[(\d*)([KCDJH])")


class Terminal:
    def __init__(self, data=b"", skip_events=False):
        """skip_events: as on the display, which @amber lines don't reach."""
        self.clear()
        self.feed(re.sub(rb"(?m)^@amber .*\n", b"", data.replace(b"\r\n", b"\n")) if skip_events else data)

    def clear(self):
        self.cells, self.row, self.column = [[" "] * COLUMNS], 0, 0

    def feed(self, data):
        at = 0
        while at < len(data):
            if data[at] == 0x1B:
                if BEGUN.match(data, at):
                    return  # the rest is still to come
                found = SEQUENCE.match(data, at)
                assert found, f"no sequence of the console driver: {data[at:at + 10]!r}"
                self.obey(found[2].decode(), int(found[1] or 0), found[1])
                at = found.end()
            else:
                self.put(data[at])
                at += 1

    def put(self, byte):
        if byte == 0x0A:
            self.next_row()
        elif byte == 0x0D:
            self.column = 0
        elif byte == 0x08:
            self.column = max(0, min(self.column, COLUMNS - 1) - 1)
        else:
            assert 0x20 <= byte <= 0x7E, f"the byte {byte:#x} is no text"
            if self.column == COLUMNS:
                self.next_row()
            self.cells[self.row][self.column] = chr(byte)
            self.column += 1

    def next_row(self):
        self.row += 1
        self.column = 0
        if self.row == len(self.cells):
            self.cells.append([" "] * COLUMNS)

    def obey(self, letter, number, digits):
        if letter == "K":
            self.cells[self.row][self.column:] = [" "] * (COLUMNS - self.column)
        elif letter == "C":
            self.column = min(self.column + number, COLUMNS - 1)
        elif letter == "D":
            self.column = max(0, self.column - number)
        elif letter == "J":
            assert digits == b"2"
            self.cells = [[" "] * COLUMNS for _ in range(self.row + 1)]
        else:
            self.cells, self.row, self.column = self.cells[-1:], 0, 0

    @property
    def rows(self):
        """All since it was cleared, without blanks at their ends."""
        return ["".join(row).rstrip() for row in self.cells]

    @property
    def line(self):
        """The row with the cursor, and where in it that is."""
        return self.rows[self.row], self.column

    @property
    def screen(self):
        """What fits on the display, and where the cursor is there: (rows, (column, row))."""
        first = max(0, len(self.cells) - ROWS)
        return self.rows[first:] + [""] * (ROWS - len(self.cells) + first), (min(self.column, COLUMNS - 1), self.row - first)
