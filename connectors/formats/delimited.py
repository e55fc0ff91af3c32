"""Read delimited text: check that the bytes are the promised text, then hand over one parallel scan.

Here: one table of one text file (GTFS files come through here too). Not here: types and rules.
"""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path

from connectors.formats.archive import gunzip
from connectors.formats.header import (
    BOM,
    HEAD_BYTES,
    TAB,
    Header,
    check_header,
    name_uniquely,
    read_header,
    shorten,
    sniff_delimiter,
)
from connectors.formats.hints import find_changed_values
from connectors.formats.lines import Shape, Walk, walk_lines, write_rows
from connectors.formats.sniff import describe_bytes, find_html, is_utf16
from connectors.formats.sql_text import quote_identifier, quote_list, quote_path, quote_text
from contracts.model import Contract, Dialect, Table
from contracts.raw_table import RawTable, ReadFinding, UnreadableError

LINE_ENDS = "mixed_line_ends"
MAX_COLUMNS = 2000
_CONTROL = {chr(code) for code in range(32)} - {"\t"}


def read_delimited(contract: Contract, data: Path, scratch: Path) -> dict[str, RawTable]:
    """Return the delivery's one table; raises UnreadableError."""
    table, dialect = contract.tables[0], contract.server.dialect
    text = data
    if dialect.compression == "gzip":
        text = gunzip(data, scratch / f"{table.name}.unpacked", contract.server.max_bytes)
    return {table.name: read_text(table, dialect, text, scratch)}


def read_text(table: Table, dialect: Dialect, data: Path, scratch: Path) -> RawTable:
    """Return one text file as a table.

    Raises UnreadableError with everything that is wrong at once, and ValueError for a dialect that
    is no dialect (separator and quote are one ASCII sign each).
    """
    if len(dialect.delimiter.encode()) != 1 or len(dialect.quote.encode()) > 1:
        raise ValueError(
            f"{dialect.delimiter!r} and {dialect.quote!r}: separator and quote are one ASCII sign"
        )
    _check_kind(table, dialect, data)
    text = _make_utf8(table, dialect, data, scratch)
    header = read_header(text, dialect.delimiter, dialect.quote)
    if header is None:
        raise UnreadableError(ReadFinding("empty_delivery", "the file is empty", table=table.name))
    _judge_header(table, dialect, text, header)
    shape = Shape(dialect.delimiter, dialect.quote, len(header.names))
    walk = walk_lines(text, header.data_start, header.line + 1, shape)
    _judge_walk(table, dialect, header, walk)
    raw = _describe(table, dialect, text, header, walk)
    if not walk.spans and not walk.is_mixed:
        return raw
    rows = write_rows(text, header.data_start, walk, scratch / f"{table.name}.rows")
    return replace(raw, sql=_select(raw.header, dialect, rows, 0))


def _check_kind(table: Table, dialect: Dialect, data: Path) -> None:
    """Refuse what is not text at all, before words about columns would mislead."""
    with data.open("rb") as file:
        head = file.read(4096)
    finding = find_html(head)
    if not head.strip():
        finding = ReadFinding("empty_delivery", "the file is empty")
    elif finding is None and is_utf16(head) and "16" not in dialect.encoding:
        finding = _wrong_encoding(dialect, "UTF-16", 1)
    elif finding is None and describe_bytes(head) in {"gzip", "PDF", "Parquet", "zip (or an Office file)"}:
        kind = describe_bytes(head)
        finding = ReadFinding(
            "unreadable", f"not plain text but {kind}", expected="plain text", observed=kind
        )
    if finding is not None:
        raise UnreadableError(replace(finding, table=table.name))


def _make_utf8(table: Table, dialect: Dialect, data: Path, scratch: Path) -> Path:
    """Return the file itself if UTF-8 is promised, else a transcoded copy."""
    promised = codecs.lookup(dialect.encoding).name
    if promised in {"utf-8", "ascii", "utf-8-sig"}:
        return data
    with data.open("rb") as file:
        if file.read(len(BOM)) == BOM:
            raise UnreadableError(replace(_wrong_encoding(dialect, "UTF-8", 1), table=table.name))
    target = scratch / f"{table.name}.utf8"
    line = 1
    try:
        with (
            data.open(encoding=promised, newline="") as source,
            target.open("x", encoding="utf-8", newline="") as out,
        ):
            while chunk := source.read(1 << 20):
                line += chunk.count("\n")
                out.write(chunk)
    except UnicodeDecodeError as error:
        finding = replace(_wrong_encoding(dialect, "another encoding", line), table=table.name)
        raise UnreadableError(finding) from error
    return target


