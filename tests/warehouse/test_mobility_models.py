"""The timetable's models on tiny feeds: service days, instants, interpolation, runs, lengths, hours."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.functions import register_functions
from warehouse.model_files import read_models

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT.parent / "shared" / "indicators" / "examples"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
COLUMNS = {
    "agency": "agency_id VARCHAR, agency_timezone VARCHAR",
    "stop": "stop_id VARCHAR, stop_lat DOUBLE, stop_lon DOUBLE",
    "trip": "trip_id VARCHAR, route_id VARCHAR, service_id VARCHAR, shape_id VARCHAR",
    "stop_time": "trip_id VARCHAR, stop_sequence INTEGER, stop_id VARCHAR, arrival_s INTEGER, "
    "departure_s INTEGER, pickup_type INTEGER, shape_dist_traveled DOUBLE",
    "calendar": "service_id VARCHAR, "
    + ", ".join(f"{day} INTEGER" for day in WEEKDAYS)
    + ", start_date DATE, end_date DATE",
    "calendar_date": "service_id VARCHAR, date DATE, exception_type INTEGER",
    "shape": "shape_id VARCHAR, shape_pt_lat DOUBLE, shape_pt_lon DOUBLE, shape_pt_sequence INTEGER, "
    "shape_dist_traveled DOUBLE",
    "frequency": "trip_id VARCHAR, start_time VARCHAR, end_time VARCHAR, headway_secs INTEGER",
    "feed_info": "feed_start_date DATE, feed_end_date DATE",
}
MODELS = read_models()


def build(
    rows: dict[str, list[tuple[object, ...]]], zone: str = "UTC", **days: str
) -> duckdb.DuckDBPyConnection:
    """Build every mobility model on a feed given by its tables' rows."""
    con = duckdb.connect(config={"threads": 1, "memory_limit": "256MB"})
    register_functions(con)
    con.execute("SET TimeZone='UTC'; CREATE SCHEMA mobility")
    for table, columns in COLUMNS.items():
        con.execute(f"CREATE TABLE mobility.{table} ({columns})")
        for row in rows.get(table, []):
            con.execute(f"INSERT INTO mobility.{table} VALUES ({', '.join('?' * len(row))})", list(row))
        for column in ("contributor", "feed", "delivery_id"):
            con.execute(f"ALTER TABLE mobility.{table} ADD COLUMN {column} VARCHAR DEFAULT 'one'")
    con.execute("SET VARIABLE timezone = ?", [zone])
    for name, fallback in (("first_day", "2019-05-13"), ("last_day", "2019-05-19")):
        con.execute(f"SET VARIABLE {name} = ?", [dt.date.fromisoformat(days.get(name, fallback))])
    for model in MODELS:
        if model.schema == "mobility":
            con.execute(f"CREATE TABLE {model.name} AS {model.sql}")
    return con


def every_day(service: str = "s", start: str = "2019-01-01", end: str = "2019-12-31") -> tuple[object, ...]:
    return (service, *[1] * 7, start, end)


def line(stops: int, step: float = 0.01) -> list[tuple[object, ...]]:
    """Stops along the equator: a degree of longitude is 111,195 m on the sphere."""
    return [(f"p{n}", 0.0, n * step) for n in range(stops)]


def read_example(name: str) -> list[dict[str, str]]:
    if not (EXAMPLES / name).exists():
        return []
    with (EXAMPLES / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


needs_examples = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="worked examples are not beside the repository"
)


def as_day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC).date()


@needs_examples
@pytest.mark.parametrize("case", read_example("service_days.csv"), ids=lambda case: case["case"])
def test_a_service_runs_on_the_days_of_the_worked_example(case: dict[str, str]) -> None:
    rows: dict[str, list[tuple[object, ...]]] = {}
    if case["calendar"].startswith("mon-fri"):
        start, end = case["calendar"].split(" ")[1].split("-")
        rows["calendar"] = [("s", 1, 1, 1, 1, 1, 0, 0, as_day(start), as_day(end))]
    if case["exceptions"]:
        day, _, kind = case["exceptions"].split(" ")
        rows["calendar_date"] = [("s", as_day(day), int(kind))]
    day = as_day(case["date"])
    con = build(rows, first_day=day.isoformat(), last_day=day.isoformat())
    found = con.execute("SELECT count(*) FROM mobility.service_day WHERE service_date = ?", [day]).fetchone()
    assert found == (int(case["expected_active"]),)


