"""A first contract from real files: read, looked at, matched with a standard, written.

Here: the order of steps for each format. Not here: the steps (`sniff`, `observe`, `match`, `columns`,
`compose`). A draft is a proposal: every guess is marked `# to review:`, and everything is closed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb
from duckdb import DuckDBPyConnection

from connectors.formats import read_tables
from connectors.formats.archive import gunzip
from connectors.formats.delimited import read_text
from connectors.landing import period_in_name
from contracts.columns import PERSONAL
from contracts.model import Contract, Dialect, LogicalType, Table, WireFormat
from contracts.parse import read_contract_file
from contracts.raw_table import RawTable, UnreadableError
from contracts.resolve import STANDARDS, custom_path, load_contract
from contracts.shape import value_at
from contracts.write import write_contract
from pipelines.drafting.columns import Entry, matched_column, missing_column, new_column
from pipelines.drafting.compose import Draft, Facts
from pipelines.drafting.match import Match, match_columns
from pipelines.drafting.observe import (
    Observed,
    first_day,
    moment_format,
    names_interval_end,
    observe_columns,
    repeated_rows,
    usual_step_s,
)
from pipelines.drafting.sniff import DraftError, Sniffed, sniff_file

HEAD = """A first contract, drawn from files as they are. Look at every line marked "to review", mend it,
remove the remark; then `regie contract lint` and `regie check`."""
_ANY_STEP = 1800
_ANY_DAY = "2000-01-01"
"""First day of a feed whose files name none, until their stamps do."""
Found = TypeVar("Found")


def draft_contract(
    files: Sequence[Path], standard: str, *, contributor: str, feed: str | None = None, timezone: str = "UTC"
) -> str:
    """Return a contract as YAML that these good files keep, based on a standard (`name` or `name@major`).

    Raises DraftError for files that no contract can be drawn from, ContractError for a name that is none.
    """
    name = standard.partition("@")[0]
    sniffed = _sniff_all(files)
    facts = Facts(
        feed=feed or f"{contributor}-{name}",
        contributor=contributor,
        standard=_with_major(standard),
        location=_location(files[0]),
        sniffed=sniffed,
        timezone=timezone,
    )
    with tempfile.TemporaryDirectory(prefix="regie-draft-") as folder, duckdb.connect() as con:
        con.execute("SET memory_limit = '1GB'")
        con.execute("SET TimeZone = 'UTC'")
        facts = _with_period(facts, files)
        contract = _load(Draft(facts), Path(folder))
        draft = _DRAFTS[sniffed.wire_format](con, facts, contract, files, Path(folder))
        text = write_contract(draft.tree, draft.remarks, head=HEAD)
        _load(draft, Path(folder))
    return text


def _sniff_all(files: Sequence[Path]) -> Sniffed:
    """All files of a feed are written the same way."""
    first = sniff_file(files[0])
    for file in files[1:]:
        if (other := sniff_file(file)) != first:
            raise DraftError(f"{file.name} is written otherwise than {files[0].name}: {other} and {first}")
    return first


def _with_major(standard: str) -> str:
    """Name the standard with its major version, as `basedOn` wants it."""
    if "@" in standard:
        return standard
    known = sorted(p.stem for p in STANDARDS.glob("*.yaml"))
    if standard not in known:
        raise DraftError(f"there is no standard `{standard}`; known: {', '.join(known)}")
    found = re.search(
        r"^version: (\d+)\.", (STANDARDS / f"{standard}.yaml").read_text(encoding="utf-8"), re.M
    )
    return f"{standard}@{found[1] if found else 1}"


def _location(file: Path) -> str:
    day = period_in_name(file.name)
    return "{base}/" + (file.name.replace(day, "{period}") if day else file.name)


def _with_period(facts: Facts, files: Sequence[Path]) -> Facts:
    """A standard whose deliveries come a day at a time wants the day in the file's name."""
    tree = read_contract_file(STANDARDS / f"{facts.standard.partition('@')[0]}.yaml")
    delivery = value_at(tree, custom_path(tree, "delivery"))
    if not isinstance(delivery, dict) or delivery.get("mode") != "periodic":
        return replace(facts, location="{base}/" + files[0].name)
    days = sorted(d for f in files if (d := period_in_name(f.name)))
    location = facts.location
    if not days:
        stem, dot, rest = location.partition(".")
        location = f"{stem}_{{period}}{dot}{rest}"
    return replace(
        facts, period="P1D", starts_on=days[0] if days else _ANY_DAY, step_s=_ANY_STEP, location=location
    )


def _load(draft: Draft, folder: Path) -> Contract:
    """Load what is written so far: a draft must be a contract at every step."""
    path = folder / f"{draft.facts.feed}.yaml"
    path.write_text(write_contract(draft.tree, draft.remarks), encoding="utf-8")
    return load_contract(path)


def _draft_delimited(
    con: DuckDBPyConnection, facts: Facts, contract: Contract, files: Sequence[Path], folder: Path
) -> Draft:
    """Match a file's columns with those of the standard's one table."""
    table, sniffed = contract.tables[0], facts.sniffed
    dialect = Dialect(delimiter=sniffed.delimiter, decimal=sniffed.decimal, encoding=sniffed.encoding)
    blank = Table(name=table.name, source=table.source, columns=())
    raws = []
    for i, file in enumerate(files):
        own = _made(folder / str(i))
        plain = _unpacked(file, sniffed, own, contract.server.max_bytes)
        raws.append(_read(partial(read_text, blank, dialect, plain, own)))
    found = _observe(con, raws, sniffed.decimal)
    pairs = match_columns(tuple(found.values()), table.columns)
    return _compose(con, _with_rows(facts, raws), table, found, pairs)


