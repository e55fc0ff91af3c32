"""Contracts and verdicts as the gates give them for the bundled feeds' planted faults."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from contracts.layout import Home
from contracts.model import (
    Column,
    Contract,
    Delivery,
    DeliveryMode,
    Dimension,
    LogicalType,
    Server,
    Severity,
    Table,
    Terms,
    WireFormat,
)
from contracts.verdict import Arrival, Example, Outcome, RuleResult, Status, TableCount, Verdict

NOW = datetime(2019, 6, 10, 9, 0, tzinfo=UTC)


def column(name: str, source: str, kind: LogicalType, **more: Any) -> Column:
    return Column(name=name, source=source, logical_type=kind, physical_type="VARCHAR", **more)


def make_contract(**changes: Any) -> Contract:
    """The readings' contract; `changes` replace its fields."""
    reading = Table(
        name="reading",
        source="reading",
        columns=(
            column(
                "meter_id",
                "prm",
                LogicalType.STRING,
                primary_key=True,
                pattern="^[0-9]{14}$",
                classification="personal",
            ),
            column("start_at", "horodate", LogicalType.TIMESTAMP, primary_key=True),
            column("direction", "sens", LogicalType.STRING, primary_key=True),
            column("power_w", "puissance_w", LogicalType.NUMBER, minimum=Decimal(0)),
        ),
    )
    fields: dict[str, Any] = {
        "id": "enerflux-readings",
        "version": "1.1.0",
        "status": "active",
        "name": "Half-hour readings",
        "label": {"fr": "Relevés demi-horaires", "en": "Half-hour readings"},
        "domain": "energy",
        "contributor": "enerflux",
        "based_on": "meter-readings@1",
        "tables": (reading,),
        "delivery": Delivery(mode=DeliveryMode.PERIODIC, period="P1D", starts_on="2019-05-13", step_s=1800),
        "server": Server(
            location="{base}/energy/readings_{period}.csv.gz", type="api", wire_format=WireFormat.DELIMITED
        ),
        "terms": Terms(licence="CC-BY-3.0-AU", protected_unit="meter_id"),
        "support": ("donnees@enerflux.example",),
        "origin_note": {
            "fr": "Mesuré en Australie, relocalisé à Porto Alegre pour la démonstration.",
            "en": "Measured in Australia, relocated to Porto Alegre for the demonstration.",
        },
        "timezone": "America/Sao_Paulo",
        "digest": "d" * 64,
    }
    return Contract(**{**fields, **changes})


def make_gtfs_contract() -> Contract:
    route = Table(
        name="route",
        source="routes.txt",
        columns=(
            column("route_id", "route_id", LogicalType.STRING, primary_key=True),
            column("route_text_color", "route_text_color", LogicalType.STRING),
        ),
    )
    return make_contract(
        id="eptc-gtfs",
        name="Bus timetable",
        label={"fr": "Horaires des bus", "en": "Bus timetable"},
        domain="mobility",
        contributor="eptc",
        based_on="gtfs-schedule@1",
        tables=(route,),
        delivery=Delivery(mode=DeliveryMode.SNAPSHOT),
        server=Server(location="{base}/poa_eptc.zip", type="api", wire_format=WireFormat.GTFS),
        terms=Terms(licence="MIT"),
        origin_note={},
    )


def make_verdict(
    status: Status,
    landed: int,
    quarantined: int = 0,
    rules: tuple[RuleResult, ...] = (),
    *,
    contract: Contract | None = None,
    period: str | None = "2019-05-20",
    delivery_id: str = "0123456789abcdef",
    source: str | None = None,
    received_at: datetime = NOW,
    profile: dict[str, Any] | None = None,
) -> Verdict:
    contract = contract or make_contract()
    table = contract.tables[0].name
    counts = TableCount(table=table, landed=landed, accepted=landed - quarantined, quarantined=quarantined)
    return Verdict(
        arrival=Arrival(
            delivery_id=delivery_id,
            contributor=contract.contributor,
            feed=contract.id,
            period=period,
            sha256="ab" * 32,
            size=170_000,
            source=source or f"http://127.0.0.1:8321/energy/readings_{period}.csv.gz",
            received_at=received_at,
        ),
        contract_version=contract.version,
        contract_digest=contract.digest,
        reference_digest="0" * 64,
        engine_version="0.1.0",
        status=status,
        rows_landed=landed,
        rows_accepted=landed - quarantined,
        rows_quarantined=quarantined,
        tables=(counts,) if landed else (),
        rules=rules,
        profile=profile or {},
    )


def row_rule(
    rule: str, column_name: str | None, failed: int, lines: list[tuple[int, str, str]], **more: Any
) -> RuleResult:
    examples = tuple(
        Example(
            position=line - 2,
            line=line,
            value=value,
            key={"meter_id": meter, "start_at": "2019-05-20T00:00:00-03:00", "direction": "consumption"},
        )
        for line, meter, value in lines
    )
    fields: dict[str, Any] = {
        "rule": rule,
        "table": "reading",
        "column": column_name,
        "severity": Severity.ERROR,
        "dimension": Dimension.ACCURACY,
        "outcome": Outcome.FAILED if failed else Outcome.PASSED,
        "checked_rows": 22409,
        "failed_rows": failed,
        "examples": examples,
    }
    return RuleResult(**{**fields, **more})


