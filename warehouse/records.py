"""What the pool knows of itself in the lake: actors, contracts, deliveries, what each rule found.

Here: verdicts and contracts as rows of `pool.*`. Not here: judging (`contracts`) or loading (`load`).
Every table is replaced whole, and only where its rows changed.
"""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from contracts.layout import Home
from contracts.model import Contract
from contracts.verdict import Verdict
from warehouse.core_tables import table_name
from warehouse.lake import Lake
from warehouse.quoting import columns, identifier, literal
from warehouse.state import Stored, digest_file, read_stored, replace_tables

if TYPE_CHECKING:
    from contracts.pool import Actor, Pool

Row = Mapping[str, Any]

_COLUMNS = {
    "actor": """
        actor VARCHAR, name VARCHAR, roles VARCHAR[], email VARCHAR, homepage VARCHAR
    """,
    "feed": """
        feed VARCHAR, contributor VARCHAR, name VARCHAR, domain VARCHAR, standard VARCHAR, mode
        VARCHAR, starts_on DATE, step_s BIGINT, frequency_s BIGINT, latency_s BIGINT,
        completeness_pct DECIMAL(9,3), licence VARCHAR, contract_version VARCHAR, table_names
        VARCHAR[]
    """,
    "contract_version": """
        feed VARCHAR, contract_version VARCHAR, contributor VARCHAR, contract_digest VARCHAR,
        is_current BOOLEAN, deliveries BIGINT
    """,
    "delivery": """
        feed VARCHAR, period DATE, received_at TIMESTAMPTZ, delivery_id VARCHAR, contributor
        VARCHAR, verdict VARCHAR, rows_landed BIGINT, rows_accepted BIGINT, rows_quarantined BIGINT,
        rows_loaded BIGINT, rows_released BIGINT, is_current BOOLEAN, contract_version VARCHAR,
        contract_digest VARCHAR, engine_version VARCHAR, sha256 VARCHAR, size BIGINT, source VARCHAR,
        published_at TIMESTAMPTZ
    """,
    "rule_result": """
        feed VARCHAR, period DATE, delivery_id VARCHAR, rule VARCHAR, table_name VARCHAR,
        column_name VARCHAR, contributor VARCHAR, severity VARCHAR, dimension VARCHAR, outcome
        VARCHAR, checked_rows BIGINT, failed_rows BIGINT, observed VARCHAR, expected VARCHAR, reason
        VARCHAR
    """,
}
"""Columns of each `pool.*` table; rows are sorted by all of them, in order."""


def record_pool(lake: Lake, pool: Pool) -> bool:
    """Record the pool's actors and contracts in `pool.actor` and `pool.feed`; whether anything changed."""
    return _record(
        lake,
        {
            "actor": [_actor_row(actor) for actor in pool.actors],
            "feed": [_feed_row(contract) for contract in pool.contracts],
        },
    )


def record_verdicts(lake: Lake, pool: Pool, verdicts: Sequence[Verdict]) -> bool:
    """Record every verdict of the pool, given all of them; whether anything changed.

    Fills `pool.delivery`, `pool.rule_result` and `pool.contract_version`, and does `record_pool`. Call
    it after loading: `is_current` and `rows_loaded` say what the lake holds of a delivery.
    """
    loads, released = _read_loads(lake), _count_released(lake.location.home, verdicts)
    is_new = record_pool(lake, pool)
    rows = {
        "delivery": [_delivery_row(verdict, loads, released) for verdict in verdicts],
        "rule_result": [row for verdict in verdicts for row in _rule_rows(verdict)],
        "contract_version": _version_rows(pool.contracts, verdicts),
    }
    return _record(lake, rows) or is_new


def _record(lake: Lake, tables: Mapping[str, Sequence[Row]]) -> bool:
    """Write each table's rows as sorted Parquet and replace those whose digest is new."""
    changed: dict[str, Path] = {}
    states: list[Stored] = []
    with _open_work(lake) as (con, folder):
        stored = read_stored(con, lake)
        for table, rows in tables.items():
            name, path = f"pool.{table}", folder / f"{table}.parquet"
            _write(con, _COLUMNS[table], rows, path)
            state = Stored(name, digest_file(path), "", len(rows))
            if stored.get(name) != state:
                changed[name] = path
                states.append(state)
        replace_tables(lake, changed, states)
    return bool(changed)


@contextmanager
def _open_work(lake: Lake) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    folder = lake.location.home.scratch.resolve() / f"records-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    con = lake.cursor()
    try:
        yield con, folder
    finally:
        con.close()
        shutil.rmtree(folder, ignore_errors=True)


