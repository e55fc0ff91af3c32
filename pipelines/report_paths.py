"""Where a delivery's report lies. Here: one rule of naming, the portal's, for links."""

from __future__ import annotations

from pathlib import Path

from contracts.layout import SNAPSHOT, Home
from contracts.verdict import Verdict


def report_path(home: Home, verdict: Verdict, language: str = "en") -> Path:
    """Return the page of a delivery in a language (`fr` or `en`)."""
    arrival = verdict.arrival
    return home.pages / arrival.feed / (arrival.period or SNAPSHOT) / f"{arrival.delivery_id}.{language}.html"
