-- mobility.shape_stop: where along a shape the first and last stops of its trips lie.
-- grain: one row a feed, shape and stop that begins or ends a trip on it
-- key: feed, shape_id, stop_id
-- units: offset_m from the stop to the shape, along_m from the shape's start, metres
-- source: trip, stop_offset, stop, shape. Nearest point of each segment in the plane tangent at the stop. A stop is
--   ambiguous where the shape passes within 30 m of the nearest offset again, more than 300 m further on.
WITH terminal AS (
    SELECT DISTINCT
        trip.contributor,
        trip.feed,
        trip.delivery_id,
        trip.shape_id,
        stop_offset.stop_id
    FROM mobility.trip AS trip
    INNER JOIN mobility.stop_offset AS stop_offset
        ON trip.feed = stop_offset.feed AND trip.trip_id = stop_offset.trip_id
    WHERE trip.shape_id IS NOT NULL AND (stop_offset.position = 1 OR stop_offset.is_last)
),

segment AS (
    SELECT
        feed,
        shape_id,
        shape_pt_lat AS lat,
        shape_pt_lon AS lon,
        lead(shape_pt_lat) OVER path AS next_lat,
        lead(shape_pt_lon) OVER path AS next_lon,
        shape_pt_sequence
    FROM mobility.shape
    WINDOW path AS (PARTITION BY feed, shape_id ORDER BY shape_pt_sequence)
),

walked AS (
    SELECT
        *,
        haversine_m(lat, lon, next_lat, next_lon) AS length_m,
        coalesce(sum(haversine_m(lat, lon, next_lat, next_lon)) OVER (
            PARTITION BY feed, shape_id ORDER BY shape_pt_sequence
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0.0) AS start_m
    FROM segment
),

plane AS (
    SELECT
        terminal.*,
        walked.start_m,
        walked.length_m,
        radians(walked.lon - stop.stop_lon) * cos(radians(stop.stop_lat)) * 6371008.8 AS ax,
        radians(walked.lat - stop.stop_lat) * 6371008.8 AS ay,
        radians(walked.next_lon - walked.lon) * cos(radians(stop.stop_lat)) * 6371008.8 AS dx,
        radians(walked.next_lat - walked.lat) * 6371008.8 AS dy
    FROM terminal
    INNER JOIN mobility.stop AS stop ON terminal.feed = stop.feed AND terminal.stop_id = stop.stop_id
    INNER JOIN walked ON terminal.feed = walked.feed AND terminal.shape_id = walked.shape_id
    WHERE walked.next_lat IS NOT NULL
),

foot AS (
    SELECT
        *,
        CASE
            WHEN dx * dx + dy * dy = 0 THEN 0.0
            ELSE greatest(0.0, least(1.0, -(ax * dx + ay * dy) / (dx * dx + dy * dy)))
        END AS part
    FROM plane
),

candidate AS (
    SELECT
        *,
        sqrt(pow(ax + part * dx, 2) + pow(ay + part * dy, 2)) AS offset_m,
        start_m + part * length_m AS along_m
    FROM foot
),

near AS (
    SELECT
        *,
        min(offset_m) OVER (PARTITION BY feed, shape_id, stop_id) AS nearest_m
    FROM candidate
)

SELECT
    any_value(contributor) AS contributor,
    feed,
    any_value(delivery_id) AS delivery_id,
    shape_id,
    stop_id,
    min(offset_m) AS offset_m,
    arg_min(along_m, { 'offset': offset_m, 'along': along_m }) AS along_m,
    max(along_m) - min(along_m) > 300 AS is_ambiguous
FROM near
WHERE offset_m <= nearest_m + 30
GROUP BY feed, shape_id, stop_id
ORDER BY feed, shape_id, stop_id
