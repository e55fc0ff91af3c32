"""The store of verdicts: one JSON file a delivery, one index a feed and period.

Here: recording, and the questions other rooms ask of the past (newest, newest accepted, history,
registers). Not here: how a verdict is reached (`gate`) or shown (`portal/`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from contracts.layout import SNAPSHOT, Home
from contracts.model import Contract
from contracts.parameter_types import LAST
from contracts.released import digest_released, standing_rows
from contracts.verdict import Arrival, Verdict

INDEX = "index.json"
HISTORY_LENGTH = 28
"""Accepted deliveries that a comparison with the past looks at: four weeks of a daily feed."""


class DamagedStoreError(Exception):
    """A file of the store can't be read: ours to mend, from a backup or by judging again."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is damaged: take it from the backup, or remove its folder and run again "
            "(the delivery is kept and is judged anew)"
        )


@dataclass(frozen=True)
class Registers:
    """Accepted tables that rules look things up in, and the digest that names their state."""

    paths: Mapping[str, Path] = field(default_factory=dict)
    """`feed/table` -> Parquet file of accepted rows; a register nobody delivered yet is absent."""
    digest: str = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Current:
    """What stands for one feed and period: the newest delivery, and the newest accepted one."""

    feed: str
    period: str | None
    newest: Verdict
    accepted: Verdict | None


def record(home: Home, verdict: Verdict, *, seen_at: datetime | None = None) -> Path:
    """Write a verdict and give its delivery its place among those of the period; return the file.

    The delivery seen last is the newest, also when it was known before: a good old delivery that
    comes back replaces the bad one in between. `seen_at` (UTC) is by default when it first came.
    """
    folder = _folder(home, verdict.arrival.feed, verdict.arrival.period)
    path = folder / f"{verdict.arrival.delivery_id}.json"
    index = _index_with(_read_index(folder), verdict, seen_at or verdict.arrival.received_at)
    write_atomically(path, verdict.model_dump_json(indent=1))
    write_atomically(folder / INDEX, json.dumps(index, indent=1))
    return path


def load(home: Home, feed: str, period: str | None, delivery_id: str) -> Verdict | None:
    """Return the stored verdict of a delivery, None if it was never judged."""
    return _read(_folder(home, feed, period) / f"{delivery_id}.json")


def deliveries(home: Home, feed: str, period: str | None) -> list[Verdict]:
    """Return the verdicts of a period (None: a snapshot feed), the newest delivery last."""
    return [v for v in _in_order(_folder(home, feed, period)) if v is not None]


def load_all(home: Home, feed: str | None = None) -> list[Verdict]:
    """Return every stored verdict, sorted by feed, period and arrival."""
    found: list[Verdict] = []
    for folder in _folders(home, feed):
        found += [v for v in _in_order(folder) if v is not None]
    return found


def newest(home: Home, feed: str, period: str | None = None) -> Verdict | None:
    """Return the verdict of the newest delivery of a period; None for `period` means a snapshot feed."""
    folder = _folder(home, feed, period)
    return _named(folder, _read_index(folder), "newest")


def newest_accepted(
    home: Home, feed: str, period: str | None = None, before: str | None = None
) -> Verdict | None:
    """Return the newest accepted verdict of a period, or of the latest period there is.

    Args:
        home: where verdicts lie.
        feed: the contract's id.
        period: ISO day; None looks at a snapshot feed, or at all periods, the latest first.
        before: ISO day; only periods before it (a snapshot: received before it, UTC) count.
    """
    if period is not None:
        folder = _folder(home, feed, period)
        return _named(folder, _read_index(folder), "newest_accepted")
    for folder in reversed(list(_folders(home, feed))):
        verdict = _named(folder, _read_index(folder), "newest_accepted")
        if verdict is not None and (before is None or _day(verdict) < before):
            return verdict
    return None


def current(home: Home, feed: str | None = None) -> list[Current]:
    """Return, for every feed and period, the newest verdict and the newest accepted one."""
    found = []
    for folder in _folders(home, feed):
        index = _read_index(folder)
        latest = _named(folder, index, "newest")
        if latest is not None:
            accepted = _named(folder, index, "newest_accepted")
            found.append(Current(latest.arrival.feed, latest.arrival.period, latest, accepted))
    return found


def history(
    home: Home, feed: str, before: str | None = None, length: int = HISTORY_LENGTH
) -> tuple[Verdict, ...]:
    """Return accepted verdicts, the oldest first: one a period, or every snapshot in order of arrival.

    Only the last `length` are returned, of periods before the ISO day `before` if given.
    """
    latest_first: list[Verdict] = []
    for folder in reversed(list(_folders(home, feed))):
        if len(latest_first) >= length:
            break
        if folder.name == SNAPSHOT:
            accepted = [
                v for v in _in_order(folder) if v.is_accepted and (before is None or _day(v) < before)
            ]
            latest_first += reversed(accepted)
        elif before is None or folder.name < before:
            verdict = _named(folder, _read_index(folder), "newest_accepted")
            latest_first += [verdict] if verdict is not None else []
    return tuple(reversed(latest_first[:length]))


