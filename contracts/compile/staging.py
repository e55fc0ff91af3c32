"""The one scan: a delivery's text becomes typed columns, in Parquet, in file order.

Here: the SQL that casts, localises, scales and stages, and that gives the sender's text back.
Not here: which rows can fail (`suspects`) or do (`pandera`).

Text is kept beside a value only where the value can't give it back letter by letter: most cells of
a big feed are written one way (`384`, `2019-05-20T00:00:00-03:00`), and keeping those twice would
cost as much as the scan itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.compile.arrow import Family, family_of, grammar_of
from contracts.compile.quoting import name, number, text
from contracts.model import Column, Contract, Table

SUSPECT = "regie__suspect"
"""Staged flag: the row can fail a check that needs no other row."""
ROW = "regie__row"
"""Row number of a suspect: its position in the staged file."""
KEPT = "__kept"
"""Suffix of the staged column that keeps a cell's text."""
SENT = "__text"
"""Suffix of a cell's text as sent, wherever rows are judged or quarantined."""
_PLAIN = "__plain"
_WIDE = "DECIMAL(28,10)"


@dataclass(frozen=True)
class Plain:
    """The way most of a column's cells are written, such that the value gives the text back."""

    test: str
    """SQL that is true of such a text."""
    rebuild: str
    """SQL that gives the text of a value."""


@dataclass(frozen=True)
class Layout:
    """What the scan of one table needs to know of its contract and its delivery."""

    contract: Contract
    table: Table
    header: tuple[str, ...]
    period: str | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that the file holds by contract, whether or not this one has them."""
        return tuple(c for c in self.table.columns if c.derived is None)

    @property
    def typed(self) -> tuple[Column, ...]:
        """Columns whose text is not the value itself."""
        return tuple(c for c in self.columns if family_of(c.physical_type) is not Family.TEXT)

    def plain(self, column: Column) -> Plain | None:
        """Return how the column is usually written, None if its text is always kept."""
        return _plain(column, self)


def staging_sql(layout: Layout, raw_sql: str, suspicion: str) -> str:
    """Return the SELECT of the one scan; its rows are the table's, in file order.

    Columns: each column of the contract, typed; `<column>__kept`, the text where the value can't give it
    back; the flag of suspects. `suspicion` is a condition over names and `<column>__text`.
    """
    derived = [derived_sql(c) for c in layout.table.columns if c.derived is not None]
    staged = [name(c.name) for c in layout.columns]
    staged += [f"{_kept(c, layout)} AS {name(c.name + KEPT)}" for c in layout.typed]
    levels = [
        ", ".join(_cell(c, layout) for c in layout.columns),
        ", ".join(["*", *_plain_flags(layout)]),
        ", ".join(["*", *(f"{_value(c, layout)} AS {name(c.name)}" for c in layout.columns)]),
        ", ".join(["*", *derived]),
        ", ".join([*staged, f"coalesce({suspicion}, FALSE) AS {SUSPECT}"]),
    ]
    query = raw_sql
    for level in levels:
        query = f"SELECT {level}\nFROM ({query})"
    return query


def sent_text(column: Column, layout: Layout) -> str:
    """SQL over a staged row: the cell's text as its sender wrote it."""
    if family_of(column.physical_type) is Family.TEXT:
        return name(column.name)
    plain = _plain(column, layout)
    kept = name(column.name + KEPT)
    return kept if plain is None else f"coalesce({kept}, {plain.rebuild})"


def derived_sql(column: Column) -> str:
    """SQL of a derived column over the table's typed columns; a value that doesn't fit is null."""
    return f"TRY(CAST(({column.derived}) AS {column.physical_type})) AS {name(column.name)}"


def accepted_columns(table: Table) -> Iterable[str]:
    """Names of accepted columns, in the contract's order."""
    return (name(c.name) for c in table.columns)


def _cell(column: Column, layout: Layout) -> str:
    """One cell's text; an empty one is null, and so is one of a column that the file lacks."""
    known = column.source in layout.header
    cell = f"nullif({name(column.source)}, '')" if known else "CAST(NULL AS VARCHAR)"
    return f"{cell} AS {name(column.name + SENT)}"


def _plain_flags(layout: Layout) -> Iterable[str]:
    for column in layout.typed:
        if plain := _plain(column, layout):
            yield f"{plain.test} AS {name(column.name + _PLAIN)}"


def _kept(column: Column, layout: Layout) -> str:
    sent = name(column.name + SENT)
    if _plain(column, layout) is None:
        return sent
    return f"CASE WHEN NOT {name(column.name + _PLAIN)} OR {name(column.name)} IS NULL THEN {sent} END"


def _value(column: Column, layout: Layout) -> str:
    """The typed value, null where the text breaks the grammar or doesn't fit the type."""
    sent = name(column.name + SENT)
    family = family_of(column.physical_type)
    if family is Family.TEXT:
        return sent
    grammar = grammar_of(column, layout.contract.server.dialect.decimal)
    arms = []
    if _plain(column, layout) is not None:
        arms.append(f"WHEN {name(column.name + _PLAIN)} THEN {_cast(column, sent, layout)}")
    fits = f"regexp_full_match({sent}, {text(grammar)})"
    arms.append(f"WHEN {fits} THEN {_cast(column, _with_seconds(column, sent, family), layout)}")
    return f"CASE {' '.join(arms)} END"


