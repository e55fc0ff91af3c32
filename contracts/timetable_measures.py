"""The numbers that rules about a GTFS timetable need: days of service, hours, how far ahead it reaches.

Here: one function a kind, from a scene to numbers. Not here: other feeds' numbers (`measures`),
or the canonical notices (`conformance`).
"""

from __future__ import annotations

from datetime import date

from contracts.model import DeliveryRule
from contracts.scene import Numbers, Scene, accepted_columns, accepted_rows, ask


def measure_service_days(scene: Scene, _rule: DeliveryRule) -> Numbers:
    """Return the median of trips a day by type of day, as `profiles/service_days.sql` says."""
    sources = {**_calendars(scene), "trip": accepted_columns(scene, "trip", {"service_id": "VARCHAR"})}
    return ask(scene.con, "service_days.sql", sources, {"today": scene.today})


def measure_service_hours(scene: Scene, _rule: DeliveryRule) -> Numbers:
    """Return first departure and last arrival, in seconds of the service day."""
    source = accepted_rows(scene, "stop_time")
    if source is None:
        return {"skipped": "no accepted stop times"}
    row = scene.con.execute(f"SELECT count(*), min(departure_s), max(arrival_s) FROM ({source})").fetchone()
    if row is None or row[1] is None or row[2] is None:
        return {"skipped": "no accepted stop times"}
    return {"first_departure_s": row[1], "last_arrival_s": row[2], "checked": row[0]}


def measure_calendar(scene: Scene, _rule: DeliveryRule) -> Numbers:
    """Return the last day of service and its distance in days from the injected clock's local day."""
    found = ask(scene.con, "calendar_end.sql", _calendars(scene), {"today": scene.today})
    if found["last_day"] is None:
        return {"skipped": "no accepted calendar"}
    last = date.fromisoformat(found["last_day"])
    return {**found, "days": (last - scene.today).days}


def measure_trips_a_week(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Return the trips of a typical week as `value`: five weekdays, a Saturday and a Sunday (medians)."""
    days = measure_service_days(scene, rule)
    trips = 5 * days["weekday"] + days["saturday"] + days["sunday"]
    return {"value": trips, "checked": scene.landed("trip")}


def measure_service_cliff(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Return the trips of the thinnest week ahead against the usual week, as `service_weeks.sql` says."""
    sources = {**_calendars(scene), "trip": accepted_columns(scene, "trip", {"service_id": "VARCHAR"})}
    given = {"today": scene.today, "days_ahead": int(rule.parameters["days_ahead"])}
    found = ask(scene.con, "service_weeks.sql", sources, given)
    if not found["weeks_ahead"] or not found["usual_trips"]:
        return {"skipped": "no whole week of service lies ahead"}
    pct = round(100 * found["worst_trips"] / found["usual_trips"], 4)
    return {"pct": pct, **found, "checked": scene.landed("trip")}


def _calendars(scene: Scene) -> dict[str, str]:
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    runs = ", ".join(f"CAST({day} AS VARCHAR) IN ('1', 'true')" for day in week)
    calendar, dates = accepted_rows(scene, "calendar"), accepted_rows(scene, "calendar_date")
    no_calendar = (
        "SELECT NULL::VARCHAR AS service_id, NULL::BOOLEAN[] AS runs, "
        "NULL::DATE AS start_date, NULL::DATE AS end_date WHERE FALSE"
    )
    no_dates = (
        "SELECT NULL::VARCHAR AS service_id, NULL::DATE AS day, NULL::VARCHAR AS exception_type WHERE FALSE"
    )
    return {
        "calendar": f"SELECT service_id, [{runs}] AS runs, start_date, end_date FROM ({calendar})"
        if calendar
        else no_calendar,
        "calendar_date": "SELECT service_id, date AS day, CAST(exception_type AS VARCHAR) AS exception_type "
        f"FROM ({dates})"
        if dates
        else no_dates,
    }
