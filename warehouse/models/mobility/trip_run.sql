-- mobility.trip_run: the vehicle runs of one service day, without their dates; frequencies multiply a trip.
-- grain: one row a feed, trip and run (run 0 only, unless frequencies give more)
-- key: feed, trip_id, run
-- units: first_departure_s, last_arrival_s, shift_s in seconds of the service day; run_m, shape_m, chain_m in metres
-- source: trip, stop_offset, frequency, shape_length, shape_stop. A frequency starts runs at start + k x headway,
--   strictly before its end. run_m_method says how the length between first and last stop was found:
--   shape_dist_traveled, shape_clipped (between the stops' projections), shape_whole (loops, ambiguous projections,
--   clips shorter than the chain of stops allows), stop_chain (no shape, or one that passes 500 m away).
WITH pattern AS (
    SELECT
        feed,
        trip_id,
        max(stop_id) FILTER (WHERE position = 1) AS first_stop_id,
        max(stop_id) FILTER (WHERE is_last) AS last_stop_id,
        max(departure_s) FILTER (WHERE position = 1) AS first_departure_s,
        max(arrival_s) FILTER (WHERE is_last) AS last_arrival_s,
        max(shape_dist) FILTER (WHERE position = 1) AS first_dist,
        max(shape_dist) FILTER (WHERE is_last) AS last_dist,
        max(chain_m) AS chain_m,
        count(*)::INTEGER AS n_stops,
        count(*) FILTER (WHERE NOT is_timed)::INTEGER AS n_untimed
    FROM mobility.stop_offset
    GROUP BY feed, trip_id
),

headway AS (
    SELECT
        feed,
        trip_id,
        unnest(range(gtfs_seconds(start_time), gtfs_seconds(end_time), headway_secs::INTEGER)) AS start_s
    FROM mobility.frequency
    WHERE headway_secs::INTEGER > 0
),

start AS (
    SELECT
        feed,
        trip_id,
        start_s,
        row_number() OVER (PARTITION BY feed, trip_id ORDER BY start_s) - 1 AS run
    FROM headway
    GROUP BY feed, trip_id, start_s
),

measured AS (
    SELECT
        trip.contributor,
        trip.feed,
        trip.delivery_id,
        trip.trip_id,
        trip.route_id,
        trip.service_id,
        trip.shape_id,
        pattern.* EXCLUDE (feed, trip_id),
        whole.length_m AS shape_m,
        whole.length_m * (pattern.last_dist - pattern.first_dist)
        / nullif(whole.last_dist - whole.first_dist, 0) AS dist_m,
        last_stop.along_m - first_stop.along_m AS clip_m,
        greatest(first_stop.offset_m, last_stop.offset_m) AS offset_m,
        first_stop.is_ambiguous OR last_stop.is_ambiguous AS is_ambiguous
    FROM mobility.trip AS trip
    INNER JOIN pattern ON trip.feed = pattern.feed AND trip.trip_id = pattern.trip_id
    LEFT JOIN mobility.shape_length AS whole ON trip.feed = whole.feed AND trip.shape_id = whole.shape_id
    LEFT JOIN mobility.shape_stop AS first_stop
        ON
            trip.feed = first_stop.feed AND trip.shape_id = first_stop.shape_id
            AND pattern.first_stop_id = first_stop.stop_id
    LEFT JOIN mobility.shape_stop AS last_stop
        ON
            trip.feed = last_stop.feed AND trip.shape_id = last_stop.shape_id
            AND pattern.last_stop_id = last_stop.stop_id
),

judged AS (
    SELECT
        *,
        CASE
            WHEN dist_m > 0 THEN 'shape_dist_traveled'
            WHEN shape_m IS NULL OR coalesce(offset_m, 1e9) > 500 THEN 'stop_chain'
            WHEN is_ambiguous OR clip_m <= 0 OR clip_m < 0.95 * chain_m THEN 'shape_whole'
            ELSE 'shape_clipped'
        END AS run_m_method
    FROM measured
)

SELECT
    judged.contributor,
    judged.feed,
    judged.delivery_id,
    judged.trip_id,
    coalesce(start.run, 0)::INTEGER AS run,
    judged.route_id,
    judged.service_id,
    judged.shape_id,
    coalesce(start.start_s - judged.first_departure_s, 0)::INTEGER AS shift_s,
    coalesce(start.start_s, judged.first_departure_s)::INTEGER AS first_departure_s,
    (judged.last_arrival_s + coalesce(start.start_s - judged.first_departure_s, 0))::INTEGER AS last_arrival_s,
    judged.n_stops,
    judged.n_untimed,
    CASE judged.run_m_method
        WHEN 'shape_dist_traveled' THEN judged.dist_m
        WHEN 'shape_clipped' THEN judged.clip_m
        WHEN 'shape_whole' THEN judged.shape_m
        ELSE judged.chain_m
    END::DECIMAL(18, 3) AS run_m,
    judged.run_m_method,
    judged.shape_m::DECIMAL(18, 3) AS shape_m,
    judged.chain_m::DECIMAL(18, 3) AS chain_m
FROM judged
LEFT JOIN start ON judged.feed = start.feed AND judged.trip_id = start.trip_id
ORDER BY judged.feed, judged.trip_id, run
