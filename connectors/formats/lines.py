"""Walk the lines of delimited text before DuckDB reads it, so that no line is ever lost.

DuckDB lets one stray quote swallow the rest of a file, and counts lines by record. This walk finds
every line that is no row, at the cost of a fifteenth of the scan when there is none (blocks are
compared whole; only a damaged block is looked at closer). Not here: header, types, SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connectors.formats.sniff import guess_legacy_encoding

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 1_900_000
"""DuckDB reads records of up to 2,000,000 bytes."""
MAX_CELL_SPAN_BYTES = 1 << 18
"""A quoted cell may hold line ends; one longer than this is a stray quote."""
MAX_KEPT_TEXT = 1000
HOPELESS_LINES = 10_000
_BLANK = {b"\n", b"\r\n"}


@dataclass(frozen=True)
class Shape:
    """How a row must look: its cells, their separator and quote (`""` for none)."""

    delimiter: str
    quote: str
    cells: int


@dataclass
class Walk:
    """What the walk found."""

    rows: int = 0
    line: int = 1
    """Line that comes next."""
    unread: list[tuple[int, str]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Byte ranges that DuckDB must not see: unread lines, and blank ones with stray CRs; in order."""
    anchors: list[tuple[int, int]] = field(default_factory=list)
    undecodable_line: int | None = None
    legacy_encoding: str | None = None
    has_valid_non_ascii: bool = False
    lf: int = 0
    crlf: int = 0
    ends_with_cr: bool = False
    """The last line ends with CR alone."""
    is_unended: bool = False
    """The last line has no end, and was read as if it ended with LF."""

    @property
    def is_mixed(self) -> bool:
        """Whether lines end in more than one way; a last line without end is no other way."""
        return 0 < self.crlf < self.lf - self.is_unended or self.ends_with_cr

    @property
    def is_hopeless(self) -> bool:
        """Whether so many lines and not one row says that the file has another shape."""
        return self.rows == 0 and len(self.unread) >= HOPELESS_LINES


def walk_lines(path: Path, start: int, first_line: int, shape: Shape) -> Walk:
    """Walk the UTF-8 file from byte `start`, whose line number is `first_line`."""
    walker = _Walker(shape, Walk(line=first_line))
    with path.open("rb") as file:
        # DuckDB skips these lines by the same line end that it then expects of the rows.
        head = file.read(start)
    walker.walk.lf, walker.walk.crlf = head.count(b"\n"), head.count(b"\r\n")
    for position, block, is_last in _read_blocks(path, start, walker):
        walker.take(position, block, is_last=is_last)
        if walker.walk.is_hopeless:
            break
    return walker.walk


def write_rows(path: Path, start: int, walk: Walk, target: Path) -> Path:
    """Copy the file from byte `start` without its unread lines, line ends made alike; return `target`."""
    with path.open("rb") as source, target.open("xb") as out:
        source.seek(start)
        position = start
        for span_start, span_end in [*walk.spans, (path.stat().st_size, 0)]:
            while position < span_start:
                # Reading up to a line's end keeps a CRLF whole.
                chunk = source.read(min(BLOCK_BYTES, span_start - position))
                if position + len(chunk) < span_start:
                    chunk += source.readline()
                position += len(chunk)
                out.write(chunk.replace(b"\r\n", b"\n").rstrip(b"\r") if walk.is_mixed else chunk)
            position = source.seek(max(position, span_end))
    return target


