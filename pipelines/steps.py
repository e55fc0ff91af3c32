"""The steps of a delivery's way as plain functions: deliver, load, record, model, measure, publish, show.

Here: the order of calls between rooms. Not here: Dagster (`feeds`, `warehouse_assets`,
`publication`), which only wires these, nor the work itself, which each room does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.formats import read_tables
from connectors.landing import Access, Landing, LandingOutcome, land, landed_data
from connectors.landing import arrivals as arrivals_of
from contracts import verdicts as verdict_store
from contracts.gate import judge
from contracts.model import Contract
from contracts.verdict import Arrival, Outcome, Verdict
from pipelines.engine import Engine
from pipelines.quarantine_steps import tidy, tidy_all
from portal.contract_pages import write_contract_pages
from portal.feed_page import write_feed_pages
from portal.index import write_index
from portal.reports import write_report
from portal.rule_pages import write_rule_pages
from warehouse.lock import hold_file_lock

if TYPE_CHECKING:
    from publishing.publish import Publication
    from warehouse.indicators.compute import Measured
    from warehouse.models import ModelResult


class LandingError(RuntimeError):
    """A delivery could not be kept for a reason of ours, such as a full disk."""


@dataclass(frozen=True)
class Delivered:
    """What came of asking for one period of a feed.

    Attributes:
        period: ISO day, None for a snapshot.
        landing: how the bytes arrived, or why they did not.
        verdict: the judgement of the newest delivery of the period, None if none ever came.
    """

    period: str | None
    landing: Landing
    verdict: Verdict | None


def deliver(engine: Engine, contract: Contract, periods: Sequence[str | None]) -> list[Delivered]:
    """Ask for each period, judge what came by both gates, record verdicts and write reports.

    A period whose partner could not be reached keeps its last verdict. Raises what is ours only.
    """
    return settle(engine, contract, [(period, fetch(engine, contract, period)) for period in periods])


def settle(
    engine: Engine, contract: Contract, landed: Sequence[tuple[str | None, Landing]]
) -> list[Delivered]:
    """Judge what landed for some periods, record verdicts, write reports, tell whom it concerns.

    What landed before and was never judged, because a run was killed in between, is judged too, first.
    Raises what is ours only.
    """
    periods, landings = [period for period, _ in landed], [landing for _, landing in landed]
    came = [landing.arrival for landing in landings if landing.arrival is not None]
    arrivals = [*_left_unjudged(engine, contract, periods, came), *came]
    # A deposit may be judged in the server's process while a run judges the same feed in its own.
    with hold_file_lock(engine.home.scratch / f"{contract.id}.lock"):
        verdicts = judge(
            engine.gate_connection,
            contract,
            [(arrival, landed_data(engine.home, arrival)) for arrival in arrivals],
            read_tables=read_tables,
            home=engine.home,
            now=engine.now,
        )
        tidy(engine, contract, [arrival.period for arrival in arrivals])
        for verdict in verdicts:
            report(engine, contract, verdict)
    by_delivery = {verdict.arrival.delivery_id: verdict for verdict in verdicts}
    delivered = [
        Delivered(period, landing, _verdict_of(engine, contract, period, landing, by_delivery))
        for period, landing in zip(periods, landings, strict=True)
    ]
    engine.progress(f"{contract.id}: {_tally(landings)}")
    for words in told(contract, delivered):
        engine.progress(f"  {words}")
    if ours := [landing.detail for landing in landings if landing.is_ours]:
        raise LandingError(f"{contract.id}: {ours[0]}")
    engine.notify(engine, contract, delivered)
    return delivered


def told(contract: Contract, delivered: Sequence[Delivered]) -> list[str]:
    """Return what an operator must hear of: what did not come, and what was refused and why."""
    words = []
    for one in delivered:
        place = f"{contract.id} {one.period}" if one.period else contract.id
        if one.landing.outcome in (LandingOutcome.MISSING, LandingOutcome.FAILED):
            words.append(f"{place}: {one.landing.detail}")
        elif one.verdict is not None and not one.verdict.is_accepted:
            broken = dict.fromkeys(r.rule for r in one.verdict.rules if r.outcome is Outcome.FAILED)
            words.append(f"{place}: rejected ({', '.join(broken)})")
    return words


def fetch(engine: Engine, contract: Contract, period: str | None) -> Landing:
    """Land what the partner has for a period, under the pool's rules of access."""
    pool = engine.pool
    access = Access(allowed_hosts=pool.allowed_hosts, contact=pool.publisher.email or "unset")
    return land(contract, period, engine.home, now=engine.now, base=engine.settings.base, access=access)


