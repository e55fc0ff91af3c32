"""`regie sql`: one SELECT on the lake, or a shell with everything attached."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from pipelines.cli import ACCEPTED, USAGE
from pipelines.cli.console import print_json, print_table
from pipelines.cli.places import open_lake
from pipelines.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@click.command()
@click.argument("query", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def command(settings: Settings, query: str | None, as_json: bool) -> int:
    """Run QUERY on the lake (read only). Without QUERY: a shell, or the statements on standard input.

    Schemas: energy, waste, mobility, territory, pool, indicator; SHOW ALL TABLES lists their tables.

        regie sql "SELECT feed, count(*) FROM pool.delivery GROUP BY feed"
    """
    if query is not None and not query.strip():
        raise click.UsageError("the query is empty")
    is_shell = query is None and sys.stdin.isatty()
    with open_lake(settings) as lake:
        cursor = lake.cursor()
        for text in _typed() if is_shell else _statements(cursor, query or sys.stdin.read()):
            if not _answer(cursor, text, as_json=as_json) and not is_shell:
                return USAGE
    return ACCEPTED


def _typed() -> Iterator[str]:
    """Yield statements as they are typed, each ended by a semicolon; an empty line or Ctrl-D ends."""
    click.echo("A statement ends with `;`. An empty line or Ctrl-D leaves.", err=True)
    lines: list[str] = []
    while True:
        try:
            line = input("regie> " if not lines else "  ...> ")
        except EOFError:
            click.echo(err=True)
            return
        if not lines and line.strip() in ("", "exit", "quit", ".exit", ".quit"):
            return
        lines.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(lines)
            lines = []


def _statements(cursor: DuckDBPyConnection, text: str) -> Iterator[str]:
    """Yield the statements of a text; one that can't be parsed is yielded whole, for its error."""
    import duckdb

    try:
        found = [statement.query for statement in cursor.extract_statements(text)]
    except duckdb.Error:
        found = [text]
    yield from found


def _answer(cursor: DuckDBPyConnection, text: str, *, as_json: bool) -> bool:
    """Run one statement and print what it gives; print its error and return False if it has one."""
    import duckdb

    try:
        result = cursor.execute(text)
        rows = result.fetchall() if result.description else []
    except duckdb.Error as error:
        click.echo(str(error), err=True)
        return False
    header = _distinct([column[0] for column in result.description or ()])
    if as_json:
        print_json([dict(zip(header, row, strict=True)) for row in rows])
    elif header:
        print_table(header, rows)
    return True


def _distinct(names: list[str]) -> list[str]:
    """Return the names with repeated ones numbered, so that no column of an object is lost."""
    return [f"{name}_{names[:i].count(name)}" if name in names[:i] else name for i, name in enumerate(names)]