def _read_blocks(path: Path, start: int, walker: _Walker) -> Iterator[tuple[int, bytes, bool]]:
    """Give blocks of whole lines with their position; what the walker leaves comes again with more."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        position, held = start, b""
        while chunk := file.read(BLOCK_BYTES):
            held += chunk
            cut = held.rfind(b"\n") + 1
            if not cut and len(held) > MAX_LINE_BYTES:
                position = walker.skip_giant(position, held, file)
                held = b""
                continue
            if cut:
                yield position, held[:cut], False
                position, held = position + walker.taken, held[walker.taken :]
        if held:
            walker.walk.ends_with_cr = held.endswith(b"\r")
            walker.walk.is_unended = not held.endswith((b"\r", b"\n"))
            yield position, held if held.endswith(b"\n") else held + b"\n", True


class _Walker:
    """Goes through blocks and keeps the account."""

    def __init__(self, shape: Shape, walk: Walk) -> None:
        delimiter, quote = shape.delimiter.encode(), shape.quote.encode()
        self.walk = walk
        self.taken = 0
        kept = set(delimiter + quote + b"\n")
        self._others = bytes(byte for byte in range(256) if byte not in kept)
        self._but_quotes = bytes(byte for byte in range(256) if byte not in set(quote + b"\n"))
        self._quote = quote
        self._is_narrow = shape.cells == 1
        self._row = delimiter * (shape.cells - 1) + b"\n"
        self._rows = self._row * (MAX_LINE_BYTES // len(self._row) + 1)
        record = _match_record(delimiter, quote, shape.cells)
        self._record = re.compile(record)
        self._records = re.compile(rb"(?>" + record + rb")*+")

    def take(self, position: int, block: bytes, *, is_last: bool) -> None:
        """Account for a block of whole lines; `taken` says how many bytes are done with."""
        if not block.isascii() and not _is_utf8(block):
            self._take_undecodable(position, block)
            self.taken = len(block)
            return
        self.walk.has_valid_non_ascii |= not block.isascii()
        self.taken = len(block)
        if not self._take_whole(block):
            self.taken = self._take_closely(position, block, is_last=is_last)
            self.walk.lf += block.count(b"\n", 0, self.taken)
        if b"\r" in block:
            self.walk.crlf += block.count(b"\r\n", 0, self.taken)

    def skip_giant(self, position: int, held: bytes, file: object) -> int:
        """Account for a line too long for anything as one unread line; return where the next starts."""
        length = len(held)
        while chunk := file.read(BLOCK_BYTES):  # type: ignore[attr-defined]
            end = chunk.find(b"\n") + 1
            if end:
                file.seek(position + length + end)  # type: ignore[attr-defined]
                length += end
                break
            length += len(chunk)
        self._refuse(position, held[:MAX_KEPT_TEXT], length)
        return position + length

    def _take_whole(self, block: bytes) -> bool:
        """Take a block all of whose lines are plain rows, if it is one."""
        has_cr = b"\r" in block
        if (
            self._is_narrow
            or len(block) > MAX_LINE_BYTES
            or (has_cr and block.count(b"\r") != block.count(b"\r\n"))
        ):
            return False
        marks = block.translate(None, self._others)
        if len(marks) % len(self._row) or not self._rows.startswith(marks):
            return False
        rows = len(marks) // len(self._row)
        self.walk.rows += rows
        self.walk.line += rows
        self.walk.lf += rows
        return True

    def _take_closely(self, position: int, block: bytes, *, is_last: bool) -> int:
        """Take the rows of a block and set the other lines aside; return the bytes done with."""
        at = 0
        while at < len(block):
            end = self._records.match(block, at).end()  # type: ignore[union-attr]
            self._count_records(block, at, end)
            at = end
            if at == len(block):
                break
            stop = block.find(b"\n", at) + 1
            is_open = bool(self._quote) and block.count(self._quote, at, stop) % 2 == 1
            if is_open and not is_last and len(block) - at < MAX_CELL_SPAN_BYTES:
                return at
            self._refuse(position + at, block[at:stop], stop - at)
            at = stop
        return at

    def _count_records(self, block: bytes, start: int, end: int) -> None:
        lines = block.count(b"\n", start, end)
        marks = block[start:end].translate(None, self._but_quotes) if self._quote else b""
        if not self._quote or self._quote not in marks.replace(self._quote * 2, b""):
            self.walk.rows += lines
            self.walk.line += lines
            return
        for record in self._record.finditer(block, start, end):
            self.walk.rows += 1
            lines = record[0].count(b"\n")
            self.walk.line += lines
            if lines > 1:
                self._anchor()

    def _refuse(self, position: int, text: bytes, length: int) -> None:
        """Set one line aside; a blank one is only passed over, as DuckDB does beyond one column."""
        if text.strip(b"\r\n"):
            shown = text[:MAX_KEPT_TEXT].rstrip(b"\r\n").decode("utf-8", "replace")
            self.walk.unread.append((self.walk.line, shown))
        if text not in _BLANK or self._is_narrow:
            self.walk.spans.append((position, position + length))
        self.walk.line += 1
        self._anchor()

    def _anchor(self) -> None:
        anchor = (self.walk.rows, self.walk.line)
        if self.walk.anchors and self.walk.anchors[-1][0] == anchor[0]:
            self.walk.anchors[-1] = anchor
        else:
            self.walk.anchors.append(anchor)

    def _take_undecodable(self, position: int, block: bytes) -> None:
        """Set aside the lines of a block that are not UTF-8, and take the runs between them."""
        run_start = at = 0
        for text in _split_lines(block):
            if not _is_utf8(text):
                self._take_run(position, block, run_start, at)
                if self.walk.undecodable_line is None:
                    self.walk.undecodable_line = self.walk.line
                    self.walk.legacy_encoding = guess_legacy_encoding(text)
                self._refuse(position + at, text, len(text))
                run_start = at + len(text)
            at += len(text)
        self._take_run(position, block, run_start, at)

    def _take_run(self, position: int, block: bytes, start: int, end: int) -> None:
        if start < end:
            self.take(position + start, block[start:end], is_last=True)


def _match_record(delimiter: bytes, quote: bytes, cells: int) -> bytes:
    """Return the pattern of one record, as DuckDB's strict reader takes it."""
    separator, mark = re.escape(delimiter), re.escape(quote)
    # In a file of one column a blank line is no row: nobody could tell it from a line left blank.
    plain = rb"[^" + separator + rb"\r\n]" + (rb"*+" if cells > 1 else rb"++")
    if quote:
        blanks = b"" if delimiter == b" " else b" *+"
        quoted = blanks + rb"%b[^%b]*+(?>%b%b[^%b]*+)*+%b" % ((mark,) * 6) + blanks
        cell = (
            rb"(?>" + quoted + rb"(?=[" + separator + rb"\r\n])|(?!" + blanks + mark + rb")" + plain + rb")"
        )
    else:
        cell = plain
    return cell + rb"(?>" + separator + cell + rb"){%d}\r?\n" % (cells - 1)


def _split_lines(block: bytes) -> list[bytes]:
    return [line + b"\n" for line in block.split(b"\n")[:-1]]


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
