-- mobility.stop_offset: when a trip of the timetable passes each of its stops, times left blank interpolated.
-- grain: one row a feed, trip and stop_sequence
-- key: feed, trip_id, stop_sequence
-- units: arrival_s, departure_s in seconds of the service day (may exceed 86,400); chain_m in metres along the
--   great circles between stops since the first one
-- source: stop_time, stop. A blank between two timed stops is linear in shape_dist_traveled if every stop of the
--   gap has it, else in great-circle distance along the stops, else in rank; whole seconds, rounded down. A trip
--   whose first or last stop has no time keeps its blanks.
WITH placed AS (
    SELECT
        stop_time.contributor,
        stop_time.feed,
        stop_time.delivery_id,
        stop_time.trip_id,
        stop_time.stop_sequence,
        stop_time.stop_id,
        coalesce(stop_time.arrival_s, stop_time.departure_s) AS arrival_s,
        coalesce(stop_time.departure_s, stop_time.arrival_s) AS departure_s,
        stop_time.shape_dist_traveled::DOUBLE AS shape_dist,
        coalesce(stop_time.pickup_type::VARCHAR, '0') <> '1' AS is_pickup,
        row_number() OVER trip AS position,
        lead(stop_time.stop_id) OVER trip IS NULL AS is_last,
        haversine_m(
            lag(stop.stop_lat) OVER trip, lag(stop.stop_lon) OVER trip, stop.stop_lat, stop.stop_lon
        ) AS step_m
    FROM mobility.stop_time AS stop_time
    LEFT JOIN mobility.stop AS stop ON stop_time.feed = stop.feed AND stop_time.stop_id = stop.stop_id
    WINDOW trip AS (PARTITION BY stop_time.feed, stop_time.trip_id ORDER BY stop_time.stop_sequence)
),

measured AS (
    SELECT
        *,
        arrival_s IS NOT NULL AS is_timed,
        bool_and(arrival_s IS NOT NULL OR NOT (position = 1 OR is_last)) OVER (PARTITION BY feed, trip_id) AS has_ends,
        coalesce(sum(step_m) OVER so_far, 0.0) AS chain_m,
        count(*) FILTER (WHERE shape_dist IS NULL) OVER so_far AS n_without_dist,
        count(*) FILTER (WHERE step_m IS NULL AND position > 1) OVER so_far AS n_without_step
    FROM placed
    WINDOW so_far AS (PARTITION BY feed, trip_id ORDER BY stop_sequence ROWS UNBOUNDED PRECEDING)
),

marked AS (
    SELECT
        *,
        CASE WHEN is_timed THEN {
            'at_s': departure_s, 'dist': shape_dist, 'chain': chain_m, 'rank': position,
            'no_dist': n_without_dist, 'no_step': n_without_step
        } END AS mark_out,
        CASE WHEN is_timed THEN {
            'at_s': arrival_s, 'dist': shape_dist, 'chain': chain_m, 'rank': position,
            'no_dist': n_without_dist, 'no_step': n_without_step
        } END AS mark_in
    FROM measured
),

bounded AS (
    SELECT
        * EXCLUDE (mark_out, mark_in),
        last_value(mark_out IGNORE NULLS) OVER (
            PARTITION BY feed, trip_id ORDER BY stop_sequence ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS a,
        first_value(mark_in IGNORE NULLS) OVER (
            PARTITION BY feed, trip_id ORDER BY stop_sequence ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS b
    FROM marked
),

interpolated AS (
    SELECT
        * EXCLUDE (a, b),
        CASE
            WHEN is_timed OR NOT has_ends THEN NULL
            WHEN a.dist IS NOT NULL AND a.no_dist = b.no_dist AND b.dist > a.dist
                THEN a.at_s + floor((b.at_s - a.at_s) * (shape_dist - a.dist) / (b.dist - a.dist))::INTEGER
            WHEN a.no_step = b.no_step AND b.chain > a.chain
                THEN a.at_s + floor((b.at_s - a.at_s) * (chain_m - a.chain) / (b.chain - a.chain))::INTEGER
            ELSE a.at_s + floor((b.at_s - a.at_s) * (position - a.rank) / (b.rank - a.rank))::INTEGER
        END AS between_s
    FROM bounded
)

SELECT
    contributor,
    feed,
    delivery_id,
    trip_id,
    stop_sequence,
    position::INTEGER AS position,
    stop_id,
    coalesce(arrival_s, between_s)::INTEGER AS arrival_s,
    coalesce(departure_s, between_s)::INTEGER AS departure_s,
    is_timed,
    CASE WHEN is_timed THEN 'given' WHEN between_s IS NOT NULL THEN 'interpolated' END AS time_source,
    is_last,
    NOT is_last AND is_pickup AS is_departure,
    shape_dist,
    chain_m
FROM interpolated
ORDER BY feed, trip_id, stop_sequence