def registers_for(home: Home, contract: Contract) -> Registers:
    """Return the registers that the contract's rules need, each from its newest accepted delivery."""
    paths: dict[str, Path] = {}
    states: list[str] = []
    for need in needed_registers(contract):
        feed, _, table = need.partition("/")
        verdict = newest_accepted(home, feed)
        if verdict is None or verdict.folder is None:
            continue
        path = standing_rows(home, verdict, table)
        if path.exists():
            paths[need] = path
            state = f"{need} {verdict.arrival.delivery_id} {verdict.contract_digest}"
            states.append(state + digest_released(home, verdict, table))
    return Registers(paths, hashlib.sha256("\n".join(states).encode()).hexdigest())


def with_last(home: Home, contract: Contract, registers: Registers, arrival: Arrival) -> Registers:
    """Return the registers with the tables of the feed's last accepted delivery, as `last/<table>`.

    The last is the one that came latest before this arrival first came (of a snapshot feed), so that a
    delivery judged again is compared with the same one. Nothing changes for a contract that compares
    with none.
    """
    wanted = sorted(n.partition("/")[2] for n in _needs(contract) if n.startswith(f"{LAST}/"))
    if not wanted or arrival.period is not None:
        return registers
    last = _last_before(home, arrival)
    if last is None or last.folder is None:
        return registers
    found = {table: home.accepted / last.folder / f"{table}.parquet" for table in wanted}
    paths = {f"{LAST}/{table}": path for table, path in found.items() if path.exists()}
    state = f"{registers.digest}\n{LAST} {last.arrival.delivery_id} {last.contract_digest}"
    return Registers({**registers.paths, **paths}, hashlib.sha256(state.encode()).hexdigest())


def _last_before(home: Home, arrival: Arrival) -> Verdict | None:
    earlier = [
        v
        for v in _in_order(_folder(home, arrival.feed, None))
        if v.is_accepted
        and v.arrival.delivery_id != arrival.delivery_id
        and v.arrival.received_at < arrival.received_at
    ]
    return max(earlier, key=lambda v: v.arrival.received_at, default=None)


def needed_registers(contract: Contract) -> tuple[str, ...]:
    """Return the names (`feed/table`) of the other feeds' registers that the contract's rules look into."""
    return tuple(sorted(n for n in _needs(contract) if not n.startswith(f"{LAST}/")))


def _needs(contract: Contract) -> set[str]:
    needs = {need for table in contract.tables for rule in table.rules for need in rule.needs}
    needs |= {need for rule in contract.rules for need in rule.needs}
    needs |= {str(r.parameters["register"]) for r in contract.rules if r.parameters.get("register")}
    return {need for need in needs if "/" in need}


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never a part.

    A file that holds the text already is left alone.
    """
    with suppress(FileNotFoundError):
        if path.read_text(encoding="utf-8") == text:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)  # noqa: PTH105  # Path.replace does the same; this name says atomic
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _index_with(index: dict[str, Any], verdict: Verdict, seen_at: datetime) -> dict[str, Any]:
    """Return the index with the verdict's delivery at its place, by when each was seen last."""
    name, seen = verdict.arrival.delivery_id, seen_at.astimezone(UTC).isoformat()
    known = {d["delivery_id"]: d for d in index.get("deliveries", [])}
    before = str(known.get(name, {}).get("seen_at", ""))
    if seen >= before:
        known.pop(name, None)
    known[name] = {
        "delivery_id": name,
        "received_at": verdict.arrival.received_at.astimezone(UTC).isoformat(),
        "seen_at": max(seen, before),
        "status": verdict.status.value,
    }
    # sorted() is stable: at the same instant the one recorded last is the newest.
    deliveries = sorted(known.values(), key=lambda d: str(d["seen_at"]))
    accepted = [d["delivery_id"] for d in deliveries if d["status"] != "rejected"]
    return {
        "feed": verdict.arrival.feed,
        "period": verdict.arrival.period,
        "newest": deliveries[-1]["delivery_id"],
        "newest_accepted": accepted[-1] if accepted else None,
        "deliveries": deliveries,
    }


def _in_order(folder: Path) -> Iterator[Verdict]:
    for entry in _read_index(folder).get("deliveries", []):
        verdict = _read(folder / f"{entry['delivery_id']}.json")
        if verdict is not None:
            yield verdict


def _named(folder: Path, index: dict[str, Any], name: str) -> Verdict | None:
    delivery_id = index.get(name)
    return _read(folder / f"{delivery_id}.json") if delivery_id else None


def _read_index(folder: Path) -> dict[str, Any]:
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DamagedStoreError(folder / INDEX) from error
    return index


def _read(path: Path) -> Verdict | None:
    try:
        return Verdict.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DamagedStoreError(path) from error


def _folders(home: Home, feed: str | None) -> Iterator[Path]:
    if not home.verdicts.is_dir():
        return
    feeds = [home.verdicts / feed] if feed else sorted(home.verdicts.iterdir())
    for root in feeds:
        if root.is_dir():
            yield from sorted(folder for folder in root.iterdir() if folder.is_dir())


def _folder(home: Home, feed: str, period: str | None) -> Path:
    return home.verdicts / feed / (period or SNAPSHOT)


def _day(verdict: Verdict) -> str:
    return verdict.arrival.period or verdict.arrival.received_at.date().isoformat()