def _draft_ngsi(
    con: DuckDBPyConnection, facts: Facts, contract: Contract, files: Sequence[Path], folder: Path
) -> Draft:
    """Look at the standard's own paths: names of attributes are the model's."""
    table = contract.tables[0]
    raws = []
    for i, file in enumerate(files):
        read = partial(read_tables, con, contract, file, _made(folder / str(i)))
        raws.append(_read(read)[table.name])
    found = _observe(con, raws, ".")
    pairs = tuple(
        Match(c.source, c.name, 1.0) for c in table.columns if c.source in found and found[c.source].filled
    )
    found = {m.source: found[m.source] for m in pairs}
    return _compose(con, _with_rows(facts, raws), table, found, pairs)


def _draft_gtfs(
    con: DuckDBPyConnection, facts: Facts, contract: Contract, files: Sequence[Path], folder: Path
) -> Draft:
    """GTFS names its files and columns itself: only the zone and the number of trips are the feed's own."""
    tables = _read(partial(read_tables, con, contract, files[0], _made(folder / "gtfs")))
    zone = con.execute(f"SELECT any_value(agency_timezone) FROM ({tables['agency'].sql})").fetchall()[0][0]
    trips = tables["trip"].rows
    return Draft(replace(facts, timezone=zone or facts.timezone, table="trip", fewest_rows=trips))


_DRAFTS = {
    WireFormat.DELIMITED: _draft_delimited,
    WireFormat.NGSI_LD: _draft_ngsi,
    WireFormat.GTFS: _draft_gtfs,
}


def _compose(
    con: DuckDBPyConnection,
    facts: Facts,
    table: Table,
    found: Mapping[str, Observed],
    pairs: Sequence[Match],
) -> Draft:
    """Write the table's columns, and what its keys and stamps tell of the deliveries."""
    by_column = {m.column: m for m in pairs}
    format_of = partial(moment_format, con)
    entries: list[Entry] = []
    for column in table.columns:
        match = by_column.get(column.name)
        if match is not None:
            entries.append(matched_column(column, match, found[match.source], format_of, facts.timezone))
        elif column.is_expected:
            entries.append(missing_column(column))
    taken = {c.name for c in table.columns}
    for one in found.values():
        if one.name not in {m.source for m in pairs}:
            entry = new_column(one, taken, format_of, facts.timezone)
            taken.add(entry.values["name"])
            entries.append(entry)
    key = [by_column[c].source for c in table.key if c in by_column]
    facts = replace(
        facts,
        table=table.name,
        protected_unit=_protected(table),
    )
    draft = Draft(_with_stamps(con, facts, table, by_column))
    draft.add_table(table.name, entries, repeated=repeated_rows(con, key) if key else 0)
    return draft


def _with_rows(facts: Facts, raws: Sequence[RawTable]) -> Facts:
    return replace(facts, fewest_rows=min(raw.rows or 0 for raw in raws))


def _unpacked(file: Path, sniffed: Sniffed, folder: Path, limit: int) -> Path:
    if sniffed.compression is None:
        return file
    return _read(partial(gunzip, file, folder / "unpacked", limit))


def _observe(con: DuckDBPyConnection, raws: Sequence[RawTable], decimal: str) -> dict[str, Observed]:
    names = list(dict.fromkeys(name for raw in raws for name in raw.header))
    source = " UNION ALL BY NAME ".join(f"SELECT * FROM ({raw.sql})" for raw in raws)
    return {one.name: one for one in observe_columns(con, source, names, decimal)}


def _protected(table: Table) -> str | None:
    """The column that names the person to protect, where the standard says that it is personal."""
    return next((c.name for c in table.columns if c.primary_key and c.classification == PERSONAL), None)


def _with_stamps(
    con: DuckDBPyConnection, facts: Facts, table: Table, by_column: Mapping[str, Match]
) -> Facts:
    """Of a feed that comes a period at a time: seconds between observations, which end a stamp names."""
    if facts.period is None:
        return facts
    sources = {c.name: by_column[c.name].source for c in table.columns if c.name in by_column}
    keys = [c for c in table.columns if c.primary_key and c.name in sources]
    moments = [sources[c.name] for c in keys if c.logical_type is LogicalType.TIMESTAMP]
    if not moments:
        return facts
    series = [sources[c.name] for c in keys if c.logical_type is not LogicalType.TIMESTAMP]
    step = usual_step_s(con, moments[0], series) or _ANY_STEP
    is_end = names_interval_end(con, moments[0], facts.timezone)
    first = first_day(con, moments[0], facts.timezone) if facts.starts_on == _ANY_DAY else None
    return replace(
        facts, step_s=step, stamp="interval_end" if is_end else None, starts_on=first or facts.starts_on
    )


def _read(read: Callable[[], Found]) -> Found:
    """Call a reader; what it can't read is told as the author of a contract needs it."""
    try:
        return read()
    except UnreadableError as error:
        words = "; ".join(f.detail for f in error.findings)
        raise DraftError(f"the file does not look like the standard's: {words}") from error


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
