-- mobility.stop_event: every passage of a run at a stop, without its dates.
-- grain: one row a feed, trip, run and stop_sequence
-- key: feed, trip_id, run, stop_sequence
-- units: arrival_s, departure_s in seconds of the service day (may exceed 86,400)
-- source: stop_offset x trip_run. Join service_day on feed and service_id for a date: four weeks of a city's
--   timetable are millions of passages that differ by their date only, so dates are not stored.
SELECT
    stop_offset.contributor,
    stop_offset.feed,
    stop_offset.delivery_id,
    stop_offset.trip_id,
    trip_run.run,
    stop_offset.stop_sequence,
    stop_offset.stop_id,
    trip_run.route_id,
    trip_run.service_id,
    (stop_offset.arrival_s + trip_run.shift_s)::INTEGER AS arrival_s,
    (stop_offset.departure_s + trip_run.shift_s)::INTEGER AS departure_s,
    stop_offset.is_timed,
    stop_offset.is_departure
FROM mobility.trip_run AS trip_run
INNER JOIN mobility.stop_offset AS stop_offset
    ON trip_run.feed = stop_offset.feed AND trip_run.trip_id = stop_offset.trip_id
ORDER BY stop_offset.feed, stop_offset.trip_id, trip_run.run, stop_offset.stop_sequence
