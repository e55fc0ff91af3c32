"""Turn what a transport brings into a delivery: immutable bytes, named by their digest, with a sidecar.

Here: land, land by hand, and what has landed. Not here: fetching (`transports/`), reading
(`formats/`), judging (`contracts/`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from connectors.keeping import move_in, open_scratch, touch
from connectors.landed import (
    DATA,
    SIDECAR,
    arrivals,
    landed_data,
    last_seen,
    name_delivery,
    newest_arrival,
    read_seen,
    read_sidecar,
)
from connectors.transports.fetched import Fetched, FetchOutcome, is_disk_full
from connectors.transports.folder import fetch_folder, read_path
from connectors.transports.http import Ask, Patience, fetch_http
from contracts.layout import Home
from contracts.model import Contract, DeliveryMode
from contracts.verdict import Arrival

__all__ = [
    "Landing",
    "LandingOutcome",
    "arrivals",
    "check_period",
    "land",
    "land_file",
    "landed_data",
    "last_seen",
    "name_delivery",
    "newest_arrival",
    "period_in_name",
]

_ISO_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
DEPOSIT = "deposit:"
"""How the source of a deposited file begins; its name follows."""
_THIS_MACHINE = ("127.0.0.1", "localhost")


class LandingOutcome(StrEnum):
    """What became of asking for a delivery."""

    NEW = "new"
    UNCHANGED = "unchanged"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class Landing:
    """The outcome, the arrival when there is one (also when unchanged), and the story in plain words."""

    outcome: LandingOutcome
    arrival: Arrival | None
    detail: str
    is_ours: bool = False
    """Whether the failure is this machine's or the pool's, and not the partner's."""


@dataclass(frozen=True)
class Access:
    """What this pool lets a contract reach, and how patiently; who asks."""

    allowed_hosts: Collection[str] = ()
    """Hosts that may be private addresses."""
    allowed_folders: Sequence[Path] | None = None
    """Where local files may lie; None is the base folder, or else the contract's own."""
    patience: Patience = field(default_factory=Patience)
    contact: str = ""
    """Address in the User-Agent, for a partner who wonders who asks."""


def land(
    contract: Contract,
    period: str | None,
    home: Home,
    *,
    now: datetime,
    base: str | None = None,
    allowed_hosts: Collection[str] = (),
    access: Access | None = None,
) -> Landing:
    """Fetch the delivery that the contract promises and keep it; same bytes are kept once.

    `base` replaces `{base}` in the contract's location, `period` (ISO day) replaces `{period}`.
    Raises ValueError for a period that is not of the contract's kind.
    """
    check_period(contract, period)
    access = access or Access(allowed_hosts=allowed_hosts)
    location = contract.server.location.replace("{period}", period or "")
    if "{base}" in location and not base:
        words = "the contract's location needs a base address"
        return Landing(LandingOutcome.FAILED, None, words, is_ours=True)
    location = location.replace("{base}", (base or "").rstrip("/"))
    slot = _Slot(contract, period, home, now)
    if urlsplit(location).scheme in {"http", "https"}:
        ask = _ask(slot, location, access)
        return slot.fill(lambda target: fetch_http(ask, target))
    return slot.fill(lambda target: _take(slot, location, base, access, target))


def land_file(
    contract: Contract,
    period: str | None,
    path: Path,
    home: Home,
    *,
    now: datetime,
    source: str | None = None,
) -> Landing:
    """Keep a file given by hand as a delivery of the feed; the period of a periodic feed may be unknown.

    `source` says where it is from, with the name its sender gave it, where `path` is a place of ours.
    """
    if period is not None:
        check_period(contract, period)
    limit = contract.server.max_bytes
    slot = _Slot(contract, period, home, now)

    def fetch(target: Path) -> Fetched:
        fetched = fetch_folder(path, target, max_bytes=limit, period=period)
        # When a copy of ours was written says nothing about when its sender made the file.
        return fetched if source is None else replace(fetched, source=source, published_at=None)

    return slot.fill(fetch)


def check_period(contract: Contract, period: str | None) -> None:
    """Raise ValueError unless a periodic feed is asked by ISO day, and a snapshot feed without."""
    if contract.delivery.mode is DeliveryMode.SNAPSHOT:
        if period is not None:
            raise ValueError(f"{contract.id} is delivered whole: it has no period {period!r}")
    elif period is None or not _ISO_DAY.fullmatch(period):
        raise ValueError(f"{contract.id} is delivered by day: {period!r} is not an ISO day")
    else:
        date.fromisoformat(period)


def period_in_name(name: str) -> str | None:
    """Return the one ISO day that a file's name holds, None without or with several."""
    days = set(_ISO_DAY.findall(name))
    return days.pop() if len(days) == 1 else None


