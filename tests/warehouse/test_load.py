"""A feed's period is replaced whole, once, and nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.verdict import Status
from warehouse.core_tables import SchemaConflictError
from warehouse.lake import Lake
from warehouse.load import RejectedDeliveryError, load_deliveries, load_delivery
from warehouse.withdraw import withdraw_periods

DAY, NEXT = "2019-05-13", "2019-05-14"


def levels(lake):
    return (
        lake.cursor()
        .execute("SELECT period::VARCHAR, container_id, level FROM waste.level ORDER BY ALL")
        .fetchall()
    )


def rows(*pairs):
    values = ", ".join(f"('{name}', {level})" for name, level in pairs)
    return f"SELECT * FROM (VALUES {values}) AS t (container_id, level)"


def test_a_redelivery_replaces_its_period_only(lake, bins, place) -> None:
    contract, home = bins(), lake.location.home
    first = place(contract, DAY, "d1", level=rows(("a", 0.1), ("b", 0.2)))
    second = place(contract, NEXT, "d2", level=rows(("a", 0.3)))
    assert load_deliveries(lake, contract, [first, second], home).rows == 3
    again = place(contract, DAY, "d3", level=rows(("a", 0.9)))
    result = load_delivery(lake, contract, again, home)
    assert (result.rows, result.changed, result.deliveries) == (1, True, ("d3",))
    assert levels(lake) == [(DAY, "velia:a", 0.9), (NEXT, "velia:a", 0.3)]


def test_many_periods_are_one_snapshot(lake, bins, place) -> None:
    contract = bins()
    days = [f"2019-05-{day}" for day in range(13, 23)]
    verdicts = [place(contract, day, day, level=rows(("a", 0.1))) for day in days]
    before = lake.snapshot()
    load_deliveries(lake, contract, verdicts, lake.location.home)
    assert lake.snapshot() == before + 1
    assert len(levels(lake)) == 10


def test_loading_again_commits_nothing_and_still_counts_rows(lake, bins, place) -> None:
    contract = bins()
    verdict = place(contract, DAY, "d1", level=rows(("a", 0.1)))
    load_delivery(lake, contract, verdict, lake.location.home)
    before = lake.snapshot()
    again = load_delivery(lake, contract, verdict, lake.location.home)
    assert (again.rows, again.changed) == (1, False)
    assert lake.snapshot() == before


def test_the_same_delivery_judged_anew_with_other_rows_is_loaded_anew(lake, bins, place) -> None:
    contract = bins()
    load_delivery(lake, contract, place(contract, DAY, "d1", level=rows(("a", 0.1))), lake.location.home)
    changed = place(contract, DAY, "d1", level=rows(("a", 0.1), ("b", 0.2)))
    assert load_delivery(lake, contract, changed, lake.location.home).changed
    assert len(levels(lake)) == 2


def test_a_rejected_delivery_leaves_the_last_good_one(lake, bins, place) -> None:
    contract = bins()
    load_delivery(lake, contract, place(contract, DAY, "d1", level=rows(("a", 0.1))), lake.location.home)
    bad = place(contract, DAY, "d2", level=rows(("a", 0.5))).model_copy(update={"status": Status.REJECTED})
    with pytest.raises(RejectedDeliveryError):
        load_delivery(lake, contract, bad, lake.location.home)
    assert levels(lake) == [(DAY, "velia:a", 0.1)]


def test_two_deliveries_of_one_period_are_refused(lake, bins, place) -> None:
    contract = bins()
    both = [place(contract, DAY, name, level=rows(("a", 0.1))) for name in ("d1", "d2")]
    with pytest.raises(ValueError, match="two deliveries of one period"):
        load_deliveries(lake, contract, both, lake.location.home)


def test_a_reader_sees_one_whole_snapshot_and_the_next_one_after(lake, stops, place) -> None:
    contract, home = stops(), lake.location.home
    sql = "SELECT (SELECT max(stop_id) FROM mobility.stop), (SELECT max(trip_id) FROM mobility.trip)"
    old = place(contract, None, "d1", stop="SELECT 'old' AS stop_id", trip="SELECT 'old' AS trip_id")
    new = place(contract, None, "d2", stop="SELECT 'new' AS stop_id", trip="SELECT 'new' AS trip_id")
    load_delivery(lake, contract, old, home)
    with Lake.open(home, read_only=True) as other:
        reader = other.cursor()
        reader.execute("BEGIN")
        assert reader.execute("SELECT stop_id FROM mobility.stop").fetchone() == ("eptc:old",)
        load_delivery(lake, contract, new, home)
        assert reader.execute(sql).fetchone() == ("eptc:old", "eptc:old")
        reader.execute("COMMIT")
        assert reader.execute(sql).fetchone() == ("eptc:new", "eptc:new")


def test_a_snapshot_says_what_was_loaded(lake, bins, place) -> None:
    contract = bins()
    verdicts = [place(contract, day, day, level=rows(("a", 0.1))) for day in (DAY, NEXT)]
    load_deliveries(lake, contract, verdicts, lake.location.home)
    sql = "SELECT commit_message FROM ducklake_snapshots('lake') ORDER BY snapshot_id DESC LIMIT 1"
    expected = f"load velia-bins 1.0.0: {DAY}..{NEXT} (2 periods)"
    assert lake.cursor().execute(sql).fetchone() == (expected,)


def test_two_operators_same_stop_id_never_meet(lake, stops, place) -> None:
    for feed in ("eptc-gtfs", "trensurb-gtfs"):
        contract = stops(feed)
        verdict = place(contract, None, feed, stop="SELECT 'stop_1' AS stop_id", trip="SELECT 't' AS trip_id")
        load_delivery(lake, contract, verdict, lake.location.home)
    found = lake.cursor().execute("SELECT stop_id, feed FROM mobility.stop ORDER BY ALL").fetchall()
    assert found == [("eptc:stop_1", "eptc-gtfs"), ("trensurb:stop_1", "trensurb-gtfs")]


def test_a_table_left_out_of_a_redelivery_is_emptied_for_that_feed(lake, stops, place) -> None:
    contract = stops()
    home = lake.location.home
    load_delivery(
        lake,
        contract,
        place(contract, None, "d1", stop="SELECT 's' AS stop_id", trip="SELECT 't' AS trip_id"),
        home,
    )
    load_delivery(lake, contract, place(contract, None, "d2", stop="SELECT 's2' AS stop_id"), home)
    con = lake.cursor()
    assert con.execute("SELECT stop_id FROM mobility.stop").fetchall() == [("eptc:s2",)]
    assert con.execute("SELECT count(*) FROM mobility.trip").fetchone() == (0,)


def test_accepted_rows_that_are_not_there_are_our_error_and_change_nothing(lake, stops, place) -> None:
    contract = stops()
    with pytest.raises(FileNotFoundError):
        load_delivery(
            lake, contract, place(contract, None, "d1", trip="SELECT 't' AS trip_id"), lake.location.home
        )
    assert not lake.has_table("mobility", "stop")


def test_a_new_column_of_a_new_version_joins_the_table_in_the_same_commit(lake, bins, place) -> None:
    home = lake.location.home
    old = bins()
    load_delivery(lake, old, place(old, DAY, "d1", level=rows(("a", 0.1))), home)
    before = lake.snapshot()
    new = bins("container_id* VARCHAR, level DOUBLE, battery_v DOUBLE", version="1.1.0")
    sql = "SELECT 'a' AS container_id, 0.2::DOUBLE AS level, 3.6::DOUBLE AS battery_v"
    load_delivery(lake, new, place(new, NEXT, "d2", level=sql), home)
    assert lake.snapshot() == before + 1
    found = lake.cursor().execute("SELECT level, battery_v FROM waste.level ORDER BY level").fetchall()
    assert found == [(0.1, None), (0.2, 3.6)]


def test_a_changed_type_says_why_it_cannot_and_leaves_all_as_it_was(lake, bins, place) -> None:
    home = lake.location.home
    old = bins()
    load_delivery(lake, old, place(old, DAY, "d1", level=rows(("a", 0.1))), home)
    new = bins("container_id* VARCHAR, level VARCHAR", version="2.0.0")
    verdict = place(new, DAY, "d2", level="SELECT 'a' AS container_id, 'high' AS level")
    with pytest.raises(SchemaConflictError, match=r"waste\.level\.level is DOUBLE in the lake"):
        load_delivery(lake, new, verdict, home)
    assert levels(lake) == [(DAY, "velia:a", 0.1)]


def test_a_contract_cannot_name_a_column_the_warehouse_adds(lake, bins, place) -> None:
    contract = bins("container_id* VARCHAR, feed VARCHAR")
    verdict = place(contract, DAY, "d1", level="SELECT 'a' AS container_id, 'x' AS feed")
    with pytest.raises(SchemaConflictError, match="feed"):
        load_delivery(lake, contract, verdict, lake.location.home)


def test_a_quote_in_an_id_survives(lake, bins, place) -> None:
    contract = bins()
    load_delivery(
        lake, contract, place(contract, DAY, "d1", level=rows(("l''arrêt; DROP", 0.1))), lake.location.home
    )
    assert levels(lake) == [(DAY, "velia:l'arrêt; DROP", 0.1)]


deliveries = st.lists(
    st.tuples(
        st.sampled_from([DAY, NEXT, "2019-05-15"]),
        st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9), min_size=1),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=deliveries, number=st.integers(0, 10**9))
def test_after_any_history_each_period_holds_exactly_its_last_delivery(
    lake, bins, place, history, number
) -> None:
    contract = bins()
    lake.write(lambda con: con.execute("DROP TABLE IF EXISTS waste.level; DROP TABLE IF EXISTS pool.load"))
    last: dict[str, dict[str, int]] = {}
    for turn, (period, values) in enumerate(history):
        verdict = place(contract, period, f"d{number}-{turn}", level=rows(*values.items()))
        load_delivery(lake, contract, verdict, lake.location.home)
        last[period] = values
    expected = [(p, f"velia:{name}", float(v)) for p, values in last.items() for name, v in values.items()]
    assert levels(lake) == sorted(expected)


def test_a_withdrawn_period_leaves_its_tables_and_no_other(lake, bins, place) -> None:
    contract, home = bins(), lake.location.home
    days = [place(contract, day, day, level=rows(("a", 0.1))) for day in (DAY, NEXT)]
    load_deliveries(lake, contract, days, home)
    assert withdraw_periods(lake, contract.id, [NEXT, "2019-05-15"]) == [NEXT]
    assert levels(lake) == [(DAY, "velia:a", 0.1)]
    before = lake.snapshot()
    assert withdraw_periods(lake, contract.id, [NEXT]) == []
    assert lake.snapshot() == before
    assert load_deliveries(lake, contract, days, home).deliveries == (NEXT,)


def test_a_table_that_a_contract_drops_is_emptied_for_that_feed(lake, stops, place) -> None:
    contract, home = stops(), lake.location.home
    files = {"stop": "SELECT 's' AS stop_id", "trip": "SELECT 't' AS trip_id"}
    load_delivery(lake, contract, place(contract, None, "d1", **files), home)
    fewer = contract.model_copy(update={"tables": contract.tables[:1], "digest": "1" * 64})
    load_delivery(lake, fewer, place(fewer, None, "d2", stop=files["stop"]), home)
    assert lake.cursor().execute("SELECT count(*) FROM mobility.trip").fetchone() == (0,)
