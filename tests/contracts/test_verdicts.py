"""The store of verdicts: what stands for a period after several deliveries of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import verdicts
from contracts.layout import Home
from contracts.model import (
    Column,
    Contract,
    Delivery,
    DeliveryRule,
    LogicalType,
    RowRule,
    Server,
    Table,
    Terms,
)
from contracts.verdict import Arrival, Status, Verdict

MORNING = datetime(2019, 6, 10, 9, tzinfo=UTC)


def verdict_of(
    name: str,
    status: Status = Status.ACCEPTED,
    *,
    feed: str = "readings",
    period: str | None = "2019-05-27",
    minutes: int = 0,
) -> Verdict:
    arrival = Arrival(
        delivery_id=name,
        contributor="enerflux",
        feed=feed,
        period=period,
        sha256=name * 4,
        size=1,
        source="inline",
        received_at=MORNING + timedelta(minutes=minutes),
    )
    return Verdict(
        arrival=arrival,
        contract_version="1.0.0",
        contract_digest="c",
        reference_digest="r",
        engine_version="1",
        status=status,
        rows_landed=1,
        rows_accepted=1,
        rows_quarantined=0,
        folder=f"{feed}/{period or 'snapshot'}/{name}@1.0.0",
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_verdict_reads_back_as_it_was_recorded(home: Home) -> None:
    verdict = verdict_of("a1")
    path = verdicts.record(home, verdict)
    assert path == home.verdicts / "readings" / "2019-05-27" / "a1.json"
    assert verdicts.load(home, "readings", "2019-05-27", "a1") == verdict
    assert verdicts.load(home, "readings", "2019-05-27", "b2") is None


def test_a_rejected_delivery_leaves_the_last_good_one(home: Home) -> None:
    verdicts.record(home, verdict_of("good"))
    verdicts.record(home, verdict_of("bad", Status.REJECTED, minutes=5))
    (current,) = verdicts.current(home)
    assert current.newest.arrival.delivery_id == "bad"
    assert current.accepted is not None
    assert current.accepted.arrival.delivery_id == "good"


def test_a_period_that_was_only_rejected_has_no_accepted_delivery(home: Home) -> None:
    verdicts.record(home, verdict_of("bad", Status.REJECTED))
    assert verdicts.current(home)[0].accepted is None
    assert verdicts.newest_accepted(home, "readings", "2019-05-27") is None


def test_a_good_old_delivery_that_comes_back_is_the_newest_again(home: Home) -> None:
    verdicts.record(home, verdict_of("good"))
    verdicts.record(home, verdict_of("other", Status.ACCEPTED_WITH_WARNINGS, minutes=5))
    verdicts.record(home, verdict_of("good", minutes=10))
    newest, accepted = verdicts.newest(home, "readings", "2019-05-27"), verdicts.current(home)[0].accepted
    assert newest is not None
    assert accepted is not None
    assert newest.arrival.delivery_id == accepted.arrival.delivery_id == "good"


def test_at_the_same_instant_the_delivery_recorded_last_is_the_newest(home: Home) -> None:
    for name in ("v1", "v2"):
        verdicts.record(home, verdict_of(name))
    newest = verdicts.newest(home, "readings", "2019-05-27")
    assert newest is not None
    assert newest.arrival.delivery_id == "v2"


def test_a_known_delivery_that_landing_sees_again_keeps_its_first_arrival_and_is_the_newest(
    home: Home,
) -> None:
    """Landing never changes a delivery it knows: when it was seen again is the gate's clock."""
    verdicts.record(home, verdict_of("good"))
    verdicts.record(
        home, verdict_of("bad", Status.REJECTED, minutes=5), seen_at=MORNING + timedelta(minutes=5)
    )
    verdicts.record(home, verdict_of("good"), seen_at=MORNING + timedelta(minutes=10))
    newest = verdicts.newest(home, "readings", "2019-05-27")
    assert newest == verdict_of("good")


def test_recording_the_same_again_touches_no_file(home: Home) -> None:
    path = verdicts.record(home, verdict_of("a"))
    before = {p: p.stat().st_mtime_ns for p in path.parent.iterdir()}
    verdicts.record(home, verdict_of("a"))
    assert {p: p.stat().st_mtime_ns for p in path.parent.iterdir()} == before


def test_judging_an_older_delivery_again_does_not_make_it_the_newest(home: Home) -> None:
    verdicts.record(home, verdict_of("old"))
    verdicts.record(home, verdict_of("new", minutes=5))
    verdicts.record(home, verdict_of("old", Status.REJECTED))
    newest = verdicts.newest(home, "readings", "2019-05-27")
    assert newest is not None
    assert newest.arrival.delivery_id == "new"


