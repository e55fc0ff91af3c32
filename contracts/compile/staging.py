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
from datetime import datetime, timedelta, timezone
from functools import cached_property
from zoneinfo import ZoneInfo

from contracts.compile.arrow import Family, family_of, grammar_of
from contracts.compile.casts import cast_number, with_seconds
from contracts.compile.local_time import local_zone, localised, tells_by_order, told_apart
from contracts.compile.quoting import name, text, texts
from contracts.model import Column, Contract, Table
from contracts.rules.row_rules import compared_columns

SUSPECT = "regie__suspect"
"""Staged flag: the row can fail a check that needs no other row."""
POSITION = "regie__position"
"""Place in the file, counted only where the order of rows tells a repeated hour's copies apart."""
ROW = "regie__row"
"""Row number of a suspect: its position in the staged file."""
KEPT = "__kept"
"""Suffix of the staged column that keeps a cell's text, where no value ever gives it back."""
KEPT_ROW = "regie__kept"
"""Staged JSON list of the other cells' texts, null in the many rows whose values all give them back."""
SENT = "__text"
"""Suffix of a cell's text as sent, wherever rows are judged or quarantined."""
_CAST, _WHOLE, _PLAIN = "__cast", "__whole", "__plain"
MOST_VALUES = 200
SHORTEST_STEP_S = 60
"""A day of shorter steps has too many stamps to list."""


@dataclass(frozen=True)
class Plain:
    """The way most of a column's cells are written, such that the value gives the text back."""

    test: str
    """SQL that is true of such a text; its value is then never null."""
    value: str
    """SQL that gives the value of such a text."""
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
        return tuple(
            c for c in self.columns if family_of(c.physical_type) is not Family.TEXT or _is_closed(c)
        )

    @cached_property
    def plain_columns(self) -> tuple[Column, ...]:
        """Columns most of whose values give their text back."""
        return tuple(c for c in self.columns if _plain(c, self) is not None)

    @property
    def ordered(self) -> bool:
        """Whether some stamp of a series may stand in an hour that comes twice."""
        return any(tells_by_order(c, self.contract, self.period) for c in self.columns)


def staging_sql(layout: Layout, raw_sql: str, suspicion: str) -> str:
    """Return the SELECT of the one scan; its rows are the table's, in file order.

    Columns: each column of the contract, typed; `<column>__kept`, its text, where no value gives it back;
    the list of the row's other texts, where one of its values doesn't; the flag of suspects.
    `suspicion` is a condition over names and `<column>__text`.
    """
    derived = [derived_sql(c) for c in layout.table.columns if c.derived is not None]
    staged = [_staged(c) for c in layout.columns]
    staged += [
        f"{name(c.name + SENT)} AS {name(c.name + KEPT)}"
        for c in layout.typed
        if c not in layout.plain_columns
    ]
    staged += [f"{_kept(layout)} AS {KEPT_ROW}"] if layout.plain_columns else []
    staged += [name(c.name) for c in compared_columns(layout.contract, layout.table)]
    position = [POSITION] if layout.ordered else []
    levels = [
        ", ".join([*(_cell(c, layout) for c in layout.columns), *position]),
        ", ".join(["*", *_cheap_casts(layout)]),
        ", ".join(["*", *_wholes(layout)]),
        ", ".join(["*", *_plain_flags(layout)]),
        ", ".join(["*", *(f"{_value(c, layout)} AS {name(c.name)}" for c in layout.columns)]),
        _with_instants(layout),
        ", ".join(["*", *derived]),
        ", ".join([*staged, f"coalesce({suspicion}, FALSE) AS {SUSPECT}"]),
    ]
    query = f"SELECT *, row_number() OVER () AS {POSITION} FROM ({raw_sql})" if layout.ordered else raw_sql
    for level in levels:
        query = f"SELECT {level}\nFROM ({query})"
    return f"{query}\nORDER BY {POSITION}" if layout.ordered else query


def sent_text(column: Column, layout: Layout) -> str:
    """SQL over a staged row: the cell's text as its sender wrote it."""
    plain = _plain(column, layout)
    if plain is not None:
        kept = f"({KEPT_ROW} ->> {layout.plain_columns.index(column)})"
        return f"CASE WHEN {KEPT_ROW} IS NULL THEN {plain.rebuild} ELSE {kept} END"
    return name(column.name + KEPT) if column in layout.typed else name(column.name)


def derived_sql(column: Column) -> str:
    """SQL of a derived column over the table's typed columns; a value that doesn't fit is null."""
    return f"TRY(CAST(({column.derived}) AS {column.physical_type})) AS {name(column.name)}"


def accepted_columns(table: Table) -> Iterable[str]:
    """Names of accepted columns, in the contract's order."""
    return (name(c.name) for c in table.columns)


def _cell(column: Column, layout: Layout) -> str:
    """One cell's text; null if the file lacks it, or if empty (in plain columns `_kept` sees to that)."""
    cell = name(column.source) if column.source in layout.header else "CAST(NULL AS VARCHAR)"
    if column not in layout.plain_columns:
        cell = f"nullif({cell}, '')"
    return f"{cell} AS {name(column.name + SENT)}"


