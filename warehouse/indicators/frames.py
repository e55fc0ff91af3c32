"""Frames: small temporary tables that several indicators share, made once per set of parameters.

Here: which frames a query needs, and making them on one connection. Not here: what a frame says
(`frame/<name>.sql`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from warehouse.quoting import identifier

_VARIABLE = re.compile(r"getvariable\('([a-z_]+)'\)")


@cache
def read_frames() -> Mapping[str, str]:
    """Return name -> SELECT of every frame."""
    folder = Path(str(files("warehouse").joinpath("indicators", "frame")))
    return {path.stem: path.read_text(encoding="utf-8").rstrip().rstrip(";") for path in folder.glob("*.sql")}


@cache
def find_frames(sql: str) -> tuple[str, ...]:
    """Return the frames that a query reads, themselves or through others, each after those it reads."""
    found: list[str] = []
    for name in sorted(_tables(sql) & read_frames().keys()):
        found += [other for other in (*find_frames(read_frames()[name]), name) if other not in found]
    return tuple(found)


@cache
def find_inputs(sql: str) -> frozenset[str]:
    """Return the `schema.table` of the lake that a query reads, itself or through frames."""
    texts = [sql, *(read_frames()[name] for name in find_frames(sql))]
    return frozenset(name for text in texts for name in _tables(text) if "." in name)


@cache
def find_variables(sql: str) -> frozenset[str]:
    """Return the names of the variables that a query reads, itself or through frames."""
    texts = [sql, *(read_frames()[name] for name in find_frames(sql))]
    return frozenset(name for text in texts for name in _VARIABLE.findall(text))


class FrameMaker:
    """Makes frames on one connection, and again only where a variable they read has another value."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._made: dict[str, str] = {}

    def make(self, sql: str, variables: Mapping[str, object]) -> None:
        """Make every frame that `sql` reads; the variables must be set on the connection already."""
        for name in find_frames(sql):
            text = read_frames()[name]
            state = repr([(v, variables.get(v)) for v in sorted(find_variables(text))])
            if self._made.get(name) != state:
                self._con.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} AS {text}")
                self._made[name] = state


@cache
def _tables(sql: str) -> frozenset[str]:
    """Return the tables that one query names: `schema.table`, or a bare name."""
    import sqlglot
    from sqlglot import exp

    tables = sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Table)
    return frozenset(f"{table.db}.{table.name}" if table.db else table.name for table in tables)