def test_history_holds_the_newest_accepted_delivery_of_each_earlier_period(home: Home) -> None:
    verdicts.record(home, verdict_of("a", period="2019-05-13"))
    verdicts.record(home, verdict_of("b", Status.REJECTED, period="2019-05-14"))
    verdicts.record(home, verdict_of("c1", period="2019-05-15"))
    verdicts.record(home, verdict_of("c2", period="2019-05-15", minutes=5))
    verdicts.record(home, verdict_of("d", period="2019-05-16"))
    past = verdicts.history(home, "readings", before="2019-05-16")
    assert [v.arrival.delivery_id for v in past] == ["a", "c2"]
    assert [v.arrival.delivery_id for v in verdicts.history(home, "readings", length=1)] == ["d"]


def test_history_of_a_snapshot_feed_is_its_accepted_deliveries_in_order_of_arrival(home: Home) -> None:
    for minutes, (name, status) in enumerate(
        [("a", Status.ACCEPTED), ("b", Status.REJECTED), ("c", Status.ACCEPTED)]
    ):
        verdicts.record(home, verdict_of(name, status, period=None, minutes=minutes))
    assert [v.arrival.delivery_id for v in verdicts.history(home, "readings")] == ["a", "c"]


def test_the_newest_accepted_of_a_feed_is_that_of_its_latest_period(home: Home) -> None:
    verdicts.record(home, verdict_of("late", period="2019-05-20"))
    verdicts.record(home, verdict_of("early", period="2019-05-13", minutes=30))
    newest = verdicts.newest_accepted(home, "readings")
    before = verdicts.newest_accepted(home, "readings", before="2019-05-20")
    assert newest is not None
    assert before is not None
    assert (newest.arrival.delivery_id, before.arrival.delivery_id) == ("late", "early")


def test_feeds_do_not_mix_and_an_empty_home_has_no_verdicts(home: Home) -> None:
    assert verdicts.load_all(home) == []
    assert verdicts.current(home) == []
    verdicts.record(home, verdict_of("a"))
    verdicts.record(home, verdict_of("b", feed="meters", period=None))
    assert [v.arrival.feed for v in verdicts.load_all(home)] == ["meters", "readings"]
    assert [v.arrival.feed for v in verdicts.load_all(home, "meters")] == ["meters"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 3)), min_size=1, max_size=8))
def test_whatever_the_order_of_arrivals_the_index_names_the_last_accepted(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[str, bool, int]]
) -> None:
    """Against a plain model: a delivery stands where it was seen last, with its last status."""
    home = Home(tmp_path_factory.mktemp("home"))
    last: dict[str, tuple[int, int, bool]] = {}
    for turn, (name, is_good, minutes) in enumerate(arrivals):
        status = Status.ACCEPTED if is_good else Status.REJECTED
        verdicts.record(home, verdict_of(name, status, minutes=minutes))
        last[name] = (*max((minutes, turn), last.get(name, (-1, 0, False))[:2]), is_good)
    good = [n for n in sorted(last, key=last.__getitem__) if last[n][2]]
    current = verdicts.current(home)[0]
    assert current.newest.arrival.delivery_id == max(last, key=last.__getitem__)
    assert (current.accepted.arrival.delivery_id if current.accepted else None) == (
        good[-1] if good else None
    )


def needy_contract() -> Contract:
    column = Column(
        name="meter_id",
        source="prm",
        logical_type=LogicalType.STRING,
        physical_type="VARCHAR",
        primary_key=True,
    )
    known = RowRule(
        id="unknown_meter", kind="known_reference", columns=("meter_id",), needs=("meters/meter",)
    )
    rule = DeliveryRule(
        id="series_incomplete",
        kind="series_complete",
        parameters={"table": "reading", "key": "meter_id", "register": "meters/site"},
        needs=("history",),
    )
    return Contract(
        id="readings",
        version="1.0.0",
        status="active",
        name="Readings",
        domain="energy",
        contributor="enerflux",
        tables=(Table(name="reading", source="reading", columns=(column,), rules=(known,)),),
        rules=(rule,),
        delivery=Delivery(mode="periodic", period="P1D"),
        server=Server(location="x", type="local", wire_format="delimited"),
        terms=Terms(licence="CC0-1.0"),
        digest="c",
    )


def test_a_register_is_the_accepted_table_of_its_feeds_newest_accepted_delivery(home: Home) -> None:
    contract = needy_contract()
    assert verdicts.needed_registers(contract) == ("meters/meter", "meters/site")
    empty = verdicts.registers_for(home, contract)
    assert dict(empty.paths) == {}

    def deliver(name: str, status: Status, minutes: int) -> None:
        verdict = verdict_of(name, status, feed="meters", period=None, minutes=minutes)
        folder = home.accepted / str(verdict.folder)
        folder.mkdir(parents=True)
        (folder / "meter.parquet").touch()
        verdicts.record(home, verdict)

    deliver("m1", Status.ACCEPTED, 0)
    first = verdicts.registers_for(home, contract)
    deliver("m2", Status.REJECTED, 5)
    assert verdicts.registers_for(home, contract) == first
    deliver("m3", Status.ACCEPTED_WITH_WARNINGS, 10)
    third = verdicts.registers_for(home, contract)
    assert third.paths["meters/meter"] == home.accepted / "meters/snapshot/m3@1.0.0/meter.parquet"
    assert len({empty.digest, first.digest, third.digest}) == 3
