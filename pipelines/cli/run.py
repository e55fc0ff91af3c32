"""`regie run`: the pool's jobs in this process, for a timer or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from contracts.model import DeliveryMode
from pipelines.cli import ACCEPTED, OURS, REJECTED, USAGE
from pipelines.cli.console import print_json, print_table, progress_printer
from pipelines.cli.places import require_home
from pipelines.engine import Engine
from pipelines.settings import Settings

DAILY = "daily_feeds"
FEED_JOBS = {DeliveryMode.SNAPSHOT: "snapshot_feeds", DeliveryMode.PERIODIC: DAILY}
"""The jobs that ask partners, in their order: registers come before what is looked up in them."""


@click.command()
@click.argument("job", required=False, type=click.Choice(["snapshot_feeds", "daily_feeds", "pool"]))
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day asked for.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day asked for.")
@click.option("--json", "as_json", is_flag=True, help="Print what ran as JSON.")
@click.pass_obj
def command(
    settings: Settings, job: str | None, first: datetime | None, last: datetime | None, as_json: bool
) -> int:
    """Ask for deliveries, judge, load, compute and publish: every job in order, or JOB alone.

    Partners are asked at the contracts' locations; REGIE_PARTNERS says what {base} stands for.
    Exit codes: 0 done, 1 a snapshot or the publication was refused, 2 usage or contract error, 70 ours.
    A refused day is told and stops nothing: the last good data stay.
    """
    from pipelines.resources import engine_for
    from pipelines.runs import Runner

    require_home(settings)
    engine = engine_for(settings)
    engine.progress = progress_printer()
    plan = _plan(engine, job, first, last)
    runner = Runner(engine)
    ran = []
    for name, days in plan:
        engine.progress(name)
        ran.append(runner.run(name, days))
    if as_json:
        print_json([vars(one) for one in ran])
    else:
        print_table(("job", "run", "success"), [(r.job, r.run_id, r.success) for r in ran])
    for words in (words for one in ran for words in (*one.refused, *one.faults, *one.failures)):
        click.echo(words, err=True)
    if any(one.failures for one in ran):
        return OURS
    if any(one.faults for one in ran):
        return USAGE
    return REJECTED if any(one.refused for one in ran) else ACCEPTED


def _plan(
    engine: Engine, job: str | None, first: datetime | None, last: datetime | None
) -> list[tuple[str, tuple[str, str] | None]]:
    """Return the jobs to run in order, with the days of the daily one; raises UsageError if none can."""
    modes = {contract.delivery.mode for contract in engine.pool.contracts}
    known = [*(name for mode, name in FEED_JOBS.items() if mode in modes), "pool"]
    if job and job not in known:
        raise click.UsageError(f"the pool has no feed for {job}; its jobs are {', '.join(known)}")
    chosen = [job] if job else known
    if (first or last) and DAILY not in chosen:
        raise click.UsageError(f"--from and --to choose days of {DAILY}")
    _require_base(engine, chosen)
    if "pool" in chosen:
        _read_pool_files(engine)
    days = _days(engine, first, last) if DAILY in chosen else None
    if days is None and job == DAILY:
        raise click.UsageError("no day of a daily feed is over yet")
    if days is None and DAILY in chosen:
        engine.progress(f"{DAILY}: no day is over yet")
    return [(name, days if name == DAILY else None) for name in chosen if name != DAILY or days]


def _read_pool_files(engine: Engine) -> None:
    """Read what the pool says of indicators before anyone is asked for a file; raises DefinitionError."""
    from warehouse.indicators.compute import pool_referential

    pool_referential(engine.pool)


def _require_base(engine: Engine, jobs: Sequence[str]) -> None:
    """Raise UsageError if feeds that would be asked lie at `{base}` and nobody says what that is."""
    asked = {mode for mode, name in FEED_JOBS.items() if name in jobs}
    contracts = [c for c in engine.pool.contracts if c.delivery.mode in asked]
    homeless = [c.id for c in contracts if "{base}" in c.server.location]
    if homeless and engine.settings.base is None:
        raise click.UsageError(
            f"{', '.join(homeless)}: the location begins with {{base}}; "
            "set REGIE_PARTNERS to the partners' address (`regie serve-partners` plays them)"
        )


def _days(engine: Engine, first: datetime | None, last: datetime | None) -> tuple[str, str] | None:
    """Return the first and last day in the range, None if no day is over yet; raises UsageError on none."""
    from pipelines.partitions import day_partitions

    partitions = day_partitions(engine.pool)
    known = list(partitions.get_partition_keys(current_time=engine.now)) if partitions else []
    if not known:
        return None
    since = first.date().isoformat() if first else known[0]
    until = last.date().isoformat() if last else known[-1]
    chosen = [day for day in known if since <= day <= until]
    if not chosen:
        raise click.UsageError(
            f"no day of the pool lies in {since} to {until}: it has {known[0]} to {known[-1]}"
        )
    return chosen[0], chosen[-1]
