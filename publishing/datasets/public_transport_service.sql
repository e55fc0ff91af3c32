-- Scheduled service of each route on each service date.
-- grain: route x service date. key: route_id, service_date. units: seconds of the service day (noon
-- minus 12 h local; may exceed 86400). A date without service has no row.
-- source: GTFS trips, stop_times, calendar, calendar_dates, frequencies; a trip in frequencies runs at
-- start + k x headway, strictly before end.
WITH listed AS (
    SELECT
        calendar.feed,
        calendar.service_id,
        unnest(generate_series(calendar.start_date, calendar.end_date, INTERVAL 1 DAY))::DATE AS service_date,
        [
            calendar.monday, calendar.tuesday, calendar.wednesday, calendar.thursday,
            calendar.friday, calendar.saturday, calendar.sunday
        ] AS weekdays
    FROM mobility.calendar
),

service_day AS (
    SELECT
        listed.feed,
        listed.service_id,
        listed.service_date
    FROM listed
    WHERE
        listed.weekdays[isodow(listed.service_date)] = 1
        AND NOT EXISTS (
            SELECT 1 FROM mobility.calendar_date AS removed
            WHERE
                removed.feed = listed.feed
                AND removed.service_id = listed.service_id
                AND removed.date = listed.service_date
                AND removed.exception_type = 2
        )
    UNION
    SELECT
        added.feed,
        added.service_id,
        added.date AS service_date
    FROM mobility.calendar_date AS added
    WHERE added.exception_type = 1
),

repeated AS (
    SELECT
        frequency.feed,
        frequency.trip_id,
        sum(ceil((frequency.end_s - frequency.start_s) / frequency.headway_secs))::BIGINT AS runs,
        min(frequency.start_s) AS first_s,
        max(
            frequency.start_s
            + (ceil((frequency.end_s - frequency.start_s) / frequency.headway_secs) - 1) * frequency.headway_secs
        ) AS last_s
    FROM mobility.frequency
    GROUP BY frequency.feed, frequency.trip_id
),

timed AS (
    SELECT
        stop_time.feed,
        stop_time.trip_id,
        min(stop_time.departure_s) AS first_s,
        max(stop_time.arrival_s) AS last_s
    FROM mobility.stop_time
    GROUP BY stop_time.feed, stop_time.trip_id
),

pattern AS (
    SELECT
        trip.feed,
        trip.route_id,
        trip.service_id,
        sum(coalesce(repeated.runs, 1))::BIGINT AS trips,
        min(coalesce(repeated.first_s, timed.first_s)) AS first_departure_s,
        max(coalesce(repeated.last_s + timed.last_s - timed.first_s, timed.last_s)) AS last_arrival_s
    FROM mobility.trip
    LEFT JOIN repeated ON trip.feed = repeated.feed AND trip.trip_id = repeated.trip_id
    LEFT JOIN timed ON trip.feed = timed.feed AND trip.trip_id = timed.trip_id
    GROUP BY trip.feed, trip.route_id, trip.service_id
)

SELECT
    pattern.route_id,
    service_day.service_date,
    sum(pattern.trips)::BIGINT AS trips,
    min(pattern.first_departure_s)::INTEGER AS first_departure_s,
    max(pattern.last_arrival_s)::INTEGER AS last_arrival_s
FROM pattern
INNER JOIN service_day ON pattern.feed = service_day.feed AND pattern.service_id = service_day.service_id
GROUP BY pattern.route_id, service_day.service_date
