"""Energy by zone and day: personal readings summed over a frozen cohort, judged, and redacted.

Here: the one published form of energy values. Not here: the rules on a cell (`primary`), what earlier
versions already said (`vintages`), the proof on the staged file (`audit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files

import duckdb

from contracts.model import Contract
from publishing.dataset import Aggregate, Dataset
from publishing.disclosure.policy import Thresholds, thresholds_for
from publishing.disclosure.primary import judge_cells
from publishing.errors import PublicationError
from publishing.terms import Offer, embargo_of, judge_measure
from warehouse.models import Value, set_variables

DIRECTIONS = ("consumption", "production")
READINGS = "energy.reading"
METERS = "energy.meter"


@dataclass(frozen=True)
class EnergyTask:
    """A personal aggregate made ready: whose data, over which days, under which thresholds."""

    dataset: Dataset
    aggregate: Aggregate
    contracts: tuple[Contract, ...]
    thresholds: Thresholds
    parameters: Mapping[str, Value]
    """Parameters of `member_day.sql`."""
    length_days: int
    """Days of the whole series that a reader can assemble."""


def prepare_energy(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    offers: Mapping[str, tuple[Offer, ...]],
    *,
    zone: str,
    now: datetime,
    environ: Mapping[str, str],
) -> EnergyTask:
    """Check the terms of an energy aggregate and find its thresholds.

    `zone` is the pool's IANA time zone, `now` the injected clock. Raises PublicationError: a measure that
    is not open, no protected unit, an unknown policy, secrets missing.
    """
    aggregate = dataset.aggregate
    readings, meters = offers.get(READINGS, ()), offers.get(METERS, ())
    if aggregate is None or not readings or not meters:
        raise PublicationError(dataset.id, "unknown_source", f"needs feeds of {READINGS} and {METERS}")
    judge_measure(dataset, "energy_wh", readings)
    contracts = tuple({o.contract.id: o.contract for o in (*readings, *meters)}.values())
    parameters = _parameters(dataset, aggregate, readings, meters, zone=zone, now=now)
    length = _series_length(con, aggregate, sorted({offer.contract.id for offer in readings}))
    thresholds = thresholds_for(
        dataset.id, aggregate.policy, contracts, directions=DIRECTIONS, length_days=length, environ=environ
    )
    return EnergyTask(dataset, aggregate, contracts, thresholds, parameters, length)


def collect_members(con: duckdb.DuckDBPyConnection, task: EnergyTask) -> None:
    """Leave the cohort's contributions in the temporary table `member_day` (Wh per meter and local day)."""
    set_variables(con, task.parameters)
    con.execute(f"CREATE OR REPLACE TEMP TABLE member_day AS {_sql('member_day')}")


def withhold_sensitive(con: duckdb.DuckDBPyConnection, task: EnergyTask) -> None:
    """Leave in `withheld` every zone and direction that is sensitive on any day: it is hidden on all days.

    A status that changed from day to day would itself be a statement about its members.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE withheld (zone VARCHAR, direction VARCHAR)")
    for direction in DIRECTIONS:
        set_variables(con, {"judged_direction": direction})
        contributions = """
            SELECT zone || '|' || day::VARCHAR AS cell, unit, contributor, energy_wh AS amount
            FROM member_day WHERE direction = getvariable('judged_direction')
        """
        judge_cells(
            con,
            contributions,
            "verdict_of_cell",
            minimum_units=task.thresholds.minimum_units[direction],
            p_percent=task.thresholds.p_percent,
        )
        hide_cells(con, "SELECT cell FROM verdict_of_cell WHERE is_sensitive", direction)


def hide_cells(con: duckdb.DuckDBPyConnection, cells: str, direction: str) -> None:
    """Withhold the zones of the cells (`zone|day`) that the SELECT `cells` names, in one direction."""
    con.execute(
        f"INSERT INTO withheld SELECT DISTINCT split_part(cell, '|', 1), ? FROM ({cells}) AS sensitive"
        " WHERE NOT EXISTS (SELECT 1 FROM withheld AS known"
        " WHERE known.zone = split_part(sensitive.cell, '|', 1) AND known.direction = ?)",
        [direction, direction],
    )


def redact_energy(con: duckdb.DuckDBPyConnection, into: str) -> None:
    """Write the table that may leave, from the members and what is withheld, into the temporary table."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS {_sql('redacted')}")


def _parameters(
    dataset: Dataset,
    aggregate: Aggregate,
    readings: tuple[Offer, ...],
    meters: tuple[Offer, ...],
    *,
    zone: str,
    now: datetime,
) -> dict[str, Value]:
    span: tuple[date | None, date | None] = (None, None)
    if aggregate.span is not None:
        span = (aggregate.span.first, aggregate.span.last)
    return {
        "feeds": sorted({offer.contract.id for offer in readings}),
        "registers": sorted({offer.contract.id for offer in meters}),
        "first": span[0],
        "last": span[1],
        "zone": zone,
        "now": now,
        "embargo_s": int(max(embargo_of(dataset.id, o.contract).total_seconds() for o in readings)),
        "resolution": aggregate.zone_resolution,
        "minimum_day_pct": aggregate.minimum_day_pct,
    }


def _series_length(con: duckdb.DuckDBPyConnection, aggregate: Aggregate, feeds: list[str]) -> int:
    """Days of the whole series a reader can assemble: the declared span, or what the lake holds."""
    if aggregate.span is not None:
        return (aggregate.span.last - aggregate.span.first).days + 1
    query = "SELECT count(DISTINCT period) FROM energy.reading WHERE list_contains(?, feed)"
    row = con.execute(query, [feeds]).fetchone()
    return int(row[0]) if row else 0


def _sql(name: str) -> str:
    return files("publishing").joinpath("disclosure", f"{name}.sql").read_text(encoding="utf-8")