def test_an_added_day_that_the_calendar_has_anyway_counts_once() -> None:
    con = build({"calendar": [every_day()], "calendar_date": [("s", "2019-05-15", 1)]})
    assert con.execute("SELECT count(*) FROM mobility.service_day").fetchone() == (7,)


@needs_examples
@pytest.mark.parametrize("case", read_example("late_times.csv"), ids=lambda case: case["departure_time"])
def test_a_time_beyond_midnight_stays_on_its_service_day(case: dict[str, str]) -> None:
    con = build({})
    seconds, instant = con.execute(
        "SELECT gtfs_seconds(?), service_instant(?::DATE, gtfs_seconds(?), 'America/Sao_Paulo')",
        [case["departure_time"], case["service_date"], case["departure_time"]],
    ).fetchall()[0]
    local = instant.astimezone(ZoneInfo("America/Sao_Paulo")).replace(tzinfo=None).isoformat()
    assert (str(seconds), local) == (case["expected_seconds"], case["expected_local_clock"])


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2021-07-01", "2021-06-30T22:00:00+00:00"),
        ("2021-03-28", "2021-03-27T22:00:00+00:00"),
        ("2021-10-31", "2021-10-30T23:00:00+00:00"),
    ],
)
def test_a_service_day_starts_twelve_hours_before_noon_also_when_the_clock_changes(
    day: str, start: str
) -> None:
    con = build({})
    found = con.execute("SELECT service_instant(?::DATE, 0, 'Europe/Paris')", [day]).fetchall()[0][0]
    assert found.astimezone(dt.UTC).isoformat() == start


@needs_examples
@pytest.mark.parametrize("case", read_example("frequencies.csv"), ids=lambda case: case["start_time"])
def test_a_frequency_makes_the_runs_of_the_worked_example(case: dict[str, str]) -> None:
    frequency = ("t", case["start_time"], case["end_time"], int(case["headway_secs"]))
    con = build(two_stop_trip() | {"frequency": [frequency]})
    runs, last = con.execute("""
        SELECT count(*), max(first_departure_s) FROM mobility.service_run WHERE service_date = '2019-05-15'
    """).fetchall()[0]
    hours, minutes, seconds = map(int, case["last_start"].split(":"))
    assert (runs, last) == (int(case["expected_runs"]), hours * 3600 + minutes * 60 + seconds)


def two_stop_trip() -> dict[str, list[tuple[object, ...]]]:
    return {
        "calendar": [every_day()],
        "stop": line(2),
        "trip": [("t", "r", "s", None)],
        "stop_time": [("t", 1, "p0", 3600, 3660, 0, None), ("t", 2, "p1", 4200, 4200, 0, None)],
    }


def test_the_runs_of_a_frequency_keep_the_trip_s_own_offsets() -> None:
    con = build(two_stop_trip() | {"frequency": [("t", "10:00:00", "10:30:00", 900)]})
    rows = con.execute(
        "SELECT run, first_departure_s, last_arrival_s FROM mobility.trip_run ORDER BY run"
    ).fetchall()
    assert rows == [(0, 36000, 36540), (1, 36900, 37440)]


def times(con: duckdb.DuckDBPyConnection) -> list[tuple[int | None, str | None]]:
    query = "SELECT departure_s, time_source FROM mobility.stop_offset ORDER BY stop_sequence"
    return con.execute(query).fetchall()


def trip_with(
    blanks: list[tuple[float, float | None]], end_s: int = 100
) -> dict[str, list[tuple[object, ...]]]:
    """A trip from second 0 to `end_s`; each blank stop is (longitude, shape_dist_traveled)."""
    places = [(0.0, 0.0 if blanks and blanks[0][1] is not None else None), *blanks]
    stops = [(f"p{n}", 0.0, longitude) for n, (longitude, _) in enumerate(places)]
    last = len(places) - 1
    rows = [
        ("t", n, f"p{n}", {0: 0, last: end_s}.get(n), {0: 0, last: end_s}.get(n), 0, dist)
        for n, (_, dist) in enumerate(places)
    ]
    return {"calendar": [every_day()], "stop": stops, "trip": [("t", "r", "s", None)], "stop_time": rows}


