"""Read a header line and compare it with the columns that a contract promises.

Here: names, separator, nearest names. Not here: data lines (`hints`, `lines`).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from contracts.model import Column, Dialect, Table
from contracts.raw_table import ReadFinding

HEAD_BYTES = 1 << 16
BOM = b"\xef\xbb\xbf"
TAB = "\t"
SEPARATORS = (";", ",", TAB, "|")
MAX_SHOWN = 200
NEAR = 0.4
STRIPPED = "header_blanks_stripped"


@dataclass(frozen=True)
class Header:
    """A header line as found: names stripped, and where the data start."""

    names: tuple[str, ...]
    line: int
    """1-based line of the header itself."""
    data_start: int
    """Byte where the next line starts."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Where a promised column was found: its position, and the name it has there."""

    column: Column
    position: int
    name: str


def read_header(path: Path, delimiter: str, quote: str) -> Header | None:
    """Return the header: the first line that is not blank; None if there is none."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    start = len(BOM) if head.startswith(BOM) else 0
    number = 1
    while True:
        end = head.find(b"\n", start) + 1 or len(head)
        text = head[start:end].decode("utf-8", "replace").rstrip("\r\n")
        if text.strip():
            break
        if end >= len(head):
            return None
        start, number = end, number + 1
    names = split_line(text, delimiter, quote)
    stripped = tuple(name.strip() for name in names)
    notes = (STRIPPED,) if stripped != tuple(names) else ()
    return Header(stripped, number, end, notes)


def split_line(text: str, delimiter: str, quote: str) -> list[str]:
    """Split one line into cells."""
    if not quote:
        return text.split(delimiter)
    try:
        return next(iter(csv.reader([text], delimiter=delimiter, quotechar=quote)), [])
    except csv.Error:
        return text.split(delimiter)


def sniff_delimiter(path: Path, table: Table, dialect: Dialect) -> tuple[str, Header] | None:
    """Return another separator, and the header it gives, if it explains the header better; else None."""
    promised = read_header(path, dialect.delimiter, dialect.quote)
    best: tuple[tuple[int, int], str, Header] | None = None
    for delimiter in SEPARATORS:
        header = read_header(path, delimiter, dialect.quote)
        if header and (best is None or _score(header, table) > best[0]):
            best = (_score(header, table), delimiter, header)
    if best is None or promised is None or best[0] <= _score(promised, table):
        return None
    return best[1], best[2]


def check_header(header: Header, table: Table) -> tuple[list[ReadFinding], list[Found]]:
    """Compare names with the contract: findings for what is absent, and where the rest was found.

    An absent column that has a near name is counted as found there, so that hints can look at it.
    """
    promised = [column for column in table.columns if column.derived is None]
    exact = [Found(c, header.names.index(c.source), c.source) for c in promised if c.source in header.names]
    missing = [c for c in promised if c.is_expected and c.source not in header.names]
    taken = {found.position for found in exact}
    near = _pair_nearest(missing, [(i, name) for i, name in enumerate(header.names) if i not in taken])
    findings = [_miss(column, near.get(column.name), header, table) for column in missing]
    findings += _find_doubles(header, [found.column for found in exact], table)
    renamed = [found for found in near.values() if found is not None]
    return findings, sorted(exact + renamed, key=lambda found: found.position)


def name_uniquely(names: Sequence[str], table: Table) -> tuple[str, ...]:
    """Give every cell a name of its own for DuckDB, which ignores case; promised names stay as they are."""
    promised = {column.source for column in table.columns}
    taken = {name.casefold() for name in names if name in promised}
    unique, kept = [], set[str]()
    for position, name in enumerate(names, start=1):
        if name in promised and name not in kept:
            kept.add(name)
            unique.append(name)
            continue
        candidate = name or f"column {position}"
        while candidate.casefold() in taken:
            candidate = f"{candidate} ({position})"
        taken.add(candidate.casefold())
        unique.append(candidate)
    return tuple(unique)


def shorten(text: str) -> str:
    """Return a stranger's text fit for one line of a report."""
    clean = "".join(sign if sign.isprintable() else "?" for sign in text)
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 1] + "…"


def _score(header: Header, table: Table) -> tuple[int, int]:
    """Return how many promised names a split finds, spelling aside, then how many cells it gives."""
    found = {_plain(name) for name in header.names}
    return sum(_plain(column.source) in found for column in table.columns), len(header.names)


def _plain(name: str) -> str:
    """Return a name without case, accents and signs."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z0-9]", "", decomposed)


def _pair_nearest(missing: Sequence[Column], free: Sequence[tuple[int, str]]) -> dict[str, Found | None]:
    """Pair absent columns with the unclaimed names most like them, the best pairs first."""
    pairs = sorted(
        ((_likeness(column.source, name), column, i, name) for column in missing for i, name in free),
        key=lambda pair: (-pair[0], pair[2], pair[1].name),
    )
    paired: dict[str, Found | None] = {}
    used: set[int] = set()
    for likeness, column, i, name in pairs:
        if likeness >= NEAR and column.name not in paired and i not in used:
            paired[column.name] = Found(column, i, name)
            used.add(i)
    return paired


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _plain(one), _plain(other)).ratio()


def _miss(column: Column, near: Found | None, header: Header, table: Table) -> ReadFinding:
    name, observed = column.source, shorten(near.name) if near else None
    if near is None:
        detail = f"column {name} is missing; found: {shorten(', '.join(header.names))}"
    elif near.name.casefold() == name.casefold():
        detail = f"column {name} is missing: it is written {observed}, and names must be written as promised"
    else:
        detail = f"column {name} is missing; the nearest name found is {observed}"
    return ReadFinding(
        "missing_column",
        detail,
        table=table.name,
        column=name,
        line=header.line,
        expected=name,
        observed=observed,
    )


def _find_doubles(header: Header, columns: Sequence[Column], table: Table) -> list[ReadFinding]:
    return [
        ReadFinding(
            "not_the_promised_shape",
            f"column {column.source} stands {header.names.count(column.source)} times in the header",
            table=table.name,
            column=column.source,
            line=header.line,
            expected="once",
            observed=f"{header.names.count(column.source)} times",
        )
        for column in columns
        if header.names.count(column.source) > 1
    ]
