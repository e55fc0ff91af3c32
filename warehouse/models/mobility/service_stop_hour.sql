-- mobility.service_stop_hour: passages of a service at a stop in one hour of its day, without dates.
-- grain: one row a feed, service, stop and hour of the service day
-- key: feed, service_id, stop_id, hour
-- units: hour 0.. of the service day (25 is one in the morning after); events, departures in passages
-- source: stop_offset x trip_run. Join service_day for a date: services repeat, so their days are not stored.
SELECT
    any_value(trip_run.contributor) AS contributor,
    trip_run.feed,
    any_value(trip_run.delivery_id) AS delivery_id,
    trip_run.service_id,
    stop_offset.stop_id,
    -- floor, never //: on DOUBLE it does not floor, and departures would slide into the next hour
    floor((stop_offset.departure_s + trip_run.shift_s) / 3600)::INTEGER AS hour,
    count(*) AS events,
    count(*) FILTER (WHERE stop_offset.is_departure) AS departures,
    count(*) FILTER (WHERE stop_offset.is_departure AND NOT stop_offset.is_timed) AS departures_interpolated
FROM mobility.trip_run AS trip_run
INNER JOIN mobility.stop_offset AS stop_offset
    ON trip_run.feed = stop_offset.feed AND trip_run.trip_id = stop_offset.trip_id
GROUP BY trip_run.feed, trip_run.service_id, stop_offset.stop_id, hour
ORDER BY trip_run.feed, trip_run.service_id, stop_offset.stop_id, hour
