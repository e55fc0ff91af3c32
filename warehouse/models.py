"""Computes the warehouse's models and commits those whose rows changed.

Here: the runner. Not here: what a model says (`models/<schema>/<table>.sql`) or how its file is read
(`model_files`). Models are computed outside the write transaction, from Parquet and committed tables:
tables written in the same transaction have cardinality 0, and one join took 71 s for 0.4 s.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import duckdb

from warehouse.lake import Lake
from warehouse.model_files import Model, ModelError, read_models, select_models
from warehouse.quoting import columns, identifier, literal
from warehouse.records import record_pool
from warehouse.state import Stored, digest_file, digest_text, read_fingerprints, read_stored, replace_tables

if TYPE_CHECKING:
    from contracts.pool import Pool

Value = str | int | float | dt.date | dt.datetime | list[str] | None
"""What a DuckDB variable may hold here."""

DEFAULT_SCALES = ["territory", "h3_6", "h3_7", "h3_8", "h3_9"]
_DEFAULT_DAYS = 28


@dataclass(frozen=True)
class ModelResult:
    """What became of one model."""

    name: str
    rows: int
    changed: bool
    """Whether its rows differ from those in the lake (then they were committed)."""
    seconds: float
    """Wall time of computing it; 0 where its inputs had not changed."""
    missing: tuple[str, ...] = ()
    """Tables it reads that the lake has not: it was left out."""


@dataclass
class _Run:
    """One building: its connection, its variables, and what it knows of every table so far."""

    con: duckdb.DuckDBPyConnection
    catalogue: str
    folder: Path
    variables: Mapping[str, Value]
    fingerprints: dict[str, str]
    stored: Mapping[str, Stored]
    tables: set[str] = field(default_factory=set)
    changed: dict[str, Path] = field(default_factory=dict)
    """Parquet of the tables to replace."""
    states: list[Stored] = field(default_factory=list)
    """States to remember."""


def build_models(
    lake: Lake,
    pool: Pool,
    parameters: Mapping[str, Value] | None = None,
    only: Collection[str] | None = None,
    *,
    now: dt.datetime | None = None,
) -> list[ModelResult]:
    """Build the engine's models for `pool`, all or those named in `only` with what they read.

    `now` is the clock where the pool sets none; `parameters` add to or replace the variables of
    `pool_variables`. Raises ModelError (ours).
    """
    record_pool(lake, pool)
    variables = {**pool_variables(lake, pool, now), **(parameters or {})}
    return build(lake, select_models(read_models(), only), variables)


def build(lake: Lake, models: Sequence[Model], variables: Mapping[str, Value]) -> list[ModelResult]:
    """Compute `models` (in dependency order) on one snapshot; commit the changed ones together.

    A model whose SQL, variables and inputs are those of its last computing is not computed again. A
    model that reads a table the lake has not is left out, and so are those that read it.
    """
    with _open_run(lake, variables) as run:
        results = [_build_one(run, model) for model in models]
        replace_tables(lake, run.changed, run.states)
    return results


def pool_variables(lake: Lake, pool: Pool, now: dt.datetime | None = None) -> dict[str, Value]:
    """Return the variables every model may read.

    `timezone`, `territory` (the pool's id), `zone_scales` (coarse to fine), `now` (UTC), and the local
    days `first_day`..`last_day`, inclusive: from the first period promised or loaded to the last whole
    day before the clock, which is the pool's own `now`, else the one given. ValueError without either.
    """
    clock = pool.now or now
    if clock is None:
        raise ValueError(f"pool {pool.id} sets no clock and none was given")
    clock = clock.astimezone(dt.UTC)
    last = clock.astimezone(ZoneInfo(pool.timezone)).date() - dt.timedelta(days=1)
    starts = [c.delivery.starts_on for c in pool.contracts if c.delivery.starts_on]
    first = dt.date.fromisoformat(min(starts)) if starts else _first_loaded_day(lake)
    return {
        "timezone": pool.timezone,
        "territory": pool.id,
        "zone_scales": sorted(pool.zone_scales, key=_fineness) or DEFAULT_SCALES,
        "now": clock,
        "first_day": first or last - dt.timedelta(days=_DEFAULT_DAYS - 1),
        "last_day": last,
    }


def _fineness(scale: str) -> int:
    """Place of a zone scale from coarse to fine: the territory, then H3 by resolution."""
    return -1 if scale == "territory" else int(scale.removeprefix("h3_"))


def set_variables(con: duckdb.DuckDBPyConnection, variables: Mapping[str, Value]) -> None:
    """Set DuckDB variables on one connection, for SQL that reads `getvariable('name')`."""
    for name, value in variables.items():
        con.execute(f"SET VARIABLE {identifier(name)} = ?", [value])


def _first_loaded_day(lake: Lake) -> dt.date | None:
    if not lake.has_table("pool", "load"):
        return None
    row = lake.cursor().execute("SELECT min(period) FROM pool.load").fetchone()
    return row[0] if row else None


@contextmanager
def _open_run(lake: Lake, variables: Mapping[str, Value]) -> Iterator[_Run]:
    """Open a catalogue of views in memory in which models and the lake's tables have the same names."""
    token = uuid.uuid4().hex[:12]
    catalogue, folder = f"build_{token}", lake.location.home.scratch.resolve() / f"models-{token}"
    folder.mkdir(parents=True)
    con = lake.cursor()
    con.execute(f"ATTACH ':memory:' AS {identifier(catalogue)}")
    try:
        con.execute("BEGIN")
        run = _Run(con, catalogue, folder, variables, read_fingerprints(con, lake), read_stored(con, lake))
        _show_lake(run)
        con.execute(f"SET search_path={literal(f'{catalogue}.main,memory.main')}")
        set_variables(con, variables)
        yield run
    finally:
        with suppress(duckdb.Error):
            con.execute("ROLLBACK")
        con.execute("SET search_path='memory.main'")
        con.execute(f"DETACH {identifier(catalogue)}")
        con.close()
        shutil.rmtree(folder, ignore_errors=True)


def _show_lake(run: _Run) -> None:
    query = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY ALL"
    for schema, table in run.con.execute(query).fetchall():
        _show(run, f"{schema}.{table}", f"FROM {identifier('lake', schema, table)}")


def _show(run: _Run, name: str, query: str) -> None:
    schema, _, table = name.partition(".")
    run.con.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(run.catalogue, schema)}")
    run.con.execute(f"CREATE OR REPLACE VIEW {identifier(run.catalogue, schema, table)} AS {query}")
    run.tables.add(name)


