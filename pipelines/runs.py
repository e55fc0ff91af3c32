"""Running the jobs in this process, as the command line and the demo do.

Here: which run, over which days, on which instance. Not here: what the jobs hold (`jobs`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.engine import Engine
from pipelines.instance import open_instance

if TYPE_CHECKING:
    import dagster as dg

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Ran:
    """One run in this process."""

    job: str
    run_id: str
    success: bool
    failures: tuple[str, ...]


class Runner:
    """The pool's definitions and instance, built once for several runs."""

    def __init__(self, engine: Engine) -> None:
        from pipelines.definitions import build_definitions

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
        return Ran(job, result.run_id, result.success, tuple(_failures(result)))


def _failures(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return what failed, in words: our exceptions' own messages, never a traceback."""
    words = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            words.append(f"{event.step_key}: {cause.message.strip() if cause else 'failed'}")
    return words
