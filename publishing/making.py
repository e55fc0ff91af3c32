"""Making one dataset: terms first, then its rows, its files, and the audit of what was staged.

Here: the two kinds of dataset, query and personal aggregate. Not here: catalogues and the switch
(`publish`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from contracts.layout import Home
from contracts.model import Contract
from contracts.verdict import Verdict
from publishing.dataset import Dataset, Kind
from publishing.described import Described, PublishedFile, SourceDelivery
from publishing.disclosure.audit import audit_energy
from publishing.disclosure.energy import (
    EnergyTask,
    collect_members,
    prepare_energy,
    redact_energy,
    withhold_sensitive,
)
from publishing.disclosure.vintages import draft_seal, withhold_revisions
from publishing.errors import PublicationError
from publishing.extracts import check_table, write_dataset
from publishing.gated import INDICATOR_TABLES, Gate
from publishing.licences import combine_licences, list_attributions
from publishing.query import Query, gate_tables, read_query
from publishing.terms import judge_columns
from publishing.withdrawal import withdraw_closed
from warehouse.quoting import identifier, literal

if TYPE_CHECKING:
    from contracts.pool import Pool

_TABLE = "extract"


def make_dataset(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    pool: Pool,
    *,
    home: Home,
    accepted: Mapping[str, Verdict],
    staging: Path,
    now: datetime,
    environ: Mapping[str, str],
) -> Described:
    """Write one dataset below `staging` and describe it. Raises PublicationError before or after writing."""
    gate = Gate(con, dataset, pool, now=now)
    dataset, query, withdrawn = _check_query(dataset, gate)
    contracts = _contracts_of(dataset, gate, pool)
    licence = combine_licences(dataset.id, contracts)
    deliveries = _deliveries(con, dataset, gate, accepted)
    if query is None:
        task = prepare_energy(con, dataset, gate.offers, zone=pool.timezone, now=now, environ=environ)
        files = _make_aggregate(con, task, home, staging)
        rules = _rules_in_words(task)
    else:
        files = _make_query(con, dataset, gate_tables(query, gate.subquery), staging)
        rules = ()
    staged = staging / files[0].path
    return Described(
        dataset=dataset,
        files=files,
        rows=_count(con, staged, "TRUE"),
        withheld=_count(con, staged, "conf_status = 'C'") if dataset.aggregate else 0,
        licence=licence,
        contracts=contracts,
        attributions=list_attributions(contracts),
        deliveries=deliveries,
        temporal=_coverage(con, dataset, staged, pool.timezone),
        rules=rules,
        withdrawn=withdrawn,
    )


def _check_query(dataset: Dataset, gate: Gate) -> tuple[Dataset, Query | None, tuple[str, ...]]:
    """Read the dataset's query and hold it to the columns that its sources leave open.

    An output that a contributor keeps closed is taken out; a dataset that needs one is refused.
    """
    if dataset.kind is not Kind.QUERY:
        return dataset, None, ()
    schema = gate.schema()
    dataset, query, withdrawn = withdraw_closed(dataset, read_query(dataset, schema), schema, gate.offers)
    judge_columns(dataset, query.promised, gate.offers)
    return dataset, query, withdrawn


def _make_query(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, sql: str, staging: Path
) -> tuple[PublishedFile, ...]:
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {_TABLE} AS {sql}")
    except duckdb.Error as error:
        raise PublicationError(dataset.id, "query_fails", str(error).splitlines()[0]) from error
    check_table(con, dataset, _TABLE)
    return write_dataset(con, dataset, _TABLE, staging)


def _make_aggregate(
    con: duckdb.DuckDBPyConnection, task: EnergyTask, home: Home, staging: Path
) -> tuple[PublishedFile, ...]:
    """Sum, judge, redact, write; then audit the file, and only then write down who is behind it."""
    dataset = task.dataset
    collect_members(con, task)
    withhold_sensitive(con, task)
    withhold_revisions(con, task, home)
    redact_energy(con, _TABLE)
    check_table(con, dataset, _TABLE)
    files = write_dataset(con, dataset, _TABLE, staging)
    staged = staging / files[0].path
    audit_energy(
        con,
        dataset.id,
        staged,
        contracts=task.contracts,
        policy=task.aggregate.policy,
        length_days=task.length_days,
        p_percent=task.thresholds.p_percent,
        resolution=task.aggregate.zone_resolution,
        parameters=task.parameters,
    )
    draft_seal(con, home, files[0].sha256, staged)
    return files


def _contracts_of(dataset: Dataset, gate: Gate, pool: Pool) -> tuple[Contract, ...]:
    """Contracts whose rows the dataset reads; of an engine table, those of its sources."""
    found = {
        offer.contract.id: offer.contract for table in dataset.tables for offer in gate.offers.get(table, ())
    }
    if "pool.delivery" in dataset.tables:
        found |= {contract.id: contract for contract in pool.contracts if dataset.reads(contract.id)}
    if any(table in INDICATOR_TABLES for table in dataset.tables):
        found |= {contract.id: contract for one in gate.indicators for contract in one.contracts}
    return tuple(found[name] for name in sorted(found))


def _deliveries(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, gate: Gate, accepted: Mapping[str, Verdict]
) -> tuple[SourceDelivery, ...]:
    """Deliveries behind the rows that may leave; each must have been accepted.

    Raises PublicationError `delivery_not_accepted`.
    """
    ids: set[tuple[str, str]] = set()
    tables = set(dataset.tables)
    if "indicator.value" in tables:
        tables |= {table for one in gate.indicators for table in one.tables}
    for table in sorted(tables):
        ids |= {(str(feed), str(one)) for feed, one in con.execute(gate.delivery_select(table)).fetchall()}
    missing = sorted(f"{feed} {one}" for feed, one in ids if one not in accepted)
    if missing:
        problem = f"the lake holds rows of deliveries without an accepted verdict: {', '.join(missing[:3])}"
        raise PublicationError(dataset.id, "delivery_not_accepted", problem)
    found = [_source_delivery(accepted[one]) for _, one in sorted(ids)]
    return tuple(sorted(found, key=lambda d: (d.feed, d.period or "", d.delivery_id)))


def _source_delivery(verdict: Verdict) -> SourceDelivery:
    arrival = verdict.arrival
    return SourceDelivery(
        contributor=arrival.contributor,
        feed=arrival.feed,
        period=arrival.period,
        delivery_id=arrival.delivery_id,
        sha256=arrival.sha256,
        contract_version=verdict.contract_version,
    )


def _rules_in_words(task: EnergyTask) -> tuple[str, ...]:
    """What a reader may know of the rules: method and minimum counts, never p."""
    counts = ", ".join(f"{name} {count}" for name, count in sorted(task.thresholds.minimum_units.items()))
    return (
        f"Disclosure control, policy {task.thresholds.policy}: primary rules (minimum number of active "
        f"units: {counts}; concentration), judged over the whole span, audited before publication.",
        "Contrôle de divulgation : cellules sensibles retenues sur toute la période (valeur nulle, C).",
    )


def _coverage(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, staged: Path, zone: str
) -> tuple[date, date] | None:
    """First and last local day of the dataset's temporal column.

    Raises PublicationError `temporal_not_a_day` where it holds neither days nor instants.
    """
    if dataset.temporal is None:
        return None
    column = identifier(dataset.temporal)
    source = f"read_parquet({literal(str(staged))})"
    described = con.execute(f"DESCRIBE SELECT {column} FROM {source}").fetchall()
    kind = str(described[0][1])
    if not kind.startswith(("DATE", "TIMESTAMP")):
        problem = f"column {dataset.temporal} holds {kind}, neither days nor instants"
        raise PublicationError(dataset.id, "temporal_not_a_day", problem)
    day = f"timezone({literal(zone)}, {column})::DATE" if "TIME ZONE" in kind else f"{column}::DATE"
    row = con.execute(f"SELECT min({day}), max({day}) FROM {source}").fetchone()
    return (row[0], row[1]) if row and row[0] is not None else None


def _count(con: duckdb.DuckDBPyConnection, staged: Path, condition: str) -> int:
    row = con.execute(
        f"SELECT count(*) FROM read_parquet({literal(str(staged))}) WHERE {condition}"
    ).fetchone()
    return int(row[0]) if row else 0