def test_a_blank_time_is_linear_in_the_distance_along_the_stops_rounded_down() -> None:
    con = build(trip_with([(0.1, None), (0.4, None), (0.9, None)], end_s=100))
    assert [time for time, _ in times(con)] == [0, 11, 44, 100]
    assert [source for _, source in times(con)] == ["given", "interpolated", "interpolated", "given"]


def test_shape_dist_traveled_goes_before_distance_where_all_stops_of_the_gap_have_it() -> None:
    con = build(trip_with([(0.1, 50.0), (0.4, 75.0), (0.9, 100.0)]))
    assert [time for time, _ in times(con)] == [0, 50, 75, 100]


def test_stops_at_one_place_share_the_time_by_rank() -> None:
    con = build(trip_with([(0.0, None), (0.0, None), (0.0, None)]))
    assert [time for time, _ in times(con)] == [0, 33, 66, 100]


@pytest.mark.parametrize("end", [0, 3])
def test_a_trip_whose_first_or_last_stop_has_no_time_keeps_its_blanks(end: int) -> None:
    rows = trip_with([(0.1, None), (0.4, None), (0.5, None)])
    rows["stop_time"] = [("t", n, f"p{n}", None, None, 0, None) for n in range(4)]
    for n in {0, 1, 3} - {end}:
        rows["stop_time"][n] = ("t", n, f"p{n}", n * 60, n * 60, 0, None)
    sources = [source for _, source in times(build(rows))]
    assert sources == ["given" if n in {0, 1, 3} - {end} else None for n in range(4)]


WEEK = [dt.date(2019, 5, 13) + dt.timedelta(days=n) for n in range(7)]
calendars = st.tuples(
    st.lists(st.booleans(), min_size=7, max_size=7), st.sampled_from(WEEK), st.sampled_from(WEEK)
)
exceptions = st.dictionaries(st.sampled_from(WEEK), st.sampled_from([1, 2]), max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.none() | calendars, exceptions)
def test_service_days_are_the_calendar_s_with_its_exceptions(
    calendar: tuple[list[bool], dt.date, dt.date] | None, excepted: dict[dt.date, int]
) -> None:
    expected = set()
    if calendar is not None:
        flags, start, end = calendar
        expected = {day for day in WEEK if flags[day.weekday()] and start <= day <= end}
    expected |= {day for day, kind in excepted.items() if kind == 1}
    expected -= {day for day, kind in excepted.items() if kind == 2}
    rows: dict[str, list[tuple[object, ...]]] = {
        "calendar_date": [("s", day, kind) for day, kind in excepted.items()]
    }
    if calendar is not None:
        rows["calendar"] = [("s", *map(int, calendar[0]), *calendar[1:])]
    found = build(rows).execute("SELECT service_date FROM mobility.service_day").fetchall()
    assert {day for (day,) in found} == expected
    assert len(found) == len(expected)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(0, 5000))
def test_interpolated_times_never_run_backwards(steps: list[float], end_s: int) -> None:
    longitudes = [sum(steps[: n + 1]) for n in range(len(steps))]
    found = [time for time, _ in times(build(trip_with([(x, None) for x in longitudes], end_s=end_s)))]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, end_s)


SHAPE = [("h", 0.0, n * 0.01, n, None) for n in range(11)]
STEP_M = 6371008.8 * 3.141592653589793 / 180 * 0.01


def length_of(
    stops: list[str], shape: list[tuple[object, ...]], shape_id: str | None = "h"
) -> tuple[float, str]:
    places = [*line(11), ("north", 0.0005, 0.0), ("far", 1.0, 0.0)]
    rows = {
        "calendar": [every_day()],
        "stop": places,
        "trip": [("t", "r", "s", shape_id)],
        "shape": shape,
        "stop_time": [("t", n, stop, n * 60, n * 60, 0, None) for n, stop in enumerate(stops)],
    }
    metres, method = build(rows).execute("SELECT run_m, run_m_method FROM mobility.trip_run").fetchall()[0]
    return float(metres), method


