-- feed_window: how many hours of the window a feed serves on a day, of those it ought to.
-- grain: one row a feed and day of the pool's window
-- units: hours; is_known false where the day lies outside the feed's calendar
-- source: mobility.service_stop_hour x service_day, mobility.feed_calendar; variables from_h, to_h. A day on which
--   the feed runs nothing at all is a day without service: its hours are known, and hold no departure.
WITH day AS (
    SELECT DISTINCT day FROM period
),

served AS (
    SELECT
        hourly.feed,
        service_day.service_date AS day,
        count(DISTINCT hourly.hour) FILTER (
            WHERE hourly.departures > 0 AND hourly.hour >= getvariable('from_h') AND hourly.hour < getvariable('to_h')
        ) AS hours
    FROM mobility.service_stop_hour AS hourly
    INNER JOIN mobility.service_day AS service_day
        ON hourly.feed = service_day.feed AND hourly.service_id = service_day.service_id
    GROUP BY hourly.feed, service_day.service_date
)

SELECT
    feed_calendar.feed,
    day.day,
    day.day BETWEEN feed_calendar.first_date AND feed_calendar.last_date AS is_known,
    coalesce(served.hours, getvariable('to_h') - getvariable('from_h')) AS hours_known,
    getvariable('to_h') - getvariable('from_h') AS hours_asked
FROM mobility.feed_calendar AS feed_calendar
CROSS JOIN day
LEFT JOIN served ON feed_calendar.feed = served.feed AND day.day = served.day
