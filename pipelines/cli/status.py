"""`regie status`: where every feed stands."""

from __future__ import annotations

from typing import Any

import click

from contracts import verdicts as verdict_store
from contracts.model import Contract
from contracts.pool import load_pool
from pipelines.cli.console import print_json, print_table
from pipelines.settings import Settings

HEADER = (
    "contributor",
    "feed",
    "contract",
    "deliveries",
    "rejected",
    "newest",
    "verdict",
    "quarantined",
    "waiting_for",
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Say for each feed how many periods came, how the newest was judged, and which wait for good data."""
    pool = load_pool(settings.pool)
    rows = [_row(settings, contract) for contract in pool.contracts]
    if as_json:
        print_json([dict(zip(HEADER, row, strict=True)) for row in rows])
    else:
        print_table(HEADER, rows)


def _row(settings: Settings, contract: Contract) -> tuple[Any, ...]:
    current = verdict_store.current(settings.home, contract.id)
    head = (contract.contributor, contract.id, contract.version, len(current))
    if not current:
        return (*head, 0, None, None, 0, "")
    rejected = [c.period or "snapshot" for c in current if not c.newest.is_accepted]
    last = current[-1].newest
    quarantined = sum(c.newest.rows_quarantined for c in current)
    newest = (last.arrival.period or "snapshot", last.status.value)
    return (*head, len(rejected), *newest, quarantined, ", ".join(rejected))