def _cheap_casts(layout: Layout) -> Iterable[str]:
    for column in layout.typed:
        if _is_plain_number(column, layout):
            yield f"TRY_CAST({name(column.name + SENT)} AS BIGINT) AS {name(column.name + _CAST)}"
        elif _has_plain_stamps(column, layout):
            kind, _ = _stamps(layout) or ("", 0)
            code = f"enum_code(TRY_CAST({name(column.name + SENT)} AS {kind}))"
            yield f"CAST({code} AS BIGINT) AS {name(column.name + _CAST)}"
        elif _is_closed(column):
            kind = f"ENUM({texts(column.valid_values or ())})"
            yield f"TRY_CAST({name(column.name + SENT)} AS {kind}) AS {name(column.name + _CAST)}"


def _wholes(layout: Layout) -> Iterable[str]:
    """Whole numbers written without sign, zeros or blanks: the usual case, and the cheapest to recognise."""
    for column in layout.typed:
        if _is_plain_number(column, layout):
            cast, sent = name(column.name + _CAST), name(column.name + SENT)
            is_plain = f"CAST({cast} AS VARCHAR) = {sent}"
            value = f"TRY_CAST({cast} AS {column.physical_type})"
            yield f"CASE WHEN {is_plain} THEN {value} END AS {name(column.name + _WHOLE)}"


def _plain_flags(layout: Layout) -> Iterable[str]:
    for column in layout.typed:
        if plain := _plain(column, layout):
            yield f"{plain.test} AS {name(column.name + _PLAIN)}"


def _kept(layout: Layout) -> str:
    """All plain columns' texts, if one of them is not what its value gives back."""
    rebuilt = " AND ".join(
        name(c.name + _PLAIN) if c.required else f"({name(c.name + _PLAIN)} OR {name(c.name + SENT)} IS NULL)"
        for c in layout.plain_columns
    )
    sent = ", ".join(f"nullif({name(c.name + SENT)}, '')" for c in layout.plain_columns)
    return f"CASE WHEN {rebuilt} THEN NULL ELSE CAST(to_json([{sent}]) AS VARCHAR) END"


def _staged(column: Column) -> str:
    """A column as it is staged: text of a closed set as its number, which costs a third."""
    if not _is_closed(column):
        return name(column.name)
    return f"{name(column.name + _CAST)} AS {name(column.name)}"


def _value(column: Column, layout: Layout) -> str:
    """The typed value, null where the text breaks the grammar or doesn't fit the type."""
    sent = name(column.name + SENT)
    family = family_of(column.physical_type)
    if family is Family.TEXT:
        return sent
    grammar = grammar_of(column, layout.contract.server.dialect.decimal)
    arms = []
    if plain := _plain(column, layout):
        arms.append(f"WHEN {name(column.name + _PLAIN)} THEN {plain.value}")
    fits = f"regexp_full_match({sent}, {text(grammar)})"
    arms.append(f"WHEN {fits} THEN {_cast(column, with_seconds(column, sent, family), layout)}")
    return f"CASE {' '.join(arms)} END"


def _cast(column: Column, sent: str, layout: Layout) -> str:
    family = family_of(column.physical_type)
    if family in (Family.INTEGER, Family.DECIMAL, Family.DOUBLE):
        return cast_number(column, sent, layout.contract.server.dialect.decimal, family)
    if family is Family.INSTANT:
        instant = _cast_instant(column, sent, layout)
        return instant if local_zone(column, layout.contract) else _shift(instant, column, layout)
    if column.date_format is not None:
        return f"TRY_CAST(try_strptime({sent}, {text(column.date_format)}) AS {column.physical_type})"
    return f"TRY_CAST({sent} AS {column.physical_type})"


def _cast_instant(column: Column, sent: str, layout: Layout) -> str:
    """Instants: with their offset, or local times of the column's zone (the later one of two)."""
    zone, form = local_zone(column, layout.contract), column.date_format
    if zone is None:
        return f"TRY_CAST({sent} AS TIMESTAMPTZ)" if form is None else f"try_strptime({sent}, {text(form)})"
    return localised(
        f"TRY_CAST({sent} AS TIMESTAMP)" if form is None else f"try_strptime({sent}, {text(form)})", zone
    )


def _with_instants(layout: Layout) -> str:
    """All columns, local times made the instants that they name in their place."""
    replaced = []
    for column in layout.columns:
        zone = local_zone(column, layout.contract)
        if zone is not None:
            ordered = tells_by_order(column, layout.contract, layout.period)
            series = _series_of(column, layout) if ordered else None
            instant = told_apart(name(column.name), zone, series, POSITION)
            replaced.append(f"{_shift(instant, column, layout)} AS {name(column.name)}")
    return f"* REPLACE ({', '.join(replaced)})" if replaced else "*"