def test_a_short_run_on_a_long_shape_counts_only_its_part() -> None:
    metres, method = length_of(["p2", "p4", "p6"], SHAPE)
    assert method == "shape_clipped"
    assert metres == pytest.approx(4 * STEP_M, abs=0.01)


def test_a_loop_counts_its_whole_shape() -> None:
    there_and_back = SHAPE + [("h", 0.0005, (10 - n) * 0.01, 11 + n, None) for n in range(11)]
    metres, method = length_of(["p0", "p10", "p0"], there_and_back)
    assert method == "shape_whole"
    assert metres == pytest.approx(20 * STEP_M, rel=0.01)


def test_a_shape_that_comes_back_beside_itself_is_clipped_on_the_side_of_each_stop() -> None:
    there_and_back = SHAPE + [("h", 0.0005, (10 - n) * 0.01, 11 + n, None) for n in range(11)]
    metres, method = length_of(["p0", "p10", "north"], there_and_back)
    assert method == "shape_clipped"
    assert metres == pytest.approx(20 * STEP_M, rel=0.01)


def test_a_run_without_a_shape_or_far_from_it_follows_its_stops() -> None:
    assert length_of(["p0", "p3"], [], None) == (pytest.approx(3 * STEP_M, abs=0.01), "stop_chain")
    assert length_of(["p0", "far"], SHAPE)[1] == "stop_chain"


def test_shape_dist_traveled_gives_the_length_in_any_unit() -> None:
    rows = {
        "calendar": [every_day()],
        "stop": line(11),
        "trip": [("t", "r", "s", "h")],
        "shape": [("h", 0.0, n * 0.01, n, n * 7.0) for n in range(11)],
        "stop_time": [("t", 0, "p2", 0, 0, 0, 14.0), ("t", 1, "p7", 60, 60, 0, 49.0)],
    }
    metres, method = build(rows).execute("SELECT run_m, run_m_method FROM mobility.trip_run").fetchall()[0]
    assert (float(metres), method) == (pytest.approx(5 * STEP_M, abs=0.01), "shape_dist_traveled")


@pytest.fixture
def evening() -> Iterator[duckdb.DuckDBPyConnection]:
    """A trip that leaves a second before eight in the evening and ends after midnight."""
    yield build(
        {
            "calendar": [every_day()],
            "stop": line(4),
            "trip": [("t", "r", "s", None)],
            "stop_time": [
                ("t", 1, "p0", 71999, 71999, 0, None),
                ("t", 2, "p1", 72000, 72000, 1, None),
                ("t", 3, "p2", 86399, 86400, 0, None),
                ("t", 4, "p3", 90000, 90000, 0, None),
            ],
        }
    )


def test_a_departure_counts_in_the_hour_it_leaves_in(evening: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT hour, departures FROM mobility.service_stop_hour ORDER BY hour"
    assert evening.execute(query).fetchall() == [(19, 1), (20, 0), (24, 1), (25, 0)]


def test_the_last_stop_and_a_stop_without_pickup_are_no_departures(
    evening: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        SELECT stop_id, events, departures FROM mobility.stop_day WHERE service_date = '2019-05-15' ORDER BY 1
    """
    assert evening.execute(query).fetchall() == [("p0", 1, 1), ("p1", 1, 0), ("p2", 1, 1), ("p3", 1, 0)]


def test_a_run_after_midnight_belongs_to_its_service_date(evening: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT service_date, end_at FROM mobility.service_run ORDER BY service_date LIMIT 1"
    day, end = evening.execute(query).fetchall()[0]
    assert (day, end.astimezone(dt.UTC).isoformat()) == (dt.date(2019, 5, 13), "2019-05-14T01:00:00+00:00")


def test_a_feed_speaks_for_the_days_of_its_calendar_and_its_own_dates_only() -> None:
    con = build({"calendar": [every_day()], "feed_info": [("2019-05-14", "2019-05-17")]})
    found = con.execute("SELECT first_date, last_date FROM mobility.feed_calendar").fetchall()
    assert found == [(dt.date(2019, 5, 14), dt.date(2019, 5, 17))]
