"""A contributor's own file, judged as the pool would judge it, without a pool.

Here: a home of its own for the judgement, what a context folder supplies (registers, past
deliveries), the report. Not here: printing (`cli/check`). The gates are the pool's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.formats import read_tables
from connectors.landing import check_period, land_file, landed_data, period_in_name
from contracts.gate import judge
from contracts.layout import Home
from contracts.model import Contract, DeliveryMode
from contracts.resolve import load_contract
from contracts.verdict import TRY, Verdict
from contracts.verdicts import HISTORY_LENGTH, needed_registers, newest_accepted
from portal.reports import write_report

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GATE_MEMORY = "1GB"


class FileCheckError(Exception):
    """What was asked can't be done: a file that is not there, a day that is not said. In words."""


@dataclass
class FileCheck:
    """Judgements of files under one contract, in a home that is thrown away.

    Attributes:
        contract: the resolved contract.
        home: where bytes, rows and verdicts of this check lie.
        now: the clock (UTC).
        context: folder laid out as the partner's server, or None: registers' files and past
            deliveries of the feed are found in it by the contracts' own locations.
    """

    contract: Contract
    home: Home
    now: datetime
    context: Path | None = None
    _known: set[str] = field(default_factory=set)

    @cached_property
    def connection(self) -> DuckDBPyConnection:
        """Return the gates' DuckDB."""
        import duckdb

        connection = duckdb.connect()
        connection.execute(f"SET memory_limit = '{GATE_MEMORY}'")
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def judge_file(self, path: Path, period: str | None) -> Verdict:
        """Return the verdict of a file; raises FileCheckError where it can't be taken as a delivery."""
        day = period_of(self.contract, path, period)
        self._use_context(day)
        return self._judge(self.contract, [(path, day)])[0]

    def write_report(self, verdict: Verdict, pages: Home) -> Path:
        """Write the delivery's report under another home's pages; return the French page."""
        folder = self.home.quarantine / verdict.folder if verdict.folder else None
        before = verdict.arrival.period
        previous = newest_accepted(self.home, self.contract.id, before=before) if before else None
        return write_report(
            verdict, self.contract, pages, pool_title={}, previous=previous, quarantine=folder
        )

    def _judge(self, contract: Contract, files: Sequence[tuple[Path, str | None]]) -> list[Verdict]:
        arrivals = []
        for path, day in files:
            landing = land_file(contract, day, path, self.home, now=self.now, source=TRY + path.name)
            if landing.is_ours:
                raise OSError(landing.detail)
            if landing.arrival is None:
                raise FileCheckError(f"{path}: {landing.detail}")
            arrivals.append((landing.arrival, landed_data(self.home, landing.arrival)))
        return judge(
            self.connection, contract, arrivals, read_tables=read_tables, home=self.home, now=self.now
        )

    def _use_context(self, day: str | None) -> None:
        """Judge the registers and past deliveries that the context folder holds, once."""
        if self.context is None:
            return
        for need in needed_registers(self.contract):
            feed = need.partition("/")[0]
            if feed not in self._known:
                self._known.add(feed)
                self._judge_register(feed)
        fresh = [(p, d) for p, d in past_files(self.contract, self.context, day) if d not in self._known]
        self._known |= {d for _, d in fresh}
        if fresh:
            self._judge(self.contract, fresh)

    def _judge_register(self, feed: str) -> None:
        beside = (self.contract.file or Path()).parent
        contract = load_contract(beside / f"{feed}.yaml", timezone=self.contract.timezone)
        path = located(contract, self.context or Path(), "")
        if path.is_file():
            self._judge(contract, [(path, None)])


def period_of(contract: Contract, path: Path, period: str | None) -> str | None:
    """Return the day that a file is about: as given, or as its name says; None for a snapshot feed.

    Raises FileCheckError if a day is needed and not known, or given and not needed.
    """
    if contract.delivery.mode is DeliveryMode.SNAPSHOT:
        if period:
            raise FileCheckError(f"{contract.id} is delivered whole: leave out --period")
        return None
    day = period or period_in_name(path.name)
    if day is None:
        raise FileCheckError(
            f"{path.name}: the day it is about is not in its name; give it with --period 2019-05-13"
        )
    try:
        check_period(contract, day)
    except ValueError:
        raise FileCheckError(f"{path.name}: {day} is no day; give it with --period 2019-05-13") from None
    return day


def located(contract: Contract, folder: Path, period: str) -> Path:
    """Return where a contract's file lies in a folder laid out as the partner's server."""
    return folder / contract.server.location.replace("{base}", "").replace("{period}", period).lstrip("/")


def past_files(contract: Contract, folder: Path, day: str | None) -> Iterator[tuple[Path, str]]:
    """Yield the files of the days before, the oldest first, at most as many as a comparison looks at."""
    if day is None or "{period}" not in contract.server.location:
        return
    pattern = located(contract, folder, "*")
    shape = re.compile(
        re.escape(located(contract, folder, "DAY").name).replace("DAY", r"(\d{4}-\d{2}-\d{2})")
    )
    matches = ((path, shape.fullmatch(path.name)) for path in sorted(pattern.parent.glob(pattern.name)))
    past = [(path, match[1]) for path, match in matches if match and match[1] < day]
    yield from past[-HISTORY_LENGTH:]