def _write(con: duckdb.DuckDBPyConnection, definition: str, rows: Sequence[Row], path: Path) -> None:
    """Write rows as Parquet with the given columns and types, sorted by all of them; by way of Arrow."""
    import pyarrow

    kinds = dict(part.split(" ", 1) for part in " ".join(definition.split()).split(", "))
    arrays = {name: pyarrow.array([row[name] for row in rows]) for name in kinds}
    con.register("given", pyarrow.table(arrays))
    casts = ", ".join(
        f"CAST({identifier(name)} AS {kind}) AS {identifier(name)}" for name, kind in kinds.items()
    )
    try:
        con.execute(f"""
            COPY (SELECT {casts} FROM given ORDER BY {columns(kinds)})
            TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)
        """)
    finally:
        con.unregister("given")


@dataclass(frozen=True)
class _Load:
    delivery_id: str
    rows: int


def _read_loads(lake: Lake) -> dict[tuple[str, str | None], _Load]:
    """Return (feed, period) -> what the lake holds."""
    if not lake.has_table("pool", "load"):
        return {}
    query = "SELECT feed, period, delivery_id, row_count FROM pool.load"
    rows = lake.cursor().execute(query).fetchall()
    return {(feed, _iso(period)): _Load(delivery, count) for feed, period, delivery, count in rows}


def _count_released(home: Home, verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Return, by delivery, how many rows entered from its quarantine; deliveries without any are absent."""
    import pyarrow.parquet

    found: Counter[str] = Counter()
    for verdict in verdicts:
        folder = home.accepted / (verdict.folder or "-")
        for path in folder.glob("*.released.parquet"):
            found[verdict.arrival.delivery_id] += pyarrow.parquet.read_metadata(path).num_rows
    return found


def _iso(period: date | None) -> str | None:
    return period.isoformat() if period else None


def _actor_row(actor: Actor) -> Row:
    return {
        "actor": actor.id,
        "name": actor.name,
        "roles": list(actor.roles),
        "email": actor.email,
        "homepage": actor.homepage,
    }


def _feed_row(contract: Contract) -> Row:
    levels, delivery = contract.service_levels, contract.delivery
    return {
        "feed": contract.id,
        "contributor": contract.contributor,
        "name": contract.name,
        "domain": contract.domain,
        "standard": contract.based_on,
        "mode": delivery.mode.value,
        "starts_on": delivery.starts_on,
        "step_s": delivery.step_s,
        "frequency_s": levels.frequency_s,
        "latency_s": levels.latency_s,
        "completeness_pct": levels.completeness_pct,
        "licence": contract.terms.licence,
        "contract_version": contract.version,
        "table_names": [table_name(contract, table) for table in contract.tables],
    }


def _delivery_row(
    verdict: Verdict, loads: Mapping[tuple[str, str | None], _Load], released: Mapping[str, int]
) -> Row:
    arrival = verdict.arrival
    load = loads.get((arrival.feed, arrival.period))
    is_current = load is not None and load.delivery_id == arrival.delivery_id
    return {
        "feed": arrival.feed,
        "period": arrival.period,
        "received_at": arrival.received_at,
        "delivery_id": arrival.delivery_id,
        "contributor": arrival.contributor,
        "verdict": verdict.status.value,
        "rows_landed": verdict.rows_landed,
        "rows_accepted": verdict.rows_accepted,
        "rows_quarantined": verdict.rows_quarantined,
        "rows_loaded": load.rows if load is not None and is_current else 0,
        "rows_released": released.get(arrival.delivery_id, 0),
        "is_current": is_current,
        "contract_version": verdict.contract_version,
        "contract_digest": verdict.contract_digest,
        "engine_version": verdict.engine_version,
        "sha256": arrival.sha256,
        "size": arrival.size,
        "source": arrival.source,
        "published_at": arrival.published_at,
    }


def _rule_rows(verdict: Verdict) -> Iterable[Row]:
    arrival = verdict.arrival
    for result in verdict.rules:
        yield {
            "feed": arrival.feed,
            "period": arrival.period,
            "delivery_id": arrival.delivery_id,
            "contributor": arrival.contributor,
            "rule": result.rule,
            "table_name": result.table,
            "column_name": result.column,
            "severity": result.severity.value,
            "dimension": result.dimension.value,
            "outcome": result.outcome.value,
            "checked_rows": result.checked_rows,
            "failed_rows": result.failed_rows,
            "observed": result.observed,
            "expected": result.expected,
            "reason": result.reason,
        }


def _version_rows(contracts: Sequence[Contract], verdicts: Sequence[Verdict]) -> list[Row]:
    """Return a row per contract version that stands in the pool or that a delivery was judged under."""
    current = {(c.id, c.version, c.contributor, c.digest) for c in contracts}
    used = Counter(
        (v.arrival.feed, v.contract_version, v.arrival.contributor, v.contract_digest) for v in verdicts
    )
    return [
        {
            "feed": key[0],
            "contract_version": key[1],
            "contributor": key[2],
            "contract_digest": key[3],
            "is_current": key in current,
            "deliveries": used[key],
        }
        for key in sorted(current | set(used))
    ]
