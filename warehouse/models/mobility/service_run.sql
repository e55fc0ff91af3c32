-- mobility.service_run: every vehicle run that the timetable promises on a service date.
-- grain: one row a feed, trip, run and service date
-- key: feed, trip_id, run, service_date
-- units: seconds of the service day; start_at, end_at UTC instants; run_m in metres
-- source: trip_run x service_day. A run belongs to its service date even when it starts after midnight.
SELECT
    trip_run.contributor,
    trip_run.feed,
    trip_run.delivery_id,
    trip_run.trip_id,
    trip_run.run,
    service_day.service_date,
    trip_run.route_id,
    trip_run.service_id,
    trip_run.first_departure_s,
    trip_run.last_arrival_s,
    service_instant(service_day.service_date, trip_run.first_departure_s, feed_calendar.timezone) AS start_at,
    service_instant(service_day.service_date, trip_run.last_arrival_s, feed_calendar.timezone) AS end_at,
    trip_run.n_stops,
    trip_run.n_untimed,
    trip_run.run_m,
    trip_run.run_m_method
FROM mobility.service_day AS service_day
INNER JOIN mobility.feed_calendar AS feed_calendar ON service_day.feed = feed_calendar.feed
INNER JOIN mobility.trip_run AS trip_run
    ON service_day.feed = trip_run.feed AND service_day.service_id = trip_run.service_id
ORDER BY trip_run.feed, service_day.service_date, trip_run.trip_id, trip_run.run
