"""Local times without offset on the two days of the year that are not 24 hours long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contracts.model import Delivery, DeliveryMode, RowRule
from contracts.raw_table import RawTable
from tests.contracts.record_gate_toys import Gate, column, contract, failing, known, raw, table

PARIS, FORM = "Europe/Paris", "%d/%m/%Y %H:%M"
WITHIN = RowRule(id="outside_period", kind="within_period", columns=("at",))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def day_of(day: str, stamp: str, zone: str = PARIS) -> list[tuple[datetime, str]]:
    """The half hours of a local day, by Python's own calendar: start in UTC, and the stamp as written."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
    half, at, found = timedelta(minutes=30), start.astimezone(UTC), []
    while at < end.astimezone(UTC):
        named = at + half if stamp == "interval_end" else at
        found.append((at, named.astimezone(ZoneInfo(zone)).strftime(FORM)))
        at += half
    return found


def promise(stamp: str = "interval_start", zone: str = PARIS):
    delivery = Delivery(mode=DeliveryMode.PERIODIC, period="P1D", step_s=1800, stamp=stamp)
    columns = (
        column("meter", primary_key=True, required=True),
        column("at", "TIMESTAMPTZ", primary_key=True, required=True, timezone=zone, date_format=FORM),
    )
    return contract(table(*columns, rules=(WITHIN,)), delivery=delivery, timezone=zone)


def of_meters(stamps: list[str], *meters: str) -> RawTable:
    return raw("meter at", *((meter, stamp) for stamp in stamps for meter in meters))


@pytest.mark.parametrize("stamp", ["interval_start", "interval_end"])
@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2021-03-28", PARIS, 23),
        ("2021-10-30", PARIS, 24),
        ("2021-10-31", PARIS, 25),
        ("2019-02-16", "America/Sao_Paulo", 25),
        ("2021-04-04", "Australia/Lord_Howe", 24.5),
    ],
)
def test_every_half_hour_of_a_long_or_a_short_day_is_one_instant(gate: Gate, stamp, day, zone, hours):
    expected = day_of(day, stamp, zone)
    judgement = gate.judge(promise(stamp, zone), of_meters([s for _, s in expected], "a", "b"), period=day)
    assert failing(judgement) == {}
    starts = [at for at, _ in expected]
    assert len(starts) == 2 * hours
    assert gate.accepted('"at"') == [(at,) for at in starts for _ in "ab"], "in file order"


def test_rows_stay_in_file_order_where_order_tells_the_copies_apart(gate: Gate):
    stamps = [s for _, s in day_of("2021-10-31", "interval_start")]
    gate.judge(promise(), of_meters(stamps, "b", "a"), period="2021-10-31")
    assert gate.accepted("meter") == [("b",), ("a",)] * 50


@pytest.mark.parametrize("copies", [1, 3])
def test_a_repeated_hour_whose_copies_cannot_be_told_apart_is_quarantined(gate: Gate, copies):
    stamps = ["31/10/2021 01:30", *["31/10/2021 02:00"] * copies, "31/10/2021 03:00"]
    judgement = gate.judge(promise(), of_meters(stamps, "a"), period="2021-10-31")
    assert failing(judgement) == {"type_mismatch:at": copies}
    assert gate.quarantined("original['at']") == [("31/10/2021 02:00",)] * copies
    assert len(gate.accepted()) == 2


def test_a_time_that_the_clock_skips_is_no_instant(gate: Gate):
    stamps = ["28/03/2021 01:30", "28/03/2021 02:00", "28/03/2021 02:30", "28/03/2021 03:00"]
    judgement = gate.judge(promise(), of_meters(stamps, "a"), period="2021-03-28")
    assert failing(judgement) == {"type_mismatch:at": 2}
    assert [r for (r,) in gate.accepted('"at"')] == [
        datetime(2021, 3, 28, 0, 30, tzinfo=UTC),
        datetime(2021, 3, 28, 1, 0, tzinfo=UTC),
    ]


def test_a_local_time_outside_any_series_is_quarantined_in_the_hour_that_comes_twice(gate: Gate):
    columns = (column("id", primary_key=True), column("seen", "TIMESTAMPTZ", timezone=PARIS))
    rows = raw("id seen", ("1", "2021-10-31T02:15:00"), ("2", "2021-10-31T03:15:00"), ("3", None))
    judgement = gate.judge(contract(table(*columns)), rows)
    assert failing(judgement) == {"type_mismatch:seen": 1}
    assert gate.accepted() == [("2", datetime(2021, 10, 31, 2, 15, tzinfo=UTC)), ("3", None)]


def side(name: str, source: str, **more):
    return column(
        name, source="", derived=f"CASE {source} WHEN 'in' THEN 'production' ELSE {source} END", **more
    )


def test_a_key_may_be_derived_and_its_repeats_are_found(gate: Gate):
    columns = (column("meter", primary_key=True), column("sent"), side("direction", "sent", primary_key=True))
    rows = raw("meter sent", ("a", "in"), ("a", "out"), ("a", "production"), ("b", "in"))
    judgement = gate.judge(contract(table(*columns)), rows)
    assert failing(judgement) == {"duplicate_key:None": 1}
    assert gate.accepted("meter, direction") == [("a", "production"), ("a", "out"), ("b", "production")]


def test_a_reference_may_start_from_a_derived_column_and_lead_to_one(gate: Gate):
    upper = column("code", source="", derived="upper(sent)", primary_key=True)
    kinds = table(column("sent"), upper, name="kind")
    things = table(
        column("written"),
        column("kind", source="", derived="upper(written)"),
        rules=(known("kind", "kind.code"),),
        name="thing",
    )
    judgement = gate.judge(
        contract(kinds, things),
        raw("sent", ("a",), ("B",), name="kind"),
        raw("written", ("A",), ("b",), ("c",), name="thing"),
    )
    assert failing(judgement) == {"unknown_reference:kind": 1}
    assert gate.accepted("kind", "thing") == [("A",), ("B",)]
