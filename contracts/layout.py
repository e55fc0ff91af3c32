"""Where state lies under REGIE_HOME. Here: paths only; nothing reads or writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SNAPSHOT = "snapshot"
"""Stands for the period of a snapshot feed in paths."""


@dataclass(frozen=True)
class Home:
    """The folder that holds all state of one pool."""

    root: Path

    def landed(self, feed: str, period: str | None, delivery_id: str) -> Path:
        """Folder of one delivery's immutable bytes (`data`) and sidecar (`arrival.json`)."""
        return self.root / "landing" / feed / (period or SNAPSHOT) / delivery_id

    @property
    def accepted(self) -> Path:
        """Accepted rows: `<verdict.folder>/<table>.parquet`."""
        return self.root / "accepted"

    @property
    def quarantine(self) -> Path:
        """Quarantined rows: `<verdict.folder>/<table>.parquet`."""
        return self.root / "quarantine"

    @property
    def quarantine_states(self) -> Path:
        """What became of quarantined rows: `<feed>/<period or snapshot>/<delivery_id>/<n>.parquet`.

        Files are only ever added.
        """
        return self.root / "quarantine-states"

    @property
    def verdicts(self) -> Path:
        """Verdicts as JSON: `<feed>/<period or snapshot>/<delivery_id>.json`.

        `index.json` beside them names the newest delivery and the newest accepted one.
        """
        return self.root / "reports" / "verdicts"

    @property
    def pages(self) -> Path:
        """Validation reports and the pool's index as HTML and JSON."""
        return self.root / "reports" / "pages"

    @property
    def warehouse(self) -> Path:
        """The lake: catalogue and Parquet."""
        return self.root / "warehouse"

    @property
    def published(self) -> Path:
        """`current` (a link) and `versions/<digest>/`."""
        return self.root / "published"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def scratch(self) -> Path:
        """Temporary files, on the same file system so that a rename is atomic."""
        return self.root / "scratch"
