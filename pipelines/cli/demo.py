"""`regie demo`: the bundled pool from end to end, with what to look at next."""

from __future__ import annotations

import click

from contracts import verdicts as verdict_store
from contracts.verdict import Status
from pipelines.cli import OURS
from pipelines.cli.console import print_table, progress_printer
from pipelines.cli.places import require_feeds, require_home
from pipelines.engine import Engine
from pipelines.settings import Settings


@click.command()
@click.pass_obj
def command(settings: Settings) -> None:
    """Run the bundled pool: real feeds arrive over HTTP, are judged, crossed, measured, published.

    Mobility and population are real for the place; energy and waste were measured elsewhere and
    relocated.
    """
    from pipelines.demo import DemoError, play

    require_feeds(settings)
    require_home(settings)
    engine = Engine(settings, progress_printer())
    try:
        demo = play(engine)
    except DemoError as error:
        click.echo(str(error), err=True)
        raise SystemExit(OURS) from error
    _show_feeds(engine)
    click.echo()
    print_table(("wall s", "part"), [(round(s, 1), part) for part, s in demo.seconds.items()])
    _show_next(engine)


def _show_feeds(engine: Engine) -> None:
    rows = []
    for contract in engine.pool.contracts:
        current = verdict_store.current(engine.home, contract.id)
        newest = [c.newest for c in current]
        rejected = [c.period or "snapshot" for c in current if c.newest.status is Status.REJECTED]
        rows.append(
            (
                contract.contributor,
                contract.id,
                len(newest),
                sum(v.rows_accepted for v in newest),
                sum(v.rows_quarantined for v in newest),
                ", ".join(rejected),
            )
        )
    click.echo()
    print_table(("contributor", "feed", "deliveries", "accepted", "quarantined", "rejected"), rows)


def _show_next(engine: Engine) -> None:
    home, pool = engine.home, engine.pool
    if note := pool.notices.get("en"):
        click.echo(f"\n{note}")
    click.echo("\nLook at:")
    click.echo(f"  reports    {(home.pages / 'index.html').as_uri()}")
    click.echo(f"  open data  {home.published / 'current'}")
    click.echo("  Dagster    make ui")
    click.echo('  questions  regie sql "SELECT feed, period, verdict FROM pool.delivery ORDER BY ALL"')
