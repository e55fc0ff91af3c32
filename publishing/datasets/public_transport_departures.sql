-- Scheduled departures of each stop on each service date.
-- grain: stop x service date. key: stop_id, service_date. A departure is a call that is not its trip's
-- last and where boarding is allowed (pickup_type is not 1).
-- source: GTFS stop_times, trips, calendar, calendar_dates, frequencies.
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
        sum(ceil((frequency.end_s - frequency.start_s) / frequency.headway_secs))::BIGINT AS runs
    FROM mobility.frequency
    GROUP BY frequency.feed, frequency.trip_id
),

call AS (
    SELECT
        stop_time.feed,
        stop_time.trip_id,
        stop_time.stop_id,
        stop_time.pickup_type,
        stop_time.stop_sequence < max(stop_time.stop_sequence)
            OVER (PARTITION BY stop_time.feed, stop_time.trip_id) AS goes_on
    FROM mobility.stop_time
),

pattern AS (
    SELECT
        trip.feed,
        trip.service_id,
        call.stop_id,
        trip.route_id,
        sum(coalesce(repeated.runs, 1))::BIGINT AS departures
    FROM call
    INNER JOIN mobility.trip ON call.feed = trip.feed AND call.trip_id = trip.trip_id
    LEFT JOIN repeated ON trip.feed = repeated.feed AND trip.trip_id = repeated.trip_id
    WHERE call.goes_on AND coalesce(call.pickup_type, 0) <> 1 AND call.stop_id IS NOT NULL
    GROUP BY trip.feed, trip.service_id, call.stop_id, trip.route_id
)

SELECT
    pattern.stop_id,
    service_day.service_date,
    sum(pattern.departures)::BIGINT AS departures,
    count(DISTINCT pattern.route_id)::INTEGER AS routes
FROM pattern
INNER JOIN service_day ON pattern.feed = service_day.feed AND pattern.service_id = service_day.service_id
GROUP BY pattern.stop_id, service_day.service_date
