-- mobility.service_day: the dates on which a service runs, within the pool's window.
-- grain: one row a feed, service and date of service
-- key: feed, service_id, service_date
-- units: local dates (a service date, not a calendar day: its last runs may end after midnight)
-- source: calendar and calendar_date; GTFS Schedule reference, calendar.txt and calendar_dates.txt
WITH day AS (
    SELECT unnest(range(
        getvariable('first_day')::DATE, getvariable('last_day')::DATE + INTERVAL 1 DAY, INTERVAL 1 DAY
    ))::DATE AS service_date
),

regular AS (
    SELECT
        calendar.contributor,
        calendar.feed,
        calendar.delivery_id,
        calendar.service_id,
        day.service_date
    FROM mobility.calendar AS calendar
    INNER JOIN day ON day.service_date BETWEEN calendar.start_date AND calendar.end_date
    WHERE [
        calendar.monday::INTEGER, calendar.tuesday::INTEGER, calendar.wednesday::INTEGER,
        calendar.thursday::INTEGER, calendar.friday::INTEGER, calendar.saturday::INTEGER,
        calendar.sunday::INTEGER
    ][isodow(day.service_date)] = 1
),

exception AS (
    SELECT
        contributor,
        feed,
        delivery_id,
        service_id,
        date AS service_date,
        exception_type::INTEGER AS exception_type
    FROM mobility.calendar_date
    WHERE date BETWEEN getvariable('first_day')::DATE AND getvariable('last_day')::DATE
),

kept AS (
    SELECT regular.*
    FROM regular
    LEFT JOIN exception AS removed
        ON
            regular.feed = removed.feed
            AND regular.service_id = removed.service_id
            AND regular.service_date = removed.service_date
            AND removed.exception_type = 2
    WHERE removed.feed IS NULL
),

added AS (
    SELECT
        contributor,
        feed,
        delivery_id,
        service_id,
        service_date
    FROM exception
    WHERE exception_type = 1
)

SELECT
    any_value(contributor) AS contributor,
    feed,
    any_value(delivery_id) AS delivery_id,
    service_id,
    service_date
FROM (
    SELECT * FROM kept
    UNION ALL
    SELECT * FROM added
) AS active
GROUP BY feed, service_id, service_date
ORDER BY feed, service_id, service_date
