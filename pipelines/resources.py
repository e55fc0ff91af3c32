"""The engine as a Dagster resource: one a process, so that the lake is attached once.

Here: only the resource. Tests pass `EngineResource` other settings instead of patching.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import dagster as dg

from contracts.layout import Home
from pipelines.engine import Engine
from pipelines.notify.notifier import notifier_for
from pipelines.settings import PORTAL, Settings


@lru_cache(maxsize=4)
def engine_for(settings: Settings) -> Engine:
    """Return this process's engine for these settings; contributors are told if a way out is set."""
    engine = Engine(settings)
    notifier = notifier_for(engine)
    if notifier is not None:
        engine.notify = notifier
    return engine


class EngineResource(dg.ConfigurableResource[Engine]):
    """Settings of the engine that steps run on."""

    pool: str
    home: str
    warehouse: str | None = None
    base: str | None = None
    portal: str = PORTAL

    @classmethod
    def of(cls, settings: Settings) -> EngineResource:
        """Return the resource of these settings."""
        return cls(
            pool=str(settings.pool),
            home=str(settings.home.root),
            warehouse=settings.warehouse,
            base=settings.base,
            portal=settings.portal,
        )

    def get(self) -> Engine:
        """Return this process's engine."""
        settings = Settings(Path(self.pool), Home(Path(self.home)), self.warehouse, self.base, self.portal)
        return engine_for(settings)
