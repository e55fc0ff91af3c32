"""`regie sql`: one SELECT on the lake, or a DuckDB shell with everything attached."""

from __future__ import annotations

import sys

import click

from pipelines.cli import USAGE
from pipelines.cli.console import print_json, print_table
from pipelines.settings import Settings


@click.command()
@click.argument("query", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def command(settings: Settings, query: str | None, as_json: bool) -> None:
    """Run QUERY on the lake (read only), or read queries from standard input, one a line.

    Schemas: energy, waste, mobility, territory, pool, indicator. Example:

        regie sql "SELECT feed, count(*) FROM pool.delivery GROUP BY feed"
    """
    import duckdb

    from warehouse.lake import Lake, LakeMissingError

    try:
        lake = Lake.open(settings.home, settings.warehouse, read_only=True)
    except LakeMissingError as error:
        click.echo(f"{error}\nRun `regie demo` or `regie run` first, or give --home.", err=True)
        raise SystemExit(USAGE) from error
    with lake:
        cursor = lake.cursor()
        for text in [query] if query else _queries():
            try:
                _answer(cursor, text, as_json=as_json)
            except duckdb.Error as error:
                click.echo(str(error), err=True)
                if query:
                    raise SystemExit(USAGE) from error


def _queries() -> list[str]:
    if not sys.stdin.isatty():
        return [sys.stdin.read()]
    click.echo("One query a line; an empty line or Ctrl-D ends.", err=True)
    return list(iter(lambda: click.prompt("regie", prompt_suffix="> ", default="", show_default=False), ""))


def _answer(cursor: object, text: str, *, as_json: bool) -> None:
    result = cursor.execute(text)  # type: ignore[attr-defined]
    if result.description is None:
        return
    header = [column[0] for column in result.description]
    rows = result.fetchall()
    if as_json:
        print_json([dict(zip(header, row, strict=True)) for row in rows])
    else:
        print_table(header, rows)
