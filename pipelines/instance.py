"""The Dagster instance under REGIE_HOME: the demo writes it, the UI reads it.

Here: its folder and settings (no telemetry, nothing asked of the visitor).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

INSTANCE_SETTINGS = """\
telemetry:
  enabled: false
nux:
  enabled: false
freshness:
  enabled: true
"""


def prepare_instance(settings: Settings) -> Path:
    """Write the instance's settings if they are not there; return DAGSTER_HOME, now set in this process."""
    folder = settings.home.dagster
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "dagster.yaml"
    if not path.exists():
        path.write_text(INSTANCE_SETTINGS, encoding="utf-8")
    os.environ.update(settings.to_environment())
    return folder


def open_instance(settings: Settings) -> DagsterInstance:
    """Return the instance of this home."""
    from dagster import DagsterInstance

    prepare_instance(settings)
    return DagsterInstance.get()
