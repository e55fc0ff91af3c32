"""Steps of the quarantine: keeping states up to date, replaying, releasing, and what follows of each.

Here: the order of calls between rooms. Not here: the work itself (`contracts/quarantine_upkeep`,
`contracts/replay`), or the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from contracts import verdicts as verdict_store
from contracts.model import Contract
from contracts.quarantine_upkeep import keep_up
from contracts.rejudge import Ward
from contracts.replay import Replayed, release, replay
from contracts.verdict import Verdict
from pipelines.engine import Engine
from warehouse.lock import hold_file_lock


class NotInChargeError(Exception):
    """Who wants to let rows in answers neither for the feed nor for the pool."""


def tidy(engine: Engine, contract: Contract, periods: Sequence[str | None]) -> int:
    """Bring the states of some periods' quarantined rows up to date; return how many changed.

    The caller holds the feed's lock.
    """
    ward = open_ward(engine, contract)
    return sum(
        keep_up(ward, verdict_store.deliveries(engine.home, contract.id, period))
        for period in dict.fromkeys(periods)
    )


def open_ward(engine: Engine, contract: Contract) -> Ward:
    """Return what working the feed's quarantine takes."""
    registers = verdict_store.registers_for(engine.home, contract).paths
    return Ward(engine.gate_connection, engine.home, contract, registers, engine.now)


def tidy_all(engine: Engine) -> int:
    """Bring every feed's states up to date: time alone ends retentions and waivers."""
    changed = 0
    for contract in engine.pool.contracts:
        verdicts = verdict_store.load_all(engine.home, contract.id)
        with _hold(engine, contract):
            changed += tidy(engine, contract, [v.arrival.period for v in verdicts if v.rows_quarantined])
    return changed


def replay_feed(
    engine: Engine, contract: Contract, *, period: str | None = None, delivery: str | None = None
) -> list[tuple[Verdict, Replayed]]:
    """Judge the kept rows of a feed's standing deliveries again; return what each gave.

    Args:
        engine: the pool.
        contract: the feed's contract.
        period: only this one (ISO day).
        delivery: only this one, named by the start of its id.
    """
    ward = open_ward(engine, contract)
    found = []
    for verdict in standing(engine, contract):
        if period is not None and verdict.arrival.period != period:
            continue
        if delivery is not None and not verdict.arrival.delivery_id.startswith(delivery):
            continue
        if verdict.rows_quarantined:
            with _hold(engine, contract):
                found.append((verdict, replay(ward, verdict)))
    return found


def release_rows(
    engine: Engine,
    contract: Contract,
    verdict: Verdict,
    table: str,
    positions: Sequence[int],
    *,
    actor: str,
    reason: str,
) -> Replayed:
    """Let rows in as they are, for someone in charge; raises NotInChargeError, NotStandingError."""
    if not is_in_charge(engine, contract, actor):
        raise NotInChargeError(
            f"{actor} is neither {contract.contributor}, who answers for {contract.id},"
            " nor a trusted third party of the pool"
        )
    with _hold(engine, contract):
        ward = open_ward(engine, contract)
        return release(ward, verdict, table, positions, actor=actor, reason=reason)


def _hold(engine: Engine, contract: Contract) -> AbstractContextManager[None]:
    """Exclude whoever judges the feed meanwhile, by the lock that `steps.settle` takes."""
    return hold_file_lock(engine.home.scratch / f"{contract.id}.lock")


def is_in_charge(engine: Engine, contract: Contract, actor: str) -> bool:
    """Whether an actor answers for a feed's rows: its contributor, or a trusted third party."""
    known = {a.id: a.roles for a in engine.pool.actors}
    return actor in known and (actor == contract.contributor or "trusted-third-party" in known[actor])


def standing(engine: Engine, contract: Contract) -> list[Verdict]:
    """Return the deliveries that stand for their periods, the oldest period first."""
    current = verdict_store.current(engine.home, contract.id)
    return [one.accepted for one in current if one.accepted is not None]


def follow(engine: Engine, contract: Contract, verdicts: Sequence[Verdict]) -> None:
    """Load what entered, record it and write the feed's pages; indicators follow with the pool's next run."""
    from pipelines import steps

    steps.load(engine, contract, [v.arrival.period for v in verdicts])
    steps.record(engine)
    steps.show(engine)