def _build_one(run: _Run, model: Model) -> ModelResult:
    absent = [(name, definition) for name, definition in model.optional if name not in run.tables]
    missing = tuple(sorted(model.inputs - run.tables - {name for name, _ in absent}))
    if missing:
        run.tables.discard(model.name)
        return ModelResult(model.name, 0, changed=False, seconds=0, missing=missing)
    before, fingerprint = run.stored.get(model.name), _fingerprint(run, model)
    if before and fingerprint and before.fingerprint == fingerprint and model.name in run.tables:
        run.fingerprints[model.name] = before.digest
        return ModelResult(model.name, before.rows, changed=False, seconds=0)
    started = time.perf_counter()
    with _stand_in(run, absent):
        path, rows = _compute(run, model)
    stored = Stored(model.name, digest_file(path), fingerprint, rows)
    is_changed = before is None or before.digest != stored.digest or model.name not in run.tables
    if is_changed:
        run.changed[model.name] = path
    if stored != before:
        run.states.append(stored)
    _show(run, model.name, f"FROM read_parquet({literal(str(path))})")
    run.fingerprints[model.name] = stored.digest
    return ModelResult(model.name, rows, is_changed, time.perf_counter() - started)


@contextmanager
def _stand_in(run: _Run, absent: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Let a model read empty tables for its optional inputs that the lake has not."""
    targets = {identifier(run.catalogue, *name.split(".")): definition for name, definition in absent}
    for name, _ in absent:
        run.con.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(run.catalogue, name.split('.')[0])}")
    for target, definition in targets.items():
        run.con.execute(f"CREATE TABLE {target} ({definition})")
    yield
    for target in targets:
        run.con.execute(f"DROP TABLE {target}")


def _compute(run: _Run, model: Model) -> tuple[Path, int]:
    """Write a model's rows, sorted by its key, to Parquet; return the path and the number of rows."""
    path, key = run.folder / f"{model.name}.parquet", columns(model.key)
    try:
        run.con.execute(f"""
            COPY (SELECT * FROM ({model.sql}
            ) ORDER BY {key}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)
        """)
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        raise ModelError(f"model {model.name}: {error}") from error
    query = f"SELECT sum(n), count(*) FROM (SELECT count(*) AS n FROM read_parquet(?) GROUP BY {key})"
    rows, distinct = run.con.execute(query, [str(path)]).fetchall()[0]
    rows = rows or 0
    if rows != distinct:
        raise ModelError(f"model {model.name}: {rows} rows but {distinct} keys ({', '.join(model.key)})")
    return path, int(rows)


def _fingerprint(run: _Run, model: Model) -> str:
    """Digest of all that decides a model's rows; empty where an input's own state isn't known."""
    absent = {name for name, _ in model.optional} - run.tables
    inputs = {n: "absent" if n in absent else run.fingerprints.get(n, "") for n in sorted(model.inputs)}
    if not all(inputs.values()):
        return ""
    variables = {name: run.variables.get(name) for name in sorted(model.variables)}
    return digest_text(model.sql, repr(variables), repr(inputs), _engine_digest())


def _engine_digest() -> str:
    """Digest of what every model uses beside its own SQL."""
    macros = Path(__file__).with_name("macros.sql").read_bytes()
    return sha256(macros + duckdb.__version__.encode()).hexdigest()
