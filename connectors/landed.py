"""What has landed: the deliveries of a feed and period, and when their bytes were last seen.

Here: reading landing folders. Not here: writing them (`landing`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path

from contracts.layout import SNAPSHOT, Home
from contracts.verdict import Arrival

DATA = "data"
SIDECAR = "arrival.json"
SEEN_SUFFIX = ".seen.json"


def name_delivery(feed: str, period: str | None, sha256: str) -> str:
    """Return a delivery's id: 16 hex digits of SHA-256 over feed, period and the bytes' own SHA-256."""
    return hashlib.sha256(f"{feed}\n{period or SNAPSHOT}\n{sha256}".encode()).hexdigest()[:16]


def arrivals(home: Home, feed: str, period: str | None) -> tuple[Arrival, ...]:
    """Return all deliveries landed for a feed and period, oldest first by the time received."""
    folder = home.landed(feed, period, "_").parent
    found = [read_sidecar(sidecar) for sidecar in sorted(folder.glob(f"*/{SIDECAR}"))]
    return tuple(sorted(found, key=lambda arrival: (arrival.received_at, arrival.delivery_id)))


def newest_arrival(home: Home, feed: str, period: str | None) -> Arrival | None:
    """Return the delivery seen last: bytes that came back are the sender's last word again.

    At one instant of the pool's clock, which may stand still, the files' own times say which came last.
    """
    return max(
        arrivals(home, feed, period),
        key=lambda arrival: (last_seen(home, arrival), _noted_at(home, arrival), arrival.delivery_id),
        default=None,
    )


def _noted_at(home: Home, arrival: Arrival) -> int:
    """When this machine last wrote of these bytes, in nanoseconds of its file system's clock."""
    sidecar = home.landed(arrival.feed, arrival.period, arrival.delivery_id) / SIDECAR
    note = seen_path(home, arrival)
    return max(path.stat().st_mtime_ns for path in (sidecar, note) if path.exists())


def last_seen(home: Home, arrival: Arrival) -> datetime:
    """Return when these bytes were last found at the sender, UTC."""
    seen = read_seen(home, arrival)
    return datetime.fromisoformat(str(seen["last_seen"])) if seen else arrival.received_at


def landed_data(home: Home, arrival: Arrival) -> Path:
    """Return the path of a delivery's immutable bytes."""
    return home.landed(arrival.feed, arrival.period, arrival.delivery_id) / DATA


def landed_periods(home: Home, feed: str) -> tuple[str, ...]:
    """Return the periods that have a delivery, as folder names, sorted."""
    folder = home.landed(feed, None, "_").parent.parent
    return tuple(sorted({sidecar.parent.parent.name for sidecar in folder.glob(f"*/*/{SIDECAR}")}))


def seen_path(home: Home, arrival: Arrival) -> Path:
    """Return the path, beside the delivery, of the note that says when it was last seen."""
    return home.landed(arrival.feed, arrival.period, arrival.delivery_id + SEEN_SUFFIX)


def read_seen(home: Home, arrival: Arrival) -> dict[str, object] | None:
    """Return that note (last_seen, source, headers); None before the bytes came a second time."""
    try:
        seen: dict[str, object] = json.loads(seen_path(home, arrival).read_text())
    except FileNotFoundError:
        return None
    return seen


def read_sidecar(path: Path) -> Arrival:
    """Return the arrival that a sidecar file describes."""
    return Arrival.model_validate_json(path.read_bytes())