@dataclass(frozen=True)
class _Slot:
    """One delivery expected: of which contract and period, where it is kept, at what time."""

    contract: Contract
    period: str | None
    home: Home
    now: datetime

    def fill(self, fetch: Callable[[Path], Fetched]) -> Landing:
        """Fetch into a scratch folder and keep what came; a full disk leaves nothing behind."""
        try:
            with open_scratch(self.home) as folder:
                return self._keep(folder, fetch(folder / DATA))
        except OSError as error:
            if is_disk_full(error):
                words = "the disk is full: nothing of this delivery was kept"
                return Landing(LandingOutcome.FAILED, None, words, is_ours=True)
            raise

    def _keep(self, folder: Path, fetched: Fetched) -> Landing:
        if fetched.outcome is FetchOutcome.FETCHED:
            return self._keep_bytes(folder, fetched)
        if fetched.outcome is FetchOutcome.MISSING:
            return Landing(LandingOutcome.MISSING, None, fetched.detail)
        newest = newest_arrival(self.home, self.contract.id, self.period)
        if fetched.outcome is FetchOutcome.NOT_MODIFIED and newest is not None:
            touch(self.home, newest, self.now, fetched)
            return Landing(LandingOutcome.UNCHANGED, newest, fetched.detail)
        return Landing(LandingOutcome.FAILED, None, fetched.detail)

    def _keep_bytes(self, folder: Path, fetched: Fetched) -> Landing:
        arrival = self._describe(fetched)
        target = self.home.landed(arrival.feed, arrival.period, arrival.delivery_id)
        if move_in(folder, target, arrival):
            return Landing(LandingOutcome.NEW, arrival, fetched.detail)
        kept = read_sidecar(target / SIDECAR)
        newest = newest_arrival(self.home, arrival.feed, arrival.period)
        if newest is not None and _is_replaced(self.home, kept, newest, fetched):
            return Landing(LandingOutcome.UNCHANGED, newest, "the server still has what a deposit replaced")
        touch(self.home, kept, self.now, fetched)
        return Landing(LandingOutcome.UNCHANGED, kept, "the same bytes as before")

    def _describe(self, fetched: Fetched) -> Arrival:
        return Arrival(
            delivery_id=name_delivery(self.contract.id, self.period, fetched.sha256),
            contributor=self.contract.contributor,
            feed=self.contract.id,
            period=self.period,
            sha256=fetched.sha256,
            size=fetched.size,
            source=fetched.source,
            received_at=self.now,
            published_at=fetched.published_at,
            headers=fetched.headers,
        )


def _is_replaced(home: Home, kept: Arrival, newest: Arrival, fetched: Fetched) -> bool:
    """Whether a server only repeats bytes that were known when a person deposited others.

    A server that was not mended yet must not undo the deposit at every run; new bytes of it do count.
    """
    seen = read_seen(home, newest)
    last_source = str(seen["source"]) if seen else newest.source
    is_repeated = not fetched.source.startswith(DEPOSIT) and kept.delivery_id != newest.delivery_id
    return is_repeated and last_source.startswith(DEPOSIT)


def _ask(slot: _Slot, url: str, access: Access) -> Ask:
    return Ask(
        url,
        max_bytes=slot.contract.server.max_bytes,
        user_agent=f"regie/{_engine_version()}" + (f" (+{access.contact})" if access.contact else ""),
        allowed_hosts=access.allowed_hosts,
        last_headers=_last_headers(slot.home, slot.contract.id, slot.period, url),
        patience=access.patience,
    )


def _take(slot: _Slot, location: str, base: str | None, access: Access, target: Path) -> Fetched:
    contract = slot.contract
    beside = contract.file.parent if contract.file else Path.cwd()
    folders = access.allowed_folders or (Path(base) if base else beside,)
    path = read_path(location, beside)
    limit = contract.server.max_bytes
    return fetch_folder(path, target, max_bytes=limit, period=slot.period, allowed_folders=folders)


def _engine_version() -> str:
    try:
        return version("regie")
    except PackageNotFoundError:
        return "0"


def _last_headers(home: Home, feed: str, period: str | None, url: str) -> dict[str, str]:
    """Return the validators of the newest delivery if they speak of this URL."""
    newest = newest_arrival(home, feed, period)
    if newest is None:
        return {}
    seen = read_seen(home, newest)
    source = str(seen["source"]) if seen else newest.source
    headers = seen["headers"] if seen else newest.headers
    return dict(headers) if _same_resource(source, url) and isinstance(headers, dict) else {}


def _same_resource(one: str, other: str) -> bool:
    """Whether two URLs name one resource; on this machine a server's port may change between runs."""
    a, b = urlsplit(one), urlsplit(other)
    same_host = a.hostname == b.hostname and (a.port == b.port or a.hostname in _THIS_MACHINE)
    return same_host and (a.scheme, a.path, a.query) == (b.scheme, b.path, b.query)
