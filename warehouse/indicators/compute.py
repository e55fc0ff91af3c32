"""Computes the indicators and commits the value table where it changed.

Here: running each definition's SQL on one snapshot, judging, comparing with what stands. Not here: what an
indicator means (`<id>.yaml`, `<id>.sql`) or what of it may be published (`publishing`).
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import duckdb

from contracts.pool import Pool
from warehouse.indicators.definition_table import write_definitions
from warehouse.indicators.definitions import Definition, read_definitions
from warehouse.indicators.frames import FrameMaker, find_inputs, read_frames
from warehouse.indicators.provenance import code_version, contracts_behind, find_base_tables
from warehouse.indicators.referential import Referential, read_referential
from warehouse.indicators.referential_table import write_referential
from warehouse.lake import Lake
from warehouse.models import Value, pool_variables, set_variables
from warehouse.quoting import columns, literal
from warehouse.state import Stored, digest_file, digest_text, read_fingerprints, read_stored, replace_tables

VALUE, DEFINITION, REFERENTIAL = "indicator.value", "indicator.definition", "indicator.referential"
VALUE_KEY = ("edition", "indicator", "indicator_version", "parameters_hash",
             "zone_scale", "zone", "period_grain", "period_start")  # fmt: skip
_ALWAYS = frozenset({"pool.load", "pool.delivery"})


class IndicatorError(RuntimeError):
    """An indicator's SQL failed: ours, and never a value."""


@dataclass(frozen=True)
class Measured:
    """What became of one indicator."""

    indicator: str
    rows: int
    """Rows of the value table."""
    by_status: Mapping[str, int]
    """Rows by status: ok, partial, estimated, insufficient_data, not_applicable."""
    changed: bool
    """Whether the value table was committed anew in this run."""
    seconds: float
    """Wall time of computing it; 0 where nothing it reads had changed."""
    missing: tuple[str, ...] = ()
    """Tables it reads that the lake has not: it was left out."""


def pool_definitions(pool: Pool) -> tuple[Definition, ...]:
    """Return every definition with the pool's own parameters and the zone scales that the pool has.

    Raises DefinitionError.
    """
    parameters = pool.path / "indicators" / "parameters.yaml"
    found = read_definitions(parameters=parameters if parameters.exists() else None)
    allowed = {*pool.zone_scales, "territory", "feed"}
    return tuple(
        d.model_copy(update={"zone_scales": tuple(s for s in d.zone_scales if s in allowed)}) for d in found
    )


def pool_referential(pool: Pool) -> Referential | None:
    """Read the pool's référentiel and hold it to the definitions in use; None where it has none.

    Raises DefinitionError naming file and key.
    """
    path = pool.path / "indicators" / "referential.yaml"
    return read_referential(path, pool_definitions(pool)) if path.exists() else None


def compute_indicators(lake: Lake, pool: Pool, only: Collection[str] | None = None) -> list[Measured]:
    """Compute all indicators, or those named in `only`, and commit `indicator.value` and `.definition`.

    The pool's référentiel, if it has one, is `indicator.referential`. Build the models first. An indicator
    whose inputs are absent is left out and says so. Where neither definitions, code nor inputs changed
    nothing is computed; where no row changed nothing is committed. Raises DefinitionError, IndicatorError
    (its SQL fails), KeyError (an unknown name in `only`).
    """
    everything = pool_definitions(pool)
    definitions, referential = _select(everything, only), pool_referential(pool)
    with _open_cursor(lake) as con, _open_folder(lake) as folder:
        con.execute("BEGIN")
        run = _Run(lake, pool, con, definitions, referential)
        if only is None and run.is_unchanged():
            return run.recall()
        results = [run.measure(definition) for definition in definitions]
        path, listed = folder / "value.parquet", folder / "definition.parquet"
        run.write_values(path, keep_others=only is not None)
        write_definitions(con, everything, listed)
        written = {VALUE: path, DEFINITION: listed}
        if referential is not None:
            written[REFERENTIAL] = folder / "referential.parquet"
            write_referential(con, referential, written[REFERENTIAL])
        con.execute("ROLLBACK")
        changed = run.commit(written, is_whole=only is None)
    return [Measured(**{**vars(r), "changed": changed}) for r in results]


