"""A dataset's SELECT: read as a tree, held to open columns, and run on gated tables only.

Here: parsing, finding every column a query reads, replacing each table by what the terms leave of it.
Not here: which columns are open (`terms`) and how rows are written (`extracts`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from publishing.dataset import Dataset
from publishing.errors import PublicationError

Columns = Mapping[str, str]
"""Column name -> DuckDB type."""


ENGINE_TABLES = ("pool.delivery", "indicator.value", "indicator.definition")
"""Tables that the engine fills itself, beside those of contracts."""


@dataclass(frozen=True)
class Query:
    """A checked SELECT and what it reads."""

    tree: exp.Query
    used: Mapping[str, frozenset[str]]
    """Lake table (`mobility.stop`) -> columns read anywhere in the query."""

    @property
    def promised(self) -> Mapping[str, frozenset[str]]:
        """What it reads of tables that contracts promise: the engine's own are left out."""
        return {table: columns for table, columns in self.used.items() if table not in ENGINE_TABLES}


def read_query(dataset: Dataset, schema: Mapping[str, Columns]) -> Query:
    """Parse the dataset's query and list the columns it reads.

    `schema` holds the tables that the query may name. Raises PublicationError `not_one_select`,
    `table_not_allowed`, `star_not_allowed` or `query_unreadable`.
    """
    tree = _parse_select(dataset, _text_of(dataset))
    _refuse_stars(dataset, tree)
    tables = _tables_of(tree)
    for table in tables:
        if _name_of(table) in ENGINE_TABLES and _name_of(table) not in schema:
            problem = f"the lake has no {_name_of(table)} yet: record verdicts and compute indicators first"
            raise PublicationError(dataset.id, "inputs_missing", problem)
        if _name_of(table) not in schema:
            raise PublicationError(
                dataset.id, "table_not_allowed", f"no source promises {table.sql('duckdb')}"
            )
    return Query(tree, _columns_read(dataset, tree, schema))


def restrict_query(dataset: Dataset, tree: exp.Query, schema: Mapping[str, Columns]) -> Query:
    """Return the query of a tree that was changed, and what it reads now. Raises PublicationError."""
    return Query(tree, _columns_read(dataset, tree, schema))


def list_tables(dataset: Dataset) -> tuple[str, ...]:
    """Names of the lake's tables that the dataset's query reads, sorted. Raises PublicationError."""
    try:
        return _names_in(_text_of(dataset))
    except SqlglotError as error:
        raise PublicationError(dataset.id, "query_unreadable", str(error).splitlines()[0]) from error


def gate_tables(query: Query, gate: Callable[[str], exp.Expr]) -> str:
    """Return the query's SQL with every lake table replaced by the subquery that `gate` gives for it."""
    tree = query.tree.copy()
    for table in _tables_of(tree):
        alias = table.alias or table.name
        table.replace(
            exp.Subquery(this=gate(_name_of(table)), alias=exp.TableAlias(this=exp.to_identifier(alias)))
        )
    return tree.sql(dialect="duckdb")


def _text_of(dataset: Dataset) -> str:
    if dataset.select is not None:
        return dataset.select
    name = f"{(dataset.sql or '').replace('-', '_')}.sql"
    resource = files("publishing").joinpath("datasets", name)
    if "/" in name or not resource.is_file():
        raise PublicationError(dataset.id, "query_unreadable", f"the engine has no query {dataset.sql}")
    return resource.read_text(encoding="utf-8")


@cache
def _names_in(text: str) -> tuple[str, ...]:
    names = {
        _name_of(table)
        for statement in parse(text, read="duckdb")
        if isinstance(statement, exp.Query)
        for table in _tables_of(statement)
    }
    return tuple(sorted(names))


def _parse_select(dataset: Dataset, text: str) -> exp.Query:
    try:
        statements = [statement for statement in parse(text, read="duckdb") if statement is not None]
    except SqlglotError as error:
        raise PublicationError(dataset.id, "query_unreadable", str(error).splitlines()[0]) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise PublicationError(dataset.id, "not_one_select", "a dataset is exactly one SELECT")
    return statements[0]


def _refuse_stars(dataset: Dataset, tree: exp.Query) -> None:
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            raise PublicationError(dataset.id, "star_not_allowed", "columns are named one by one")


def _tables_of(tree: exp.Query) -> list[exp.Table]:
    """Tables of the lake: everything in FROM and JOIN that is no CTE of the query."""
    defined = {cte.alias for cte in tree.find_all(exp.CTE)}
    return [table for table in tree.find_all(exp.Table) if table.db or table.name not in defined]


def _name_of(table: exp.Table) -> str:
    if not isinstance(table.this, exp.Identifier) or table.catalog:
        return table.sql(dialect="duckdb")
    return f"{table.db}.{table.name}"


def _columns_read(
    dataset: Dataset, tree: exp.Query, schema: Mapping[str, Columns]
) -> dict[str, frozenset[str]]:
    nested: dict[str, Any] = {}
    for name, columns in schema.items():
        domain, table = name.split(".")
        nested.setdefault(domain, {})[table] = dict(columns)
    try:
        qualified = qualify(tree.copy(), schema=nested, dialect="duckdb")
    except SqlglotError as error:
        raise PublicationError(dataset.id, "query_unreadable", str(error).splitlines()[0]) from error
    used: dict[str, set[str]] = {}
    for scope in traverse_scope(qualified):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table):
                used.setdefault(_name_of(source), set()).add(column.name)
    return {table: frozenset(columns) for table, columns in used.items()}
