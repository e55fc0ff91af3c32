"""The demonstration: the bundled pool from its partners' servers to open data, in two acts.

Here: the play. First the partners serve what they sent in 2019, faults included; then the energy
distributor corrects the day that was refused, and the pool asks again. Not here: the command line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from contracts import verdicts as verdict_store
from contracts.model import DeliveryMode
from contracts.verdict import Status
from pipelines.engine import Engine
from pipelines.jobs import DAILY_FEEDS, POOL, SNAPSHOT_FEEDS
from pipelines.partner_server import serve_partners
from pipelines.resources import engine_for
from pipelines.runs import Ran, Runner
from pipelines.settings import Settings

FIRST_EDITION, CORRECTED_EDITION = 1, 2


class DemoError(RuntimeError):
    """A run of the demonstration failed: ours to mend."""


@dataclass
class Demo:
    """What the demonstration did and how long each part took (wall seconds)."""

    seconds: dict[str, float] = field(default_factory=dict)
    runs: list[Ran] = field(default_factory=list)


def play(engine: Engine) -> Demo:
    """Run the whole pool against its partners' server; raises DemoError if a run fails.

    The first time the partners serve their first edition, then the corrected one, as it happened; a
    demonstration that was stopped in the middle begins again. Later the corrected edition is all they
    have, so that nothing new arrives.
    """
    demo = Demo()
    engine.progress("definitions from the contracts")
    is_first = not is_played(engine)
    edition = FIRST_EDITION if is_first else CORRECTED_EDITION
    with serve_partners(
        engine.settings.pool / "feeds", edition=edition, timezone=engine.pool.timezone
    ) as server:
        runner = _runner(demo, engine, server.base)
        days = _days(runner.engine)
        with _timed(demo, "registers, timetables and grids"):
            _run(demo, runner, SNAPSHOT_FEEDS)
        if days:
            with _timed(demo, f"{days[0]} to {days[-1]}: readings and observations"):
                _run(demo, runner, DAILY_FEEDS, (days[0], days[-1]))
        if is_first and days:
            server.edition = CORRECTED_EDITION
            refused = _refused_days(runner.engine)
            if refused:
                with _timed(demo, f"asked again, {' and '.join(refused)} having been refused"):
                    _run(demo, runner, DAILY_FEEDS, (refused[0], refused[-1]))
        with _timed(demo, "models, indicators, publication, pages"):
            _run(demo, runner, POOL)
    return demo


def is_played(engine: Engine) -> bool:
    """Whether a demonstration reached its end in this home: the index page is what a run writes last."""
    return (engine.home.pages / "index.html").exists()


def _runner(demo: Demo, engine: Engine, base: str) -> Runner:
    with _timed(demo, "definitions from the contracts"):
        settings: Settings = replace(engine.settings, base=base)
        served = engine_for(settings)
        served.progress = engine.progress
        return Runner(served)


def _run(demo: Demo, runner: Runner, job: str, days: tuple[str, str] | None = None) -> None:
    span = f" {days[0]}..{days[1]}" if days else ""
    runner.engine.progress(f"{job}{span}")
    ran = runner.run(job, days)
    demo.runs.append(ran)
    if not ran.success:
        told = (*ran.refused, *ran.faults, *ran.failures)
        raise DemoError("\n".join((f"run {ran.run_id} of {job} failed:", *told)))


def _days(engine: Engine) -> list[str]:
    from pipelines.partitions import day_partitions

    partitions = day_partitions(engine.pool)
    return list(partitions.get_partition_keys(current_time=engine.now)) if partitions else []


def _refused_days(engine: Engine) -> list[str]:
    periodic = {c.id for c in engine.pool.contracts if c.delivery.mode is DeliveryMode.PERIODIC}
    return sorted(
        {
            current.period
            for current in verdict_store.current(engine.home)
            if current.feed in periodic and current.period and current.newest.status is Status.REJECTED
        }
    )


@contextmanager
def _timed(demo: Demo, part: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    demo.seconds[part] = time.perf_counter() - started
