"""`regie run`: the pool's jobs in this process, for a timer or by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from contracts.model import DeliveryMode
from pipelines.cli import ACCEPTED, OURS, REJECTED
from pipelines.cli.console import print_json, print_table, progress_printer
from pipelines.engine import Engine
from pipelines.settings import Settings


@click.command()
@click.argument("job", required=False, type=click.Choice(["snapshot_feeds", "daily_feeds", "pool"]))
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day asked for.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day asked for.")
@click.option("--json", "as_json", is_flag=True, help="Print what ran as JSON.")
@click.pass_obj
def command(settings: Settings, job: str | None, first: Any, last: Any, as_json: bool) -> int:
    """Ask for deliveries, judge, load, compute and publish: every job in order, or JOB alone.

    Partners are asked at the contracts' locations; REGIE_PARTNERS says what {base} stands for.
    Exit codes: 0 done, 1 a snapshot or the publication was refused, 2 usage or contract error, 70 ours.
    A refused day is told and stops nothing: the last good data stay.
    """
    from pipelines.partitions import day_partitions
    from pipelines.resources import engine_for
    from pipelines.runs import Runner

    engine = engine_for(settings)
    engine.progress = progress_printer()
    partitions = day_partitions(engine.pool)
    known = list(partitions.get_partition_keys(current_time=engine.now)) if partitions else []
    days = _days(known, first.date() if first else None, last.date() if last else None)
    runner = Runner(engine)
    ran = []
    for name in [job] if job else _jobs(engine):
        if name == "daily_feeds" and days is None:
            raise click.UsageError("no day of the pool lies in that range")
        engine.progress(name)
        ran.append(runner.run(name, days if name == "daily_feeds" else None))
    if as_json:
        print_json([vars(one) for one in ran])
    else:
        print_table(("job", "run", "success"), [(r.job, r.run_id, r.success) for r in ran])
    for words in (words for one in ran for words in (*one.refused, *one.failures)):
        click.echo(words, err=True)
    if any(one.failures for one in ran):
        return OURS
    return REJECTED if any(one.refused for one in ran) else ACCEPTED


def _jobs(engine: Engine) -> list[str]:
    modes = {contract.delivery.mode for contract in engine.pool.contracts}
    names = {DeliveryMode.SNAPSHOT: "snapshot_feeds", DeliveryMode.PERIODIC: "daily_feeds"}
    return [*(name for mode, name in names.items() if mode in modes), "pool"]


def _days(known: list[str], first: date | None, last: date | None) -> tuple[str, str] | None:
    chosen = [
        day
        for day in known
        if (first is None or day >= first.isoformat()) and (last is None or day <= last.isoformat())
    ]
    return (chosen[0], chosen[-1]) if chosen else None
