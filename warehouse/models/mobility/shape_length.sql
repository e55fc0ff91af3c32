-- mobility.shape_length: how long the drawn path of a shape is.
-- grain: one row a feed and shape
-- key: feed, shape_id
-- units: length_m in metres; first_dist, last_dist in the feed's own unit of shape_dist_traveled
-- source: shape (its points), great circles between consecutive points
WITH step AS (
    SELECT
        contributor,
        feed,
        delivery_id,
        shape_id,
        shape_pt_sequence,
        shape_dist_traveled::DOUBLE AS shape_dist,
        haversine_m(
            lag(shape_pt_lat) OVER path, lag(shape_pt_lon) OVER path, shape_pt_lat, shape_pt_lon
        ) AS step_m
    FROM mobility.shape
    WINDOW path AS (PARTITION BY feed, shape_id ORDER BY shape_pt_sequence)
)

SELECT
    any_value(contributor) AS contributor,
    feed,
    any_value(delivery_id) AS delivery_id,
    shape_id,
    count(*)::INTEGER AS n_points,
    coalesce(sum(step_m ORDER BY shape_pt_sequence), 0.0) AS length_m,
    min(shape_dist) AS first_dist,
    max(shape_dist) AS last_dist
FROM step
GROUP BY feed, shape_id
ORDER BY feed, shape_id
