"""A toy feed sent whole, whose deliveries pass the record gate into a home, for tests of its quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from contracts.layout import Home
from contracts.model import Contract, RowRule, ServiceLevels
from contracts.quarantine_states import log_folder, states_sql
from contracts.quarantine_upkeep import keep_up
from contracts.record_gate import judge_rows
from contracts.rejudge import Ward
from contracts.released import standing_rows
from contracts.replay import rows_sql
from contracts.verdict import Arrival, Status, TableCount, Verdict
from tests.contracts.record_gate_toys import column, contract, raw, table

NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
Cells = tuple[str | None, ...]


def toys(*, most: int = 10, rules: tuple[RowRule, ...] = (), version: str = "1.0.0", **more: Any) -> Contract:
    """Ids of two letters, levels up to `most`, and who watches over them (personal)."""
    toy = table(
        column("id", source="ref", primary_key=True, required=True, pattern="[a-z]{2}"),
        column("level", "DECIMAL(9,2)", minimum=Decimal(0), maximum=Decimal(most)),
        column("watcher", classification="personal"),
        rules=rules,
    )
    return contract(toy, **more).model_copy(update={"version": version, "digest": f"{version}{most}"})


class Toys:
    """A home with the toys' deliveries, in order of arrival."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.home.scratch.mkdir(parents=True)
        self.con = duckdb.connect(config={"threads": 2, "memory_limit": "500MB"})
        self.con.execute("SET TimeZone = 'UTC'")
        self.verdicts: list[Verdict] = []

    def deliver(
        self,
        *rows: Cells,
        by: Contract | None = None,
        is_accepted: bool = True,
        again: Verdict | None = None,
        registers: Mapping[str, Path] | None = None,
    ) -> Verdict:
        """Judge rows (ref, level, watcher); `again` judges the bytes of a known delivery anew."""
        promise = by or toys()
        name = (
            again.arrival.delivery_id if again else sha256(f"{len(self.verdicts)}".encode()).hexdigest()[:16]
        )
        folder = f"toys/snapshot/{name}@{promise.version}"
        for root in (self.home.accepted, self.home.quarantine):
            (root / folder).mkdir(parents=True, exist_ok=True)
            for old in (root / folder).glob("*"):
                old.unlink()
        judged = judge_rows(
            self.con,
            promise,
            {"toy": raw("ref level watcher", *rows)},
            registers or {},
            self.home.accepted / folder,
            self.home.quarantine / folder,
            period=None,
            scratch=self.home.scratch,
        )
        verdict = self._verdict(name, promise, judged.tables, folder, is_accepted=is_accepted)
        if again:
            self.verdicts[self.verdicts.index(again)] = verdict
        else:
            self.verdicts.append(verdict)
        return verdict

    def _verdict(
        self,
        name: str,
        promise: Contract,
        tables: Sequence[TableCount],
        folder: str,
        *,
        is_accepted: bool,
    ) -> Verdict:
        return Verdict(
            arrival=Arrival(
                delivery_id=name,
                contributor="maker",
                feed="toys",
                period=None,
                sha256=name * 4,
                size=1,
                source="toys.csv",
                received_at=NOW,
            ),
            contract_version=promise.version,
            contract_digest=promise.digest,
            reference_digest="",
            engine_version="1",
            status=Status.ACCEPTED_WITH_WARNINGS if is_accepted else Status.REJECTED,
            rows_landed=sum(t.landed for t in tables),
            rows_accepted=sum(t.accepted for t in tables),
            rows_quarantined=sum(t.quarantined for t in tables),
            tables=tuple(tables),
            folder=folder,
        )

    def ward(
        self,
        promise: Contract | None = None,
        *,
        days: int = 0,
        registers: Mapping[str, Path] | None = None,
    ) -> Ward:
        return Ward(self.con, self.home, promise or toys(), registers or {}, NOW + timedelta(days=days))

    def keep_up(self, promise: Contract | None = None, *, days: int = 0) -> int:
        return keep_up(self.ward(promise, days=days), self.verdicts)

    def states(self, verdict: Verdict) -> dict[int, str]:
        """The state of every row in quarantine, by position."""
        query = rows_sql(self.ward(), verdict)
        found = self.con.execute(f"SELECT position, state FROM ({query}) ORDER BY position").fetchall()
        return dict(found)

    def said(self, verdict: Verdict, position: int) -> tuple[Any, ...] | None:
        """State, reason, actor and evidence that the log gives a row."""
        query = states_sql(log_folder(self.home, verdict.arrival))
        return self.con.execute(
            f"SELECT state, reason, actor, evidence FROM ({query}) WHERE position = ?", [position]
        ).fetchone()

    def standing(self, verdict: Verdict) -> list[tuple[Any, ...]]:
        """Ids and levels of the accepted rows, released ones among them."""
        path = standing_rows(self.home, verdict, "toy")
        return self.con.execute(f"SELECT id, level::DOUBLE FROM '{path}' ORDER BY ALL").fetchall()


def retained(days: int) -> Contract:
    """The toys' contract with a retention."""
    return toys().model_copy(update={"service_levels": ServiceLevels(retention_days=days)})
