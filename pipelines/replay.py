"""Past deliveries judged again by two versions of a contract: which verdicts would change, and why.

Here: choosing deliveries, judging them in a home that is thrown away, comparing verdicts. Not here: the
gates (`contracts.gate`), or comparing the contracts themselves (`contracts.diff`). The pool's own home
is only read.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.landed import arrivals, landed_data, landed_periods
from contracts import verdicts as store
from contracts.layout import SNAPSHOT, Home
from contracts.model import Contract
from contracts.verdict import Arrival, Outcome, Verdict
from pipelines.settings import Settings

SERIAL = 8
"""Up to so many deliveries are judged in this process: another one takes seconds to start."""
_MEMORY = "1GB"
_MOST_WORKERS = 8
RuleKey = tuple[str, str, str]
"""Rule, table, column: what a count belongs to."""


@dataclass(frozen=True)
class Replayed:
    """One delivery as both versions of the contract judge it."""

    arrival: Arrival
    before: Verdict
    after: Verdict

    @property
    def is_changed(self) -> bool:
        """Whether the verdict, or what any rule found, is another."""
        return self.before.status is not self.after.status or bool(self._different())

    def rows(self) -> Iterator[tuple[str, str, str, int, int, str, str]]:
        """Yield a row a rule whose finding changed; one of the verdict alone if no rule's did."""
        head = (self.arrival.period or SNAPSHOT, self.arrival.delivery_id)
        tail = (self.before.status.value, self.after.status.value)
        for key, was, now in self._different() or [(("", "", ""), 0, 0)]:
            yield (*head, " ".join(part for part in key if part), was, now, *tail)

    def as_json(self) -> dict[str, Any]:
        """Return what changed as plain values."""
        return {
            "period": self.arrival.period,
            "delivery": self.arrival.delivery_id,
            "is_changed": self.is_changed,
            "before": {"status": self.before.status.value, "rows_quarantined": self.before.rows_quarantined},
            "after": {"status": self.after.status.value, "rows_quarantined": self.after.rows_quarantined},
            "rules": [
                {"rule": rule, "table": table, "column": column, "before": was, "after": now}
                for (rule, table, column), was, now in self._different()
            ],
        }

    def _different(self) -> list[tuple[RuleKey, int, int]]:
        before, after = _findings(self.before), _findings(self.after)
        keys = dict.fromkeys((*before, *after))
        return [
            (key, before.get(key, 0), after.get(key, 0)) for key in keys if before.get(key) != after.get(key)
        ]


def replay(
    settings: Settings, old: Contract, new: Contract, length: int, progress: Callable[[str], None]
) -> list[Replayed]:
    """Judge the last `length` landed deliveries of a feed by both contracts; the oldest first.

    More than eight are judged in processes beside each other. Each delivery is compared with the past as
    the home knows it, and with registers as the home has them now: the same for both versions.
    """
    chosen = last_deliveries(settings.home, old.id, length)
    chunks = _chunks(chosen)
    if len(chosen) <= SERIAL:
        done = [_judge_both(settings.home, old, new, chunk) for chunk in chunks]
    else:
        done = _in_parallel(settings.home, old, new, chunks, progress)
    found = {r.arrival.delivery_id: r for part in done for r in part}
    progress(f"{len(found)} deliveries judged by {old.version} and {new.version}")
    return [found[a.delivery_id] for a in chosen if a.delivery_id in found]


def last_deliveries(home: Home, feed: str, length: int) -> list[Arrival]:
    """Return the last landed deliveries of a feed whose bytes are still there, by period, then arrival."""
    found: list[Arrival] = []
    for folder in reversed(landed_periods(home, feed)):
        of_period = arrivals(home, feed, None if folder == SNAPSHOT else folder)
        found = [a for a in of_period if landed_data(home, a).is_file()] + found
        if len(found) >= length:
            break
    return found[-length:]


def _chunks(chosen: Sequence[Arrival]) -> list[list[Arrival]]:
    """Cut the deliveries so that every processor has work, and a word of progress comes now and then."""
    if len(chosen) <= SERIAL:
        return [list(chosen)] if chosen else []
    size = max(SERIAL, -(-len(chosen) // (4 * _workers())))
    return [list(chosen[i : i + size]) for i in range(0, len(chosen), size)]


def _workers() -> int:
    return min(_MOST_WORKERS, os.cpu_count() or 1)


def _in_parallel(
    home: Home, old: Contract, new: Contract, chunks: Sequence[list[Arrival]], progress: Callable[[str], None]
) -> list[list[Replayed]]:
    total, judged = sum(map(len, chunks)), 0
    done: list[list[Replayed]] = []
    # A forked DuckDB is broken: each process starts anew.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(_workers(), len(chunks)), mp_context=context) as pool:
        waiting: list[Future[list[Replayed]]] = [
            pool.submit(_judge_both, home, old, new, chunk) for chunk in chunks
        ]
        for future in as_completed(waiting):
            done.append(future.result())
            judged += len(done[-1])
            progress(f"{judged} of {total} deliveries judged again")
    return done


def _judge_both(home: Home, old: Contract, new: Contract, chunk: Sequence[Arrival]) -> list[Replayed]:
    before, after = (_judge(home, contract, chunk) for contract in (old, new))
    return [Replayed(a, before[a.delivery_id], after[a.delivery_id]) for a in chunk]


def _judge(home: Home, contract: Contract, chunk: Sequence[Arrival]) -> dict[str, Verdict]:
    """Judge deliveries in a home of their own, with the pool's registers and past."""
    import duckdb

    from connectors.formats import read_tables
    from contracts.gate import judge

    folder = Path(tempfile.mkdtemp(prefix="regie-replay-"))
    try:
        with duckdb.connect() as con:
            con.execute(f"SET memory_limit = '{_MEMORY}'")
            con.execute("SET threads = 1")
            con.execute("SET TimeZone = 'UTC'")
            judged = judge(
                con,
                contract,
                [(arrival, landed_data(home, arrival)) for arrival in chunk],
                read_tables=read_tables,
                home=Home(folder),
                now=_clock(chunk),
                registers=store.registers_for(home, contract),
                history=_past(home, contract, chunk),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {v.arrival.delivery_id: v for v in judged}


def _past(home: Home, contract: Contract, chunk: Sequence[Arrival]) -> tuple[Verdict, ...]:
    """Accepted deliveries from before the first of the chunk."""
    first = chunk[0].period
    return store.history(home, contract.id, before=first) if first else store.history(home, contract.id)


def _clock(chunk: Sequence[Arrival]) -> datetime:
    """Judge as of the day the last of them came: that is when they were judged first."""
    return max(a.received_at for a in chunk).astimezone(UTC)


def _findings(verdict: Verdict) -> dict[RuleKey, int]:
    """Rows that each broken rule found; 1 for a rule on the delivery as a whole."""
    return {
        (r.rule, r.table or "", r.column or ""): r.failed_rows or 1
        for r in verdict.rules
        if r.outcome in (Outcome.FAILED, Outcome.WARNING)
    }
