"""The lake: one DuckDB instance per process with the DuckLake attached once as `lake`.

Here: opening, cursors, the write wrapper, snapshots. Not here: what is written (`load`, `records`,
`models`) or upkeep (`maintenance`).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import duckdb

from contracts.layout import Home
from warehouse.extensions import load_extensions
from warehouse.functions import register_functions
from warehouse.lock import LOCK_DATABASE, hold_advisory_lock, hold_file_lock
from warehouse.quoting import identifier, literal, literals

T = TypeVar("T")

SCHEMAS = ("energy", "waste", "mobility", "territory", "pool", "indicator")
_POSTGRES = "ducklake:postgres:"
_RETRIED = ("database is locked", "conflict", "could not serialize", "deadlock detected", "sqlite_busy")
_ATTEMPTS = 12


class LakeMissingError(FileNotFoundError):
    """A reader asked for a lake that no writer has made yet."""


class LakeSettingError(ValueError):
    """The warehouse setting is not one this engine knows."""


@dataclass(frozen=True)
class Location:
    """Where a lake's catalogue and data are."""

    home: Home
    postgres: str | None
    """libpq connection string of the catalogue; None for the embedded SQLite one."""
    data: str

    @property
    def catalogue(self) -> Path:
        """The embedded catalogue's file."""
        return self.home.warehouse.resolve() / "catalog.sqlite"

    @property
    def lock(self) -> Path:
        """The file whose lock writers of the embedded lake hold."""
        return self.home.warehouse.resolve() / "writer.lock"


def locate(home: Home, setting: str | None = None, data: str | None = None) -> Location:
    """Read the setting `REGIE_WAREHOUSE`: None or empty is embedded, else `ducklake:postgres:<libpq>`.

    `data` is the folder of the lake's Parquet, by default `warehouse/data`
    under the home. Raises LakeSettingError.
    """
    if setting and not setting.startswith(_POSTGRES):
        raise LakeSettingError(f"warehouse setting must start with {_POSTGRES!r}: {setting.split(' ')[0]!r}")
    folder = data or str(home.warehouse.resolve() / "data")
    return Location(home, setting.removeprefix(_POSTGRES) if setting else None, folder.rstrip("/") + "/")