def _cast(column: Column, sent: str, layout: Layout) -> str:
    family = family_of(column.physical_type)
    if family in (Family.INTEGER, Family.DECIMAL, Family.DOUBLE):
        return _cast_number(column, sent, layout.contract.server.dialect.decimal, family)
    if family is Family.INSTANT:
        return _shift(_cast_instant(column, sent, layout), column, layout)
    if column.date_format is not None:
        return f"TRY_CAST(try_strptime({sent}, {text(column.date_format)}) AS {column.physical_type})"
    return f"TRY_CAST({sent} AS {column.physical_type})"


def _cast_number(column: Column, sent: str, decimal: str, family: Family) -> str:
    """Numbers: the sender's decimal mark, the sender's unit, and no infinity."""
    kind = column.physical_type
    if decimal != ".":
        sent = f"replace({sent}, {text(decimal)}, '.')"
    if family is Family.DOUBLE:
        factor = "" if column.scale is None else f" * CAST({number(column.scale)} AS DOUBLE)"
        value = f"TRY_CAST({sent} AS {kind}){factor}"
        return f"CASE WHEN isfinite({value}) THEN CAST({value} AS {kind}) END"
    if column.scale is None:
        return f"TRY_CAST({sent} AS {kind})"
    return f"TRY(CAST(TRY_CAST({sent} AS {_WIDE}) * {number(column.scale)} AS {kind}))"


def _cast_instant(column: Column, sent: str, layout: Layout) -> str:
    """Instants: with their offset, or local times of the column's zone."""
    has_offset = column.date_format is not None and "%z" in column.date_format
    if column.timezone is None and (column.date_format is None or has_offset):
        if column.date_format is None:
            return f"TRY_CAST({sent} AS TIMESTAMPTZ)"
        return f"try_strptime({sent}, {text(column.date_format)})"
    zone = text(column.timezone or layout.contract.timezone)
    if column.date_format is not None:
        return f"timezone({zone}, try_strptime({sent}, {text(column.date_format)}))"
    return f"timezone({zone}, TRY_CAST({sent} AS TIMESTAMP))"


def _shift(value: str, column: Column, layout: Layout) -> str:
    seconds = step_shift(column, layout.contract)
    return value if seconds == 0 else f"{value} - to_seconds({seconds})"


def step_shift(column: Column, contract: Contract) -> int:
    """Seconds from the start of an interval to its stamp: key stamps of end-stamped feeds name the end."""
    ends = contract.delivery.stamp == "interval_end" and column.primary_key
    if not ends or family_of(column.physical_type) is not Family.INSTANT:
        return 0
    return contract.delivery.step_s or 0


def _with_seconds(column: Column, sent: str, family: Family) -> str:
    """A time to the minute is right by ISO 8601; DuckDB wants the seconds."""
    if column.date_format is not None or family not in (Family.TIMESTAMP, Family.INSTANT, Family.TIME):
        return sent
    day = "" if family is Family.TIME else "[^T ]+[T ]"
    return f"regexp_replace({sent}, '^({day}[0-9]{{2}}:[0-9]{{2}})(Z|[+-].*)?$', '\\1:00\\2')"


def _plain(column: Column, layout: Layout) -> Plain | None:
    family = family_of(column.physical_type)
    sent, value = name(column.name + SENT), name(column.name)
    if column.scale is not None or layout.contract.server.dialect.decimal != ".":
        return None
    if family is Family.INTEGER:
        return Plain(_is_whole(sent), f"CAST({value} AS VARCHAR)")
    if family is Family.DECIMAL:
        return _plain_decimal(column, sent, value)
    if family is Family.INSTANT and column.timezone is None and column.date_format is None:
        return _plain_instant(layout, step_shift(column, layout.contract), sent, value)
    return None


def _plain_decimal(column: Column, sent: str, value: str) -> Plain:
    """A number as people write it: no sign but minus, no needless zero, no more places than the type."""
    inner = column.physical_type.partition("(")[2].rstrip(") ")
    scale = int(inner.partition(",")[2] or 0)
    if scale == 0:
        return Plain(_is_whole(sent), f"CAST({value} AS VARCHAR)")
    places = rf"-?(0|[1-9][0-9]*)\.[0-9]{{0,{scale - 1}}}[1-9]"
    # Whole numbers are the usual case, and half as dear to recognise.
    test = f"CASE WHEN {_is_whole(sent)} THEN TRUE ELSE regexp_full_match({sent}, '{places}') END"
    return Plain(test, f"rtrim(rtrim(CAST({value} AS VARCHAR), '0'), '.')")


def _is_whole(sent: str) -> str:
    return f"CAST(TRY_CAST({sent} AS BIGINT) AS VARCHAR) = {sent}"


def _plain_instant(layout: Layout, shift: int, sent: str, value: str) -> Plain | None:
    """A stamp of the delivery's day, to the second, with the offset that the contract's zone has then."""
    if layout.period is None:
        return None
    noon = datetime.fromisoformat(f"{layout.period}T12:00:00").replace(
        tzinfo=ZoneInfo(layout.contract.timezone)
    )
    minutes = int((noon.utcoffset() or timedelta(0)).total_seconds()) // 60
    sign, (hours, rest) = ("-" if minutes < 0 else "+"), divmod(abs(minutes), 60)
    suffix = f"{sign}{hours:02d}:{rest:02d}"
    # These cost a third of what the grammar does; the cast refuses what they let through.
    test = (
        f"{sent} LIKE '____-__-__T__:__:__{suffix}'"
        f" AND {sent} >= '{layout.period}T0' AND {sent} < '{layout.period}T24'"
    )
    local = f"timezone('UTC', {value}) + to_seconds({minutes * 60 + shift})"
    return Plain(test, f"strftime({local}, '%Y-%m-%dT%H:%M:%S') || '{suffix}'")