class _Run:
    """One computing of indicators: its connection, its variables, and what the lake has."""

    def __init__(
        self,
        lake: Lake,
        pool: Pool,
        con: duckdb.DuckDBPyConnection,
        definitions: Sequence[Definition],
        referential: Referential | None,
    ) -> None:
        self.lake, self.pool, self.con, self.definitions = lake, pool, con, definitions
        self.referential = referential
        self.variables = {**pool_variables(lake, pool), **_run_variables(lake, definitions)}
        self.frames = FrameMaker(con)
        self.tables = _list_tables(con)
        self.stored = read_stored(con, lake)
        self.fingerprint = self._fingerprint()
        set_variables(con, self.variables)
        self.frames.make("FROM period", self.variables)
        con.execute(f"CREATE TEMP TABLE fresh AS {_read('value')}")

    def is_unchanged(self) -> bool:
        """Whether all that decides the values is as it was when they were last computed."""
        before = self.stored.get(VALUE)
        return bool(self.fingerprint and before and before.fingerprint == self.fingerprint
                    and VALUE in self.tables)  # fmt: skip

    def measure(self, definition: Definition) -> Measured:
        """Compute one indicator into `fresh`."""
        missing = tuple(sorted((find_inputs(definition.sql) | _ALWAYS) - self.tables))
        if missing:
            return Measured(definition.id, 0, {}, changed=False, seconds=0, missing=missing)
        started = time.perf_counter()
        variables = {**self.variables, **definition_variables(definition)}
        variables["contracts"] = contracts_behind(self.pool, find_base_tables(definition))
        set_variables(self.con, variables)
        try:
            self._insert(definition, variables)
        except duckdb.Error as error:
            raise IndicatorError(f"indicator {definition.id}: {error}") from error
        counts = self._count("fresh", definition.id)
        return Measured(
            definition.id, sum(counts.values()), counts, changed=False, seconds=time.perf_counter() - started
        )

    def _insert(self, definition: Definition, variables: Mapping[str, object]) -> None:
        for sql in (definition.sql, _read("behind")):
            self.frames.make(sql, variables)
        draft_values(self.con, definition)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE behind AS {_read('behind')}")
        self.con.execute(f"INSERT INTO fresh BY NAME {_read('finish')}")

    def recall(self) -> list[Measured]:
        """Return the results of values that stand as they are."""
        counts = {d.id: self._count("lake.indicator.value", d.id) for d in self.definitions}
        return [
            Measured(name, sum(found.values()), found, changed=False, seconds=0)
            for name, found in counts.items()
        ]

    def write_values(self, path: Path, *, keep_others: bool) -> None:
        """Write the whole value table as it will be, sorted by its key, as Parquet."""
        standing = "FROM lake.indicator.value" if VALUE in self.tables else _read("value")
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE previous AS {standing}")
        computed = [definition.id for definition in self.definitions]
        others = (
            "SELECT * FROM previous WHERE NOT list_contains(?, indicator)" if keep_others else _read("value")
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE revised AS {_read('revise')} UNION ALL BY NAME ({others})",
            [computed] if keep_others else [],
        )
        self.con.execute(f"""
            COPY (FROM revised ORDER BY {columns(VALUE_KEY)})
            TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)
        """)

    def commit(self, written: Mapping[str, Path], *, is_whole: bool) -> bool:
        """Replace the tables whose rows changed; whether there were any."""
        states, changed = [], {}
        for name, path in written.items():
            rows = self.con.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall()[0][0]
            fingerprint = self.fingerprint if is_whole and name == VALUE else ""
            state, before = Stored(name, digest_file(path), fingerprint, rows), self.stored.get(name)
            if before is None or before.digest != state.digest or name not in self.tables:
                changed[name] = path
            if state != before:
                states.append(state)
        replace_tables(self.lake, changed, states)
        return bool(changed)

    def _count(self, table: str, indicator: str) -> dict[str, int]:
        query = f"SELECT status, count(*) FROM {table} WHERE indicator = ? GROUP BY status ORDER BY status"
        return dict(self.con.execute(query, [indicator]).fetchall())

    def _fingerprint(self) -> str:
        """Digest of all that decides the values; empty where an input's own state isn't known."""
        known = read_fingerprints(self.con, self.lake)
        wanted = frozenset().union(*(find_inputs(d.sql) for d in self.definitions)) | {"pool.delivery"}
        inputs = {name: known.get(name, "") if name in self.tables else "absent" for name in sorted(wanted)}
        if not all(inputs.values()):
            return ""
        words = [
            d.model_dump_json() + contracts_behind(self.pool, find_base_tables(d)) for d in self.definitions
        ]
        words.append(self.referential.model_dump_json() if self.referential else "")
        scripts = [_read(name) for name in ("value", "draft", "behind", "finish", "revise")]
        variables = {k: v for k, v in sorted(self.variables.items()) if k != "snapshot"}
        frames = [f"{name}: {text}" for name, text in sorted(read_frames().items())]
        return digest_text(*words, *scripts, *frames, repr(variables), repr(inputs))


def draft_values(con: duckdb.DuckDBPyConnection, definition: Definition) -> None:
    """Make the temporary table `draft`: the definition's own numbers, at its scales and grains.

    Variables must be set and frames made before.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE draft AS
        {_read("draft")}
        UNION ALL BY NAME
        (SELECT * FROM ({definition.sql}
        ) AS given WHERE list_contains(?, zone_scale) AND list_contains(?, period_grain))
        """,
        [list(definition.zone_scales), list(definition.period_grains)],
    )


def definition_variables(definition: Definition) -> dict[str, Value]:
    """Return the variables that one definition's SQL and the judging of its values read."""
    fixed: dict[str, Value] = {
        "indicator": definition.id,
        "indicator_version": definition.version,
        "parameters_hash": definition.parameters_hash,
        "unit": definition.unit,
        "min_coverage": definition.min_coverage,
        "protected_unit": definition.protection.unit if definition.protection else None,
        "base_tables": sorted(find_base_tables(definition)),
    }
    return {**fixed, **{name: parameter.value for name, parameter in definition.parameters.items()}}


def _select(definitions: Sequence[Definition], only: Collection[str] | None) -> tuple[Definition, ...]:
    unknown = set(only or ()) - {definition.id for definition in definitions}
    if unknown:
        raise KeyError(f"no such indicator: {', '.join(sorted(unknown))}")
    return tuple(d for d in definitions if only is None or d.id in only)


def _run_variables(lake: Lake, definitions: Sequence[Definition]) -> dict[str, Value]:
    return {
        "scales": sorted({scale for definition in definitions for scale in definition.zone_scales}),
        "code_version": code_version(),
        "snapshot": lake.snapshot(),
    }


def _list_tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    query = "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'lake'"
    return {row[0] for row in con.execute(query).fetchall()}


def _read(name: str) -> str:
    return files("warehouse").joinpath("indicators", f"{name}.sql").read_text(encoding="utf-8").rstrip()


@contextmanager
def _open_cursor(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    con = lake.cursor()
    try:
        yield con
    finally:
        con.close()


@contextmanager
def _open_folder(lake: Lake) -> Iterator[Path]:
    folder = lake.location.home.scratch.resolve() / f"indicators-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
