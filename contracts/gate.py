"""Both gates in one call: from landed bytes to verdicts, recorded.

Here: the order of the steps, the cache, the verdict's status. Not here: reading bytes (handed in by
the caller), judging rows (`record_gate`), measuring (`profile`) or judging deliveries (`delivery_gate`).

Three families of failure never meet: what the contributor sent becomes a verdict, a wrong contract
is a ContractError, anything else is ours and is raised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from contracts import verdicts
from contracts.drafts import Desk, Draft, ReadTables, draft_delivery
from contracts.layout import SNAPSHOT, Home
from contracts.model import Contract, Dimension, Severity
from contracts.profile import keeps_every_promise, with_history
from contracts.raw_table import ReadFinding
from contracts.verdict import Arrival, Example, Outcome, RuleResult, Status, Verdict
from contracts.verdicts import HISTORY_LENGTH, Registers
from contracts.waiving import day_of_arrival, digest_in_force, waived_rules, weigh

ENGINE_VERSION = "1"
"""Part of every cache key: raise it when a gate judges differently, and all deliveries are judged anew."""


class CheckCrashedError(Exception):
    """A check that could reject a delivery raised: ours to mend, so no verdict is given."""

    def __init__(self, delivery_id: str, crashed: Sequence[RuleResult]) -> None:
        """Name the delivery and every rule that crashed."""
        self.crashed = tuple(crashed)
        reasons = "; ".join(f"{result.rule}: {result.reason}" for result in crashed)
        super().__init__(f"delivery {delivery_id} can't be judged: {reasons}")


def judge(
    con: DuckDBPyConnection,
    contract: Contract,
    arrivals: Sequence[tuple[Arrival, Path]],
    *,
    read_tables: ReadTables,
    home: Home,
    now: datetime,
    registers: Registers | None = None,
    history: Sequence[Verdict] | None = None,
) -> list[Verdict]:
    """Judge deliveries of one feed, record their verdicts, and return them in the order given.

    A delivery known under the same contract, registers and engine keeps its verdict, without work.
    The others pass gate 1 one by one and gate 2 together. Each is compared with accepted deliveries of
    earlier periods, those of this call among them (a snapshot: with those that came before it).

    Args:
        con: DuckDB with a memory limit; temporary tables only.
        contract: the feed's contract.
        arrivals: arrivals of the feed with the path of their bytes.
        read_tables: the formats' reader; raises UnreadableError for bytes that break the contract.
        home: where accepted, quarantine and verdicts lie.
        now: UTC, injected.
        registers: what rules look up; by default the newest accepted ones in the home.
        history: accepted verdicts of the past, the oldest first; by default those in the home.

    Raises:
        CheckCrashedError: a check that could reject crashed.
        Exception: whatever else is ours. The other deliveries of the call are judged and recorded first;
            several crashes come as an ExceptionGroup.
    """
    shared = verdicts.registers_for(home, contract) if registers is None else registers
    own = {a.delivery_id: verdicts.with_last(home, contract, shared, a) for a, _ in arrivals}
    known: dict[str, Verdict | None] = {
        a.delivery_id: _cached(home, contract, own[a.delivery_id], a) for a, _ in arrivals
    }
    fresh = sorted((p for p in arrivals if known[p[0].delivery_id] is None), key=lambda p: _moment(p[0]))
    crashes: list[Exception] = []
    if fresh:
        desk = Desk(con, contract, read_tables, home, own, now)
        past = _past(home, contract, [a for a, _ in fresh]) if history is None else history
        drafts = list(_drafts(desk, fresh, crashes))
        for verdict in _verdicts(desk, _with_past(contract, drafts, past), crashes):
            known[verdict.arrival.delivery_id] = verdict
    judged = [found for a, _ in arrivals if (found := known[a.delivery_id]) is not None]
    for each in judged:
        verdicts.record(home, each, seen_at=now)
    if crashes:
        raise crashes[0] if len(crashes) == 1 else ExceptionGroup("several deliveries crashed", crashes)
    return judged


def status_of(
    row_rules: Sequence[RuleResult], delivery_rules: Sequence[RuleResult], quarantined: int
) -> Status:
    """Return the verdict's status from gate 1's results, gate 2's (notices among them), and the count.

    Only a rule on the delivery rejects: rows that break a rule are put aside one by one. A check that
    crashed is ours and weighs nothing here (one that could reject gives no verdict at all).
    """
    if any(r.outcome is Outcome.FAILED and r.severity is Severity.ERROR for r in delivery_rules):
        return Status.REJECTED
    told = (Outcome.WARNING, Outcome.FAILED)
    everything = (*row_rules, *delivery_rules)
    if quarantined or any(r.outcome in told and r.severity is not Severity.INFO for r in everything):
        return Status.ACCEPTED_WITH_WARNINGS
    return Status.ACCEPTED


def _cached(home: Home, contract: Contract, registers: Registers, arrival: Arrival) -> Verdict | None:
    """The stored verdict, if nothing that it follows from has changed and its rows are still there."""
    stored = verdicts.load(home, arrival.feed, arrival.period, arrival.delivery_id)
    if stored is None or (
        stored.contract_digest,
        stored.reference_digest,
        stored.engine_version,
        stored.waiver_digest,
    ) != (
        contract.digest,
        registers.digest,
        ENGINE_VERSION,
        digest_in_force(contract, day_of_arrival(arrival, contract)),
    ):
        return None
    if stored.folder is not None and not (home.accepted / stored.folder).is_dir():
        return None
    return stored.model_copy(update={"arrival": arrival})


def _past(home: Home, contract: Contract, arrivals: Sequence[Arrival]) -> tuple[Verdict, ...]:
    """Accepted verdicts that any of the arrivals may be compared with."""
    periods = sorted(a.period for a in arrivals if a.period is not None)
    if not periods:
        return verdicts.history(home, contract.id)
    span = (date.fromisoformat(periods[-1]) - date.fromisoformat(periods[0])).days
    return verdicts.history(home, contract.id, before=periods[-1], length=HISTORY_LENGTH + span)


def _drafts(
    desk: Desk, arrivals: Sequence[tuple[Arrival, Path]], crashes: list[Exception]
) -> Iterator[Draft]:
    """Draft each delivery; one that crashes (ours) must not hide the others, and is raised after them."""
    for arrival, data in arrivals:
        try:
            yield draft_delivery(desk, arrival, data)
        except Exception as crash:
            crash.add_note(f"delivery {arrival.delivery_id} of {arrival.feed}, period {arrival.period}")
            crashes.append(crash)


def _with_past(contract: Contract, drafts: Sequence[Draft], past: Sequence[Verdict]) -> list[Draft]:
    """Compare each draft with the last accepted deliveries before it, those of this call among them."""
    known = {_place(v.arrival): v.profile for v in past if v.is_accepted}
    compared = []
    for draft in drafts:
        place = _place(draft.arrival)
        before = [known[p] for p in sorted(known) if p < place][-HISTORY_LENGTH:]
        if draft.findings:
            compared.append(draft)
            continue
        profile = with_history(contract, draft.profile, before)
        compared.append(replace(draft, profile=profile))
        waived = waived_rules(contract, day_of_arrival(draft.arrival, contract))
        if keeps_every_promise(contract, profile, waived):
            known[place] = profile
    return compared


def _verdicts(desk: Desk, drafts: Sequence[Draft], crashes: list[Exception]) -> Iterator[Verdict]:
    """Judge the drafts together; a delivery whose check crashed gets no verdict."""
    readable = [draft for draft in drafts if not draft.findings]
    judgements = {}
    if readable:
        from contracts.delivery_gate import judge_profiles

        found = judge_profiles(desk.contract, [draft.profile for draft in readable])
        judgements = {d.arrival.delivery_id: j for d, j in zip(readable, found, strict=True)}
    for draft in drafts:
        judgement = judgements.get(draft.arrival.delivery_id)
        if judgement is None:
            yield _unreadable(desk, draft)
            continue
        _keep_raw(desk.home, draft.arrival, judgement.raw)
        try:
            yield _verdict(desk, draft, judgement.rules)
        except CheckCrashedError as crash:
            crashes.append(crash)


def _verdict(desk: Desk, draft: Draft, whole: Sequence[RuleResult]) -> Verdict:
    results = (*draft.rules, *draft.notices, *whole)
    crashed = [r for r in results if r.outcome is Outcome.ERROR and r.severity is Severity.ERROR]
    if crashed:
        raise CheckCrashedError(draft.arrival.delivery_id, crashed)
    folder = desk.home.quarantine / (draft.folder or "-")
    weighed = weigh(desk.con, desk.contract, draft.arrival, results, tables=draft.tables, quarantine=folder)
    rows = len(draft.rules)
    on_rows = [r for r in weighed.results[:rows] if r.waiver is None]
    on_delivery = [r for r in weighed.results[rows:] if r.waiver is None]
    return Verdict(
        **_identity(desk, draft.arrival),
        status=status_of(on_rows, on_delivery, weighed.quarantined),
        rows_landed=sum(t.landed for t in draft.tables),
        rows_accepted=sum(t.accepted for t in draft.tables),
        rows_quarantined=sum(t.quarantined for t in draft.tables),
        tables=draft.tables,
        rules=weighed.results,
        profile=draft.profile,
        folder=draft.folder,
    )


def _unreadable(desk: Desk, draft: Draft) -> Verdict:
    return Verdict(
        **_identity(desk, draft.arrival),
        status=Status.REJECTED,
        rows_landed=0,
        rows_accepted=0,
        rows_quarantined=0,
        rules=tuple(_finding_result(finding) for finding in draft.findings),
    )


def _identity(desk: Desk, arrival: Arrival) -> dict[str, Any]:
    return {
        "arrival": arrival,
        "contract_version": desk.contract.version,
        "contract_digest": desk.contract.digest,
        "reference_digest": desk.registers[arrival.delivery_id].digest,
        "engine_version": ENGINE_VERSION,
        "waiver_digest": digest_in_force(desk.contract, day_of_arrival(arrival, desk.contract)),
    }


def _finding_result(finding: ReadFinding) -> RuleResult:
    """What the reader could not make sense of, as a failed rule on the delivery."""
    line = finding.line
    return RuleResult(
        rule=finding.rule,
        table=finding.table,
        column=finding.column,
        source=finding.column,
        severity=Severity.ERROR,
        dimension=Dimension.CONFORMITY,
        outcome=Outcome.FAILED,
        observed=finding.observed,
        expected=finding.expected,
        reason=finding.detail,
        examples=() if line is None else (Example(position=max(line - 2, 0), line=line),),
    )


def _place(arrival: Arrival) -> str:
    """A delivery's place in its feed's past: its period, which a re-delivery takes over, or when it came."""
    return arrival.period or arrival.received_at.astimezone(UTC).isoformat()


def _moment(arrival: Arrival) -> tuple[str, datetime]:
    """Where a delivery stands in time: by its period first, then by when it came."""
    return arrival.period or "", arrival.received_at


def _keep_raw(home: Home, arrival: Arrival, raw: Sequence[Mapping[str, Any]]) -> None:
    folder = home.verdicts / arrival.feed / (arrival.period or SNAPSHOT)
    text = json.dumps({"delivery_id": arrival.delivery_id, "results": list(raw)}, indent=1, default=str)
    verdicts.write_atomically(folder / f"{arrival.delivery_id}.gx.json", text)