def _series_of(stamp: Column, layout: Layout) -> list[str]:
    """SQL of the other parts of the key: whose observation a stamp is."""
    parts = [c for c in layout.table.columns if c.primary_key and c.name != stamp.name]
    return [name(c.name + SENT) if c.derived is None else f"({c.derived})" for c in parts]


def _shift(value: str, column: Column, layout: Layout) -> str:
    seconds = step_shift(column, layout.contract)
    return value if seconds == 0 else f"({value}) - to_seconds({seconds})"


def step_shift(column: Column, contract: Contract) -> int:
    """Seconds from the start of an interval to its stamp: key stamps of end-stamped feeds name the end."""
    ends = contract.delivery.stamp == "interval_end" and column.primary_key
    if not ends or family_of(column.physical_type) is not Family.INSTANT:
        return 0
    return contract.delivery.step_s or 0


def _plain(column: Column, layout: Layout) -> Plain | None:
    family = family_of(column.physical_type)
    if _is_closed(column):
        return Plain(f"{name(column.name + _CAST)} IS NOT NULL", name(column.name + SENT), name(column.name))
    if _is_plain_number(column, layout):
        return _plain_whole(column) if family is Family.INTEGER else _plain_decimal(column, layout)
    return _plain_instant(column, layout) if _has_plain_stamps(column, layout) else None


def closed_code(column: Column) -> str | None:
    """SQL in the scan that is null where text isn't in its column's closed set; None without such a set."""
    return name(column.name + _CAST) if _is_closed(column) else None


def _is_closed(column: Column) -> bool:
    """Whether a column of text has few allowed values; DuckDB names no ENUM twice or empty."""
    values = column.valid_values or ()
    is_text = family_of(column.physical_type) is Family.TEXT
    return is_text and 0 < len(values) <= MOST_VALUES and len(set(values)) == len(values) and "" not in values


def _is_plain_number(column: Column, layout: Layout) -> bool:
    families = (Family.INTEGER, Family.DECIMAL)
    as_is = column.scale is None and layout.contract.server.dialect.decimal == "."
    return as_is and family_of(column.physical_type) in families


def _plain_whole(column: Column) -> Plain:
    whole = name(column.name + _WHOLE)
    return Plain(f"{whole} IS NOT NULL", whole, f"CAST({name(column.name)} AS VARCHAR)")


def _plain_decimal(column: Column, layout: Layout) -> Plain:
    """A number as people write it: no sign but minus, no needless zero, no more places than the type."""
    inner = column.physical_type.partition("(")[2].rstrip(") ")
    scale = int(inner.partition(",")[2] or 0)
    whole = _plain_whole(column)
    if scale == 0:
        return whole
    sent = name(column.name + SENT)
    places = rf"-?(0|[1-9][0-9]*)\.[0-9]{{0,{scale - 1}}}[1-9]"
    fits = f"regexp_full_match({sent}, '{places}') AND {_cast(column, sent, layout)} IS NOT NULL"
    return Plain(
        test=f"CASE WHEN {whole.test} THEN TRUE ELSE {fits} END",
        value=f"CASE WHEN {whole.test} THEN {whole.value} ELSE {_cast(column, sent, layout)} END",
        rebuild=f"rtrim(rtrim({whole.rebuild}, '0'), '.')",
    )


def _stamps(layout: Layout) -> tuple[str, int] | None:
    """The day's expected stamps as an ENUM type, and the first one's epoch in microseconds.

    A series of known step has few: looking one up costs a sixth of testing and casting its text.
    """
    step = layout.contract.delivery.step_s
    if layout.period is None or step is None or step < SHORTEST_STEP_S:
        return None
    zone = ZoneInfo(layout.contract.timezone)
    noon = datetime.fromisoformat(f"{layout.period}T12:00:00").replace(tzinfo=zone)
    start = noon.replace(hour=0, tzinfo=timezone(noon.utcoffset() or timedelta(0)))
    stamps = [start + timedelta(seconds=second) for second in range(0, 86_400, step)]
    return f"ENUM({texts(stamp.isoformat() for stamp in stamps)})", int(start.timestamp()) * 1_000_000


def _has_plain_stamps(column: Column, layout: Layout) -> bool:
    is_instant = family_of(column.physical_type) is Family.INSTANT
    return (
        is_instant and column.timezone is None and column.date_format is None and _stamps(layout) is not None
    )


def _plain_instant(column: Column, layout: Layout) -> Plain:
    """A stamp on the step, with the offset that the contract's zone has at noon of the delivery's day."""
    kind, first = _stamps(layout) or ("", 0)
    step = layout.contract.delivery.step_s or 0
    shift = step_shift(column, layout.contract)
    code, value = name(column.name + _CAST), name(column.name)
    start = f"{first} - {shift * 1_000_000} + {code} * {step * 1_000_000}"
    number = f"(epoch_us({value}) + {shift * 1_000_000} - {first}) // {step * 1_000_000}"
    return Plain(
        test=f"{code} IS NOT NULL",
        value=f"make_timestamptz({start})",
        rebuild=f"CAST(enum_range(CAST(NULL AS {kind}))[{number} + 1] AS VARCHAR)",
    )
