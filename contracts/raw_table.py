"""A delivery's table as a format reader hands it to the record gate: SQL over untouched text.

Here: the one type between `connectors/formats` and the gates. Not here: reading or judging.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReadFinding:
    """One thing that is wrong with the bytes as a whole, in words its sender can act on."""

    rule: str
    """Catalogue id such as `unreadable`, `wrong_encoding`, `wrong_separator`, `missing_column`."""
    detail: str
    table: str | None = None
    column: str | None = None
    """The column's name in the sender's file, as promised."""
    line: int | None = None
    expected: str | None = None
    observed: str | None = None


class UnreadableError(Exception):
    """The delivery's bytes are not what the contract says: the contributor's family of failure."""

    def __init__(self, *findings: ReadFinding) -> None:
        """Keep every finding: a changed format usually breaks several promises at once."""
        super().__init__("; ".join(f.detail for f in findings))
        self.findings = findings


@dataclass(frozen=True)
class RawTable:
    """One table as text.

    `sql` is a SELECT whose columns are all VARCHAR (null = empty cell), named as in the file
    (blanks around header names stripped), in file order of rows.
    `header` names them. `unread_lines` are lines the reader could not split into cells
    (line number, text): they count as landed and quarantined under rule `malformed_line`.
    `first_line` is the file's 1-based line of row 0, None where lines mean nothing.

    The reader has walked the file before: `unread_lines` is complete, `sql` reads the other
    lines only, gives exactly `rows` rows, and can be scanned any number of times.
    """

    table: str
    sql: str
    header: tuple[str, ...]
    first_line: int | None = 2
    unread_lines: tuple[tuple[int, str], ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    """Repairs made in reading, by catalogue id, such as `header_blanks_stripped`."""
    rows: int | None = None
    """Rows that `sql` gives; staging another number is our fault, never the sender's."""
    anchors: tuple[tuple[int, int], ...] = field(default=())
    """(row position, line) wherever lines stop following rows one by one: after an unread or
    blank line, or a cell of several lines."""

    def line_of(self, position: int) -> int | None:
        """Return the 1-based line where the row of that 0-based position starts, None without lines."""
        if self.first_line is None:
            return None
        index = bisect_right(self.anchors, position, key=lambda anchor: anchor[0]) - 1
        start, line = self.anchors[index] if index >= 0 else (0, self.first_line)
        return line + position - start
