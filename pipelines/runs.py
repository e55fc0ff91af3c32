"""Running the jobs in this process, as the command line and the demo do.

Here: which run, over which days, on which instance. Not here: what the jobs hold (`jobs`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.verdict import Status
from pipelines.engine import Engine
from pipelines.instance import open_instance
from pipelines.upkeep import sweep_scratch

if TYPE_CHECKING:
    import dagster as dg

DELIVERY_GATE = "delivery_gate"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


REFUSAL = "Failure"
"""How Dagster names a step that refused on purpose: the publication."""
CONTRACT_FAULTS = ("ContractError", "SchemaConflictError", "DefinitionError")
"""Names of the exceptions that a contract or pool file is to blame for."""


@dataclass(frozen=True)
class Ran:
    """One run in this process.

    Attributes:
        job: its name.
        run_id: Dagster's id.
        success: whether every step succeeded.
        refused: snapshots that were refused, and a publication that was, in words.
        faults: steps that a contract or pool file stopped, in words.
        failures: steps that crashed: ours.
    """

    job: str
    run_id: str
    success: bool
    refused: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


class Runner:
    """The pool's definitions and instance, built once for several runs."""

    def __init__(self, engine: Engine) -> None:
        from pipelines.factory import build_definitions

        sweep_scratch(engine.home, time.time())
        logging.getLogger("dagster").setLevel(logging.CRITICAL)
        self.engine = engine
        self.instance = open_instance(engine.settings)
        self.definitions = build_definitions(engine.settings, pool=engine.pool)

    def run(self, job: str, days: tuple[str, str] | None = None) -> Ran:
        """Run a job in process, over a range of days (inclusive) if it is partitioned."""
        from pipelines.schedules import range_tags

        tags: Mapping[str, str] = range_tags(*days) if days else {}
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, tags=dict(tags), raise_on_error=False, run_config=QUIET
        )
        return Ran(job, result.run_id, result.success, *_stops(result))


def _stops(
    result: dg.ExecuteInProcessResult,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return what was refused, what a contract stopped and what crashed, in words, never a traceback."""
    refused = [words for event in result.all_events if (words := _refused_snapshot(event))]
    faults: list[str] = []
    failures: list[str] = []
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        error = event.step_failure_data.error
        if error is None:
            failures.append(f"{event.step_key}: failed")
        elif error.cls_name == REFUSAL:
            told = event.step_failure_data.user_failure_data
            refused.append(told.description if told and told.description else error.message.strip())
        else:
            cause = error.cause or error
            is_fault = (cause.cls_name or "").rpartition(".")[2] in CONTRACT_FAULTS
            (faults if is_fault else failures).append(f"{event.step_key}: {cause.message.strip()}")
    return tuple(refused), tuple(faults), tuple(failures)


def _refused_snapshot(event: dg.DagsterEvent) -> str | None:
    """Return in words that a delivery gate closed on a feed that is delivered whole; else None.

    A refused day is told as it is judged: days are many, and the other days stand.
    """
    if event.event_type_value != "ASSET_CHECK_EVALUATION":
        return None
    found = event.asset_check_evaluation_data
    verdict = found.metadata.get("verdict")
    if found.check_name != DELIVERY_GATE or found.partition or verdict is None:
        return None
    is_rejected = verdict.value == Status.REJECTED.value
    return f"{found.asset_key.path[0]}: rejected, nothing of it is used" if is_rejected else None
