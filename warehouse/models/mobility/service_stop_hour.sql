-- mobility.service_stop_hour: passages of a service at a stop in one hour of its day, without dates.
-- grain: one row a feed, service, stop and hour of the service day
-- key: feed, service_id, stop_id, hour
-- units: hour 0.. of the service day (25 is one in the morning after); events, departures in passages
-- source: stop_event. Join service_day for a date: services repeat, so their days are not stored. A passage whose
--   time is unknown has the hour -1.
SELECT
    any_value(contributor) AS contributor,
    feed,
    any_value(delivery_id) AS delivery_id,
    service_id,
    stop_id,
    -- floor, never //: on DOUBLE it does not floor, and departures would slide into the next hour
    coalesce(floor(departure_s / 3600)::INTEGER, -1) AS hour,
    count(*) AS events,
    count(*) FILTER (WHERE is_departure) AS departures,
    count(*) FILTER (WHERE is_departure AND NOT is_timed) AS departures_interpolated
FROM mobility.stop_event
GROUP BY ALL
ORDER BY feed, service_id, stop_id, hour
