"""What Dagster loads (`workspace.yaml`): the definitions of the pool that the environment chooses.

Here: one name. Not here: how they are made (`factory`).
"""

from __future__ import annotations

from pipelines.factory import build_definitions
from pipelines.settings import Settings

defs = build_definitions(Settings.from_environment())
