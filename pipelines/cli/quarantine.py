"""`regie quarantine`: the rows that were set aside, with their reasons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from contracts.pool import load_pool
from pipelines.cli.console import print_json, print_table
from pipelines.settings import Settings


@click.group()
def command() -> None:
    """Look at the rows that were set aside, and why."""


@command.command("list")
@click.option("--feed", help="Only this feed (contract id).")
@click.option("--period", type=click.DateTime(["%Y-%m-%d"]), help="Only this period (ISO day).")
@click.option("--delivery", help="Only this delivery id.")
@click.option("--rule", help="Only rows that broke this rule.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Rows shown; counts are never cut.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def list_rows(
    settings: Settings,
    feed: str | None,
    period: datetime | None,
    delivery: str | None,
    rule: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List quarantined rows as sent, personal columns masked, with the rules they broke."""
    import duckdb

    from contracts.quarantine import list_quarantine

    contracts = {contract.id: contract for contract in load_pool(settings.pool).contracts}
    if feed is not None and feed not in contracts:
        raise click.UsageError(f"the pool has no feed {feed!r}; it has {', '.join(contracts)}")
    day = period.date().isoformat() if period else None
    with duckdb.connect() as con:
        found = list_quarantine(
            con, settings.home, contracts, feed=feed, period=day, delivery=delivery, rule=rule, limit=limit
        )
    rows = found.to_pylist()
    if as_json:
        print_json(rows)
    elif rows:
        print_table(found.column_names, [list(_readable(row).values()) for row in rows])
    else:
        click.echo("No quarantined rows match.")


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its rules as words: `duplicate_key (meter_id)`."""
    rules = [f"{r['rule']} ({r['column']})" if r["column"] else r["rule"] for r in row["rules"]]
    return row | {"rules": ", ".join(rules)}
