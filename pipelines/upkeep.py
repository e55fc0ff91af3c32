"""Upkeep of a home between runs: the scratch that killed runs left.

Here: what no room would clear. Not here: the lake's own upkeep (`warehouse/maintenance`).
"""

from __future__ import annotations

import shutil
from contextlib import suppress

from contracts.layout import Home

ABANDONED_AFTER_S = 86_400
"""No step of a run works in one scratch folder for a day."""


def sweep_scratch(home: Home, now_s: float) -> int:
    """Remove scratch folders that nobody touched for a day; return how many. `now_s` is the file clock's."""
    swept = 0
    for folder in home.scratch.glob("*/"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < now_s - ABANDONED_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
    return swept