class Lake:
    """An open lake. Use as a context manager; one per process, a `cursor()` per task or thread."""

    def __init__(self, con: duckdb.DuckDBPyConnection, location: Location, *, read_only: bool) -> None:
        self._con = con
        self.location = location
        self.read_only = read_only

    @classmethod
    def open(
        cls,
        home: Home,
        setting: str | None = None,
        *,
        data: str | None = None,
        read_only: bool = False,
        memory_limit: str = "1GB",
        threads: int | None = None,
        extensions: Sequence[str] = (),
        folders: Sequence[Path] = (),
    ) -> Self:
        """Open the lake of `home`, making it if this is its first writer.

        `extensions` are loaded beside the lake's own (`spatial`). SQL reaches files below `home`, the
        lake's data and `folders` only. Raises LakeMissingError (reader before the first writer),
        LakeSettingError, MissingExtensionError.
        """
        location = locate(home, setting, data)
        _make_folders(location, read_only=read_only)
        con = _connect(location, memory_limit, threads or min(os.cpu_count() or 1, 4), tuple(extensions))
        lake = cls(con, location, read_only=read_only)
        lake._attach()
        _confine(con, location, folders)
        register_functions(con)
        if not read_only:
            lake._make_schemas()
        return lake

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new connection to the instance; `energy.reading` names the lake's table.

        Times come out in UTC. Close it when the task is done. Not to be shared between threads.
        """
        con = self._con.cursor()
        con.execute("SET TimeZone='UTC'; SET search_path='lake.main,memory.main'")
        return con

    def write(self, fn: Callable[[duckdb.DuckDBPyConnection], T], message: str = "") -> T:
        """Run `fn` in one transaction under the lake's lock, whole and again on a conflict; its result.

        Keep `fn` short and free of effects but its SQL: prepare Parquet beforehand, and compute
        nothing from tables written in the same transaction (their cardinality is 0). `message` says in
        `ducklake_snapshots('lake')` what the snapshot is.
        """
        if self.read_only:
            raise PermissionError("this lake is open for reading only")
        for attempt in range(_ATTEMPTS):
            try:
                with self._lock():
                    return self._transact(fn, message)
            except duckdb.Error as error:
                if attempt == _ATTEMPTS - 1 or not _is_retried(error):
                    raise
                time.sleep(random.uniform(0.01, 0.05) * 2 ** min(attempt, 5))  # noqa: S311 jitter, no secret
        raise AssertionError("unreachable")

    def snapshot(self) -> int:
        """Return the id of the newest snapshot."""
        row = self._con.cursor().execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
        return int(row[0]) if row else 0

    def has_table(self, schema: str, table: str) -> bool:
        """Whether the lake holds that table."""
        query = """
            SELECT 1 FROM duckdb_tables()
            WHERE database_name = 'lake' AND schema_name = ? AND table_name = ?
        """
        return self._con.cursor().execute(query, [schema, table]).fetchone() is not None

    def close(self) -> None:
        """Close the instance; cursors of it are of no use afterwards."""
        with suppress(duckdb.Error):
            self._con.execute("USE memory")
            self._con.execute("DETACH lake")
        self._con.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def lock(self) -> AbstractContextManager[None]:
        """Return the lake's writer lock, for upkeep that is not a transaction (`maintenance`)."""
        return self._lock()

    def _lock(self) -> AbstractContextManager[None]:
        if self.location.postgres is None:
            return hold_file_lock(self.location.lock)
        return hold_advisory_lock(self._con.cursor())

    def _transact(self, fn: Callable[[duckdb.DuckDBPyConnection], T], message: str) -> T:
        con = self.cursor()
        try:
            con.execute("BEGIN")
            result = fn(con)
            if message:
                con.execute("CALL ducklake_set_commit_message('lake', 'regie', ?)", [message])
            con.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                con.execute("ROLLBACK")
            raise
        finally:
            con.close()
        return result

    def _attach(self) -> None:
        statement = _attach_statement(self.location, read_only=self.read_only)
        if self.location.postgres is not None and not self.read_only:
            target = literal(self.location.postgres)
            self._con.execute(f"ATTACH {target} AS {identifier(LOCK_DATABASE)} (TYPE postgres)")
        is_new = self.location.postgres is not None or not self.location.catalogue.exists()
        if is_new and not self.read_only:
            with self._lock():
                self._con.execute(statement)
            return
        self._attach_patiently(statement)

    def _attach_patiently(self, statement: str) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                self._con.execute(statement)
                return
            except duckdb.Error as error:
                if attempt == _ATTEMPTS - 1 or not _is_retried(error):
                    raise
                time.sleep(random.uniform(0.05, 0.2))  # noqa: S311 jitter, no secret

    def _make_schemas(self) -> None:
        query = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake'"
        present = {row[0] for row in self._con.cursor().execute(query).fetchall()}
        missing = [schema for schema in SCHEMAS if schema not in present]
        if missing:
            statements = "; ".join(f"CREATE SCHEMA IF NOT EXISTS {identifier('lake', s)}" for s in missing)
            self.write(lambda con: con.execute(statements), "make schemas")


def _make_folders(location: Location, *, read_only: bool) -> None:
    if read_only:
        if location.postgres is None and not location.catalogue.exists():
            raise LakeMissingError(f"no lake yet at {location.catalogue}: run the pool once first")
        return
    location.home.scratch.mkdir(parents=True, exist_ok=True)
    location.home.warehouse.mkdir(parents=True, exist_ok=True)
    if "://" not in location.data:
        Path(location.data).mkdir(parents=True, exist_ok=True)


def _connect(
    location: Location, memory_limit: str, threads: int, extensions: tuple[str, ...]
) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": memory_limit,
            "threads": str(threads),
            "temp_directory": str(location.home.scratch.resolve() / "duckdb"),
        },
    )
    catalogue = "sqlite_scanner" if location.postgres is None else "postgres_scanner"
    load_extensions(con, ("ducklake", catalogue, *extensions))
    con.execute("SET TimeZone='UTC'")
    return con


def _attach_statement(location: Location, *, read_only: bool) -> str:
    options = [f"DATA_PATH {literal(location.data)}", "OVERRIDE_DATA_PATH true", "DATA_INLINING_ROW_LIMIT 0"]
    if location.postgres is None:
        target = f"ducklake:sqlite:{location.catalogue}"
        options += ["META_JOURNAL_MODE 'WAL'", "META_BUSY_TIMEOUT 5000"]
    else:
        target = _POSTGRES + location.postgres
    if read_only:
        options.append("READ_ONLY")
    return f"ATTACH {literal(target)} AS lake ({', '.join(options)})"


def _confine(con: duckdb.DuckDBPyConnection, location: Location, folders: Sequence[Path]) -> None:
    """Leave SQL the home, the lake's data and `folders`: a model or a pool's SQL reads nothing else."""
    allowed = [str(location.home.root.resolve()) + "/", location.data]
    allowed += [str(folder.resolve()) + "/" for folder in folders]
    con.execute(f"SET allowed_directories={literals(allowed)}")
    con.execute("SET enable_external_access=false")


def _is_retried(error: duckdb.Error) -> bool:
    text = str(error).lower()
    return any(mark in text for mark in _RETRIED)
