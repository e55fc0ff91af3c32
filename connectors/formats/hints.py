"""Look at the first data lines of a file whose format changed, and say what changed in the values.

Here: decimal comma, order of dates, units: only once a file is refused for its header. Not here:
judging rows (the record gate does).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from connectors.formats.header import Found, Header, shorten, split_line
from contracts.model import Column, Dialect, LogicalType
from contracts.raw_table import ReadFinding

LOOKED_AT = 20
_NUMBERS = {LogicalType.NUMBER, LogicalType.INTEGER}
_MOMENTS = {LogicalType.DATE, LogicalType.TIMESTAMP}
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+(?:[.\u00a0\u202f ]\d{3})*,\d+\s*")
_DECIMAL_POINT = re.compile(r"\s*[-+]?\d+(?:,\d{3})*\.\d+\s*")
_SLASHED = re.compile(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:\D.*)?")
_UNIT = re.compile(r"(?<![A-Za-z])(k?VA|[kMG]?Wh?|kg|g|t|m3|hl|l|cm|mm|km|m|s|min|h|degC|°C|%)(?![A-Za-z])")
_ISO = {
    LogicalType.DATE: "2019-06-03 (ISO 8601)",
    LogicalType.TIMESTAMP: "2019-06-03T00:00:00-03:00 (ISO 8601)",
}
_LAST_MONTH = 12


def find_changed_values(
    path: Path, header: Header, found: Sequence[Found], dialect: Dialect, table: str
) -> list[ReadFinding]:
    """Return findings on units (from names) and on decimals and dates (from the first lines).

    `dialect` has the separator that the file really uses.
    """
    rows = _read_first_rows(path, header, dialect)
    findings: list[ReadFinding] = []
    for place in found:
        cells = [(line, row[place.position]) for line, row in rows if place.position < len(row)]
        filled = [(line, cell) for line, cell in cells if cell.strip()]
        findings += filter(None, (_check_unit(place, header), *_check_values(place.column, filled, dialect)))
    return [replace(finding, table=table) for finding in findings]


def _read_first_rows(path: Path, header: Header, dialect: Dialect) -> list[tuple[int, list[str]]]:
    with path.open("rb") as file:
        file.seek(header.data_start)
        texts = [text.decode("utf-8", "replace").rstrip("\r\n") for text in islice(file, LOOKED_AT)]
    numbered = enumerate(texts, start=header.line + 1)
    return [
        (line, split_line(text, dialect.delimiter, dialect.quote)) for line, text in numbered if text.strip()
    ]


def _check_unit(place: Found, header: Header) -> ReadFinding | None:
    """Compare a unit written in the found name with the promised one."""
    promised = place.column.unit
    written = _UNIT.search(place.name) if place.name != place.column.source else None
    if promised is None or written is None or written[1] == promised:
        return None
    return ReadFinding(
        "wrong_unit",
        f"the name {shorten(place.name)} announces {written[1]}, the contract promises {promised}",
        column=place.column.source,
        line=header.line,
        expected=promised,
        observed=written[1],
    )


def _check_values(
    column: Column, cells: Sequence[tuple[int, str]], dialect: Dialect
) -> list[ReadFinding | None]:
    if not cells:
        return []
    if column.logical_type in _NUMBERS:
        return [_check_decimal(column, cells, dialect.decimal)]
    if column.logical_type in _MOMENTS and column.date_format is None:
        return [_check_order(column, cells)]
    return []


def _check_decimal(column: Column, cells: Sequence[tuple[int, str]], decimal: str) -> ReadFinding | None:
    other, name = (_DECIMAL_COMMA, "comma") if decimal == "." else (_DECIMAL_POINT, "point")
    line, cell = next(((line, cell) for line, cell in cells if other.fullmatch(cell)), (0, ""))
    if not cell:
        return None
    return ReadFinding(
        "wrong_decimal_mark",
        f"numbers of {column.source} are written with a decimal {name}, as in {_show(column, cell)}",
        column=column.source,
        line=line,
        expected=_show(column, _write_as(cell, decimal)),
        observed=_show(column, cell),
    )


def _write_as(cell: str, decimal: str) -> str:
    """Return a number written with the other decimal mark as it was promised."""
    if decimal == ".":
        return re.sub(r"[.\s]", "", cell).replace(",", ".")
    return cell.replace(",", "").replace(".", ",").strip()


def _check_order(column: Column, cells: Sequence[tuple[int, str]]) -> ReadFinding | None:
    matches = [(line, cell, match) for line, cell in cells if (match := _SLASHED.fullmatch(cell))]
    if not matches:
        return None
    line, cell, first = matches[0]
    order = _name_order([(int(match[1]), int(match[3])) for _, _, match in matches], first[2])
    return ReadFinding(
        "wrong_date_format",
        f"dates of {column.source} look like {order}, as in {_show(column, cell)}",
        column=column.source,
        line=line,
        expected=_ISO[column.logical_type],
        observed=f"{_show(column, cell)} ({order.partition(' ')[0]})",
    )


def _name_order(pairs: Sequence[tuple[int, int]], sign: str) -> str:
    """Name the order of day and month; a part above 12 is a day, and without one both may be."""
    day_first, month_first = f"dd{sign}mm{sign}yyyy", f"mm{sign}dd{sign}yyyy"
    if any(second > _LAST_MONTH for _, second in pairs):
        return month_first
    if any(first > _LAST_MONTH for first, _ in pairs):
        return day_first
    return f"{day_first} (or {month_first})"


def _show(column: Column, cell: str) -> str:
    """Return a value as sent, or only its shape where the column is personal."""
    return shorten(re.sub(r"\w", "#", cell) if column.classification == "personal" else cell)
