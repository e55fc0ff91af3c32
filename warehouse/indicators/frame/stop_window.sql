-- stop_window: departures of a stop within the window of hours, on each day its feed speaks for.
-- grain: one row a feed, stop and day (days inside the feed's calendar only; 0 where nothing runs)
-- units: departures in passages
-- source: mobility.service_stop_hour x service_day; variables from_h, to_h (whole hours of the service day)
WITH day AS (
    SELECT DISTINCT day FROM period
),

passage AS (
    SELECT
        hourly.feed,
        hourly.stop_id,
        service_day.service_date AS day,
        sum(hourly.departures)::BIGINT AS departures,
        sum(hourly.departures_interpolated)::BIGINT AS departures_interpolated
    FROM mobility.service_stop_hour AS hourly
    INNER JOIN mobility.service_day AS service_day
        ON hourly.feed = service_day.feed AND hourly.service_id = service_day.service_id
    WHERE hourly.hour >= getvariable('from_h') AND hourly.hour < getvariable('to_h')
    GROUP BY hourly.feed, hourly.stop_id, service_day.service_date
)

SELECT
    stop.contributor,
    stop.feed,
    stop.stop_id,
    stop.stop_lat AS lat,
    stop.stop_lon AS lon,
    day.day,
    coalesce(passage.departures, 0) AS departures,
    coalesce(passage.departures_interpolated, 0) AS departures_interpolated
FROM mobility.stop AS stop
INNER JOIN mobility.feed_calendar AS feed_calendar ON stop.feed = feed_calendar.feed
INNER JOIN day ON day.day BETWEEN feed_calendar.first_date AND feed_calendar.last_date
LEFT JOIN passage
    ON stop.feed = passage.feed AND stop.stop_id = passage.stop_id AND day.day = passage.day