def _wrong_encoding(dialect: Dialect, observed: str, line: int) -> ReadFinding:
    return ReadFinding(
        "wrong_encoding",
        f"the text is not {dialect.encoding} but looks like {observed}, from line {line} on",
        line=line,
        expected=dialect.encoding,
        observed=observed,
    )


def _judge_header(table: Table, dialect: Dialect, text: Path, header: Header) -> None:
    """Raise with everything that the header, and then the first lines, say is not as promised."""
    strange = _describe_strange(header)
    if strange:
        raise UnreadableError(_refuse_header(table, dialect, strange))
    findings, found = check_header(header, table)
    if not findings:
        return
    other = sniff_delimiter(text, table, dialect)
    if other is not None:
        delimiter, header = other
        separator = _wrong_separator(table, dialect, delimiter, header)
        dialect = dialect.model_copy(update={"delimiter": delimiter})
        findings, found = check_header(header, table)
        findings.insert(0, separator)
    findings += find_changed_values(text, header, found, dialect, table.name)
    raise UnreadableError(*findings)


def _describe_strange(header: Header) -> str | None:
    """Return what makes a line no header that names could be looked up in."""
    if any(_CONTROL & set(name) for name in header.names):
        return "the header holds control characters: lines may end with CR alone"
    if len(header.names) > MAX_COLUMNS:
        return f"the header has {len(header.names)} columns, {MAX_COLUMNS} are allowed"
    if header.data_start >= HEAD_BYTES:
        return f"the header is longer than {HEAD_BYTES} bytes"
    return None


def _refuse_header(table: Table, dialect: Dialect, detail: str) -> ReadFinding:
    promised = (column.source for column in table.columns if column.derived is None)
    expected = shorten(dialect.delimiter.join(promised))
    return ReadFinding("not_the_promised_shape", detail, table=table.name, line=1, expected=expected)


def _wrong_separator(table: Table, dialect: Dialect, delimiter: str, header: Header) -> ReadFinding:
    expected, observed = ("TAB" if mark == TAB else mark for mark in (dialect.delimiter, delimiter))
    return ReadFinding(
        "wrong_separator",
        f"columns are separated by {observed} and the contract promises {expected}",
        table=table.name,
        line=header.line,
        expected=expected,
        observed=observed,
    )


def _judge_walk(table: Table, dialect: Dialect, header: Header, walk: Walk) -> None:
    """Raise if no line at all is a row, or if the text is in another encoding throughout."""
    if walk.undecodable_line is not None and not walk.has_valid_non_ascii:
        finding = _wrong_encoding(
            Dialect(), walk.legacy_encoding or "another encoding", walk.undecodable_line
        )
        raise UnreadableError(replace(finding, table=table.name))
    if walk.rows == 0 and walk.unread:
        line = walk.unread[0][0]
        expected = shorten(dialect.delimiter.join(header.names))
        detail = f"not one line has the {len(header.names)} columns of the header (first: line {line})"
        raise UnreadableError(
            ReadFinding("not_the_promised_shape", detail, table=table.name, line=line, expected=expected)
        )


def _describe(table: Table, dialect: Dialect, text: Path, header: Header, walk: Walk) -> RawTable:
    names = name_uniquely(header.names, table)
    return RawTable(
        table=table.name,
        sql=_select(names, dialect, text, header.line),
        header=names,
        first_line=header.line + 1,
        unread_lines=tuple(walk.unread),
        notes=header.notes + ((LINE_ENDS,) if walk.is_mixed else ()),
        rows=walk.rows,
        anchors=tuple(walk.anchors),
    )


def _select(names: tuple[str, ...], dialect: Dialect, text: Path, skip: int) -> str:
    """Return the scan: cells get names of ours in the reader and the file's as aliases only."""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(names)))
    aliases = ", ".join(f"c{i} AS {quote_identifier(name)}" for i, name in enumerate(names))
    quote = quote_text(dialect.quote)
    return (
        f"SELECT {aliases} FROM read_csv({quote_path(text)}, auto_detect = false, header = false, "
        f"skip = {skip}, delim = {quote_text(dialect.delimiter)}, quote = {quote}, escape = {quote}, "
        f"nullstr = {quote_list(dialect.null_values)}, compression = 'none', columns = {{{columns}}})"
    )