def report(engine: Engine, contract: Contract, verdict: Verdict) -> Path:
    """Write a delivery's report, compared with the delivery before it."""
    folder = engine.home.quarantine / verdict.folder if verdict.folder else None
    return write_report(
        verdict,
        contract,
        engine.home,
        pool_title=engine.pool.title,
        previous=previous_of(engine, contract, verdict),
        quarantine=folder,
    )


def previous_of(engine: Engine, contract: Contract, verdict: Verdict) -> Verdict | None:
    """Return the delivery to compare with: the one before of its period, else the last accepted period's."""
    arrival = verdict.arrival
    same = verdict_store.deliveries(engine.home, contract.id, arrival.period)
    place = [v.arrival.delivery_id for v in same].index(arrival.delivery_id)
    if place > 0:
        return same[place - 1]
    if arrival.period is None:
        return None
    return verdict_store.newest_accepted(engine.home, contract.id, before=arrival.period)


def load(engine: Engine, contract: Contract, periods: Sequence[str | None]) -> list[Verdict]:
    """Load each period's newest accepted delivery in one transaction; return their verdicts.

    A period without an accepted delivery changes nothing, unless what was loaded of it came from a
    delivery that was judged anew and is refused now: it leaves the warehouse again.
    """
    from warehouse.load import load_deliveries
    from warehouse.withdraw import withdraw_periods

    found = {period: verdict_store.newest_accepted(engine.home, contract.id, period) for period in periods}
    accepted = [verdict for verdict in found.values() if verdict is not None]
    if accepted:
        load_deliveries(engine.lake, contract, accepted, engine.home)
    refused = [period for period, verdict in found.items() if verdict is None]
    for period in withdraw_periods(engine.lake, contract.id, refused):
        engine.progress(f"  {contract.id} {period or ''}: withdrawn, no delivery of it is accepted any more")
    return accepted


def record(engine: Engine) -> int:
    """Write the pool's own tables (actors, contracts, deliveries, rule results, quarantine).

    Returns the number of deliveries.
    """
    from warehouse.quarantine import record_quarantine
    from warehouse.records import record_verdicts

    tidy_all(engine)
    verdicts = verdict_store.load_all(engine.home)
    record_verdicts(engine.lake, engine.dated_pool, verdicts)
    record_quarantine(engine.lake, engine.pool.contracts, engine.home)
    return len(verdicts)


def model(engine: Engine) -> list[ModelResult]:
    """Compute the warehouse's models."""
    from warehouse.models import build_models

    return build_models(engine.lake, engine.dated_pool)


def measure(engine: Engine) -> list[Measured]:
    """Compute every indicator."""
    from warehouse.indicators.compute import compute_indicators

    return compute_indicators(engine.lake, engine.dated_pool)


def publish(engine: Engine) -> Publication:
    """Publish what the terms allow; raises PublicationError and then changes nothing."""
    from publishing.publish import publish as publish_pool

    return publish_pool(
        engine.lake,
        engine.dated_pool,
        engine.home,
        [c.accepted for c in verdict_store.current(engine.home) if c.accepted is not None],
        code_version=engine.code_version,
    )


def show(engine: Engine) -> Path:
    """Write the pool's index, and feeds', contributors', contracts' and rules' pages; return the index."""
    verdicts = verdict_store.load_all(engine.home)
    write_feed_pages(engine.pool, verdicts, engine.home, now=engine.now)
    write_contract_pages(engine.pool, verdicts, engine.home)
    write_rule_pages(engine.pool, engine.home)
    return write_index(engine.pool, verdicts, engine.home, now=engine.now)


def _left_unjudged(
    engine: Engine, contract: Contract, periods: Sequence[str | None], came: Sequence[Arrival]
) -> list[Arrival]:
    known = {arrival.delivery_id for arrival in came}
    return [
        arrival
        for period in dict.fromkeys(periods)
        for arrival in arrivals_of(engine.home, contract.id, period)
        if arrival.delivery_id not in known
        and verdict_store.load(engine.home, contract.id, period, arrival.delivery_id) is None
    ]


def _verdict_of(
    engine: Engine,
    contract: Contract,
    period: str | None,
    landing: Landing,
    by_delivery: dict[str, Verdict],
) -> Verdict | None:
    if landing.arrival is not None:
        return by_delivery[landing.arrival.delivery_id]
    return verdict_store.newest(engine.home, contract.id, period)


def _tally(landings: Sequence[Landing]) -> str:
    outcomes = [landing.outcome.value for landing in landings]
    return ", ".join(f"{outcomes.count(name)} {name}" for name in dict.fromkeys(outcomes))
