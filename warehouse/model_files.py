"""The warehouse's models as files: one SELECT a table, its header read, its dependencies found.

Here: reading and ordering. Not here: computing (`models`). A file is `models/<schema>/<table>.sql` and
opens with comment lines `-- key: a, b` (unique, gives the order of rows), grain, units, source. A line
`-- optional: schema.table (a VARCHAR, b DOUBLE)` stands an empty table in where the lake has none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_KEY = re.compile(r"^-- key: *(.+)$", re.MULTILINE)
_OPTIONAL = re.compile(r"^-- optional: (\w+\.\w+) \((.+)\)$", re.MULTILINE)
_CONTINUED = re.compile(r"\n-- {2,}")
_VARIABLE = re.compile(r"getvariable\('([a-z_]+)'\)")


class ModelError(ValueError):
    """A model's file is wrong (ours): no key, not one SELECT, or a circle of dependencies."""


@dataclass(frozen=True)
class Model:
    """One table computed by one SELECT."""

    name: str
    """`schema.table`."""
    sql: str
    key: tuple[str, ...]
    inputs: frozenset[str]
    """`schema.table` of every table read."""
    variables: frozenset[str]
    """Names of the DuckDB variables it reads."""
    optional: tuple[tuple[str, str], ...] = ()
    """Inputs that a pool may lack: `schema.table` and the column definitions of the empty stand-in."""

    @property
    def schema(self) -> str:
        """The table's schema, which is its domain."""
        return self.name.partition(".")[0]

    @property
    def table(self) -> str:
        """The table's own name."""
        return self.name.partition(".")[2]


def read_models(root: Path | None = None) -> tuple[Model, ...]:
    """Read every model below `root` (the engine's own by default), ordered by dependency.

    Raises ModelError.
    """
    folder = root or Path(str(files("warehouse").joinpath("models")))
    paths = sorted(folder.glob("*/*.sql"))
    return order_models(
        parse_model(f"{path.parent.name}.{path.stem}", path.read_text(encoding="utf-8")) for path in paths
    )


def parse_model(name: str, text: str) -> Model:
    """Make a model of a file's text; ModelError if it is not one SELECT with a key."""
    key = _KEY.search(text)
    if key is None:
        raise ModelError(f"model {name}: a header line `-- key: a, b` is missing")
    columns = tuple(column.strip() for column in key[1].split(","))
    sql = text.rstrip().rstrip(";")
    optional = tuple(_OPTIONAL.findall(_CONTINUED.sub(" ", text)))
    return Model(name, sql, columns, find_tables(name, sql), frozenset(_VARIABLE.findall(text)), optional)


def find_tables(name: str, sql: str) -> frozenset[str]:
    """Return the `schema.table` that a query reads; ModelError if it is not one SELECT."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ModelError(f"model {name}: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ModelError(f"model {name}: not one SELECT")
    tables = statements[0].find_all(exp.Table)
    return frozenset(f"{table.db}.{table.name}" for table in tables if table.db)


def order_models(models: Iterable[Model]) -> tuple[Model, ...]:
    """Order models so that each comes after those it reads, by name among equals; ModelError on a circle."""
    left = {model.name: model for model in models}
    ordered: list[Model] = []
    while left:
        ready = [left[name] for name in sorted(left) if not (left[name].inputs - {name}) & left.keys()]
        if not ready:
            raise ModelError(f"models read each other in a circle: {', '.join(sorted(left))}")
        ordered += ready
        for model in ready:
            del left[model.name]
    return tuple(ordered)


def select_models(models: Collection[Model], only: Collection[str] | None) -> tuple[Model, ...]:
    """Keep the models named in `only` and all they depend on; every model if `only` is None."""
    if only is None:
        return tuple(models)
    wanted = set(only)
    for model in reversed(tuple(models)):
        if model.name in wanted:
            wanted |= model.inputs
    return tuple(model for model in models if model.name in wanted)