def delivery_rule(rule: str, outcome: Outcome, **more: Any) -> RuleResult:
    fields: dict[str, Any] = {
        "rule": rule,
        "table": "reading",
        "severity": Severity.ERROR,
        "dimension": Dimension.COMPLETENESS,
        "outcome": outcome,
    }
    return RuleResult(**{**fields, **more})


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def contract() -> Contract:
    return make_contract()


@pytest.fixture
def faulty_day() -> Verdict:
    """2019-05-20: 102 of 22,409 rows in quarantine, by four rules, one row breaking two."""
    meters = [(2, "30000000007919", "-5"), (452, "30000003175519", "-5"), (902, "30000003048815", "-5")]
    more = [(1352, "30000002937949", "-5"), (1802, "30000002827083", "-5"), (2252, "30000002716217", "-5")]
    return make_verdict(
        Status.ACCEPTED_WITH_WARNINGS,
        22409,
        102,
        (
            row_rule("type_mismatch", "power_w", 0, []),
            row_rule(
                "value_below_minimum", "power_w", 50, meters + more, source="puissance_w", expected=">= 0"
            ),
            row_rule(
                "power_above_segment_ceiling",
                "power_w",
                13,
                [(77, "30000000538492", "999999"), (1877, "30000000095028", "999999")],
                source="puissance_w",
            ),
            row_rule(
                "pattern_mismatch",
                "meter_id",
                10,
                [(35, "12AB", "12AB"), (2735, "12AB", "12AB")],
                source="prm",
                expected="^[0-9]{14}$",
            ),
            row_rule(
                "duplicate_key", None, 30, [(22381, "30000000079190", None), (22402, "30000000229651", None)]
            ),
            delivery_rule(
                "quarantine_above_tolerance",
                Outcome.PASSED,
                observed="0.4552 % (102 / 22409)",
                expected="≤ 2 %",
            ),
            delivery_rule(
                "volume_out_of_range",
                Outcome.SKIPPED,
                reason="needs 7 accepted deliveries of the past, has 6",
            ),
        ),
    )


@pytest.fixture
def half_day() -> Verdict:
    """2019-05-27: 207 of 415 meters in service absent."""
    return make_verdict(
        Status.REJECTED,
        11368,
        0,
        (
            row_rule("value_below_minimum", "power_w", 0, []),
            delivery_rule(
                "series_incomplete",
                Outcome.FAILED,
                observed="50.1 % (9976 / 19920)",
                expected="≥ 90 %",
                checked_rows=9976,
            ),
        ),
        period="2019-05-27",
        delivery_id="27aaaaaaaaaaaaaa",
        profile={
            "series_incomplete.series_expected": 415,
            "series_incomplete.series_seen": 208,
            "series_incomplete.rows": 9976,
            "series_incomplete.rows_expected": 19920,
        },
    )


@pytest.fixture
def changed_format() -> Verdict:
    """2019-06-03: separator, header, decimals and dates changed without notice."""
    missing = tuple(
        delivery_rule("missing_column", Outcome.FAILED, column=c, source=s)
        for c, s in (("meter_id", "prm"), ("start_at", "horodate"), ("power_w", "puissance_w"))
    )
    return make_verdict(
        Status.REJECTED,
        0,
        0,
        (delivery_rule("wrong_separator", Outcome.FAILED, observed=",", expected=";"), *missing),
        period="2019-06-03",
        delivery_id="03bbbbbbbbbbbbbb",
    )


@pytest.fixture
def colours() -> Verdict:
    """EPTC: 115 route colours that GTFS does not know."""
    notice = RuleResult(
        rule="invalid_color",
        table="routes.txt",
        column="route_text_color",
        source="route_text_color",
        severity=Severity.WARNING,
        dimension=Dimension.CONFORMITY,
        outcome=Outcome.WARNING,
        failed_rows=115,
        examples=tuple(Example(position=i, line=i + 2, value="0") for i in range(5)),
    )
    return make_verdict(
        Status.ACCEPTED_WITH_WARNINGS,
        214_567,
        0,
        (notice,),
        contract=make_gtfs_contract(),
        period=None,
        delivery_id="cccccccccccccccc",
        source="http://127.0.0.1:8321/poa_eptc.zip",
    )


@pytest.fixture
def clean_day() -> Verdict:
    """A day that keeps the contract."""
    return make_verdict(
        Status.ACCEPTED,
        22282,
        0,
        (row_rule("value_below_minimum", "power_w", 0, []), row_rule("duplicate_key", None, 0, [])),
        period="2019-05-13",
        delivery_id="13dddddddddddddd",
    )


@pytest.fixture
def gtfs_contract() -> Contract:
    return make_gtfs_contract()
