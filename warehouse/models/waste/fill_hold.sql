-- How long each fill observation held: until the container's next one, 6 h at most.
-- grain: one row an observation
-- key: container_id, observed_at
-- units: fill_level share of the sensor's range; hold_s seconds, NULL for a container's last observation
-- source: INDICATORS 1.4; a sensor with one distinct level over the window (24 observations or more) is frozen
WITH observed AS (
    SELECT
        contributor,
        feed,
        delivery_id,
        container_id,
        observed_at,
        local_day(observed_at, getvariable('timezone')) AS local_day,
        fill_level
    FROM waste.fill_observation
    WHERE
        fill_level IS NOT NULL
        AND local_day(observed_at, getvariable('timezone'))
        BETWEEN getvariable('first_day') AND getvariable('last_day')
),

frozen AS (
    SELECT
        container_id,
        count(DISTINCT fill_level) = 1 AND count(*) >= 24 AS is_frozen
    FROM observed
    GROUP BY container_id
),

followed AS (
    SELECT
        *,
        lead(observed_at) OVER (PARTITION BY container_id ORDER BY observed_at) AS next_observed_at
    FROM observed
)

SELECT
    followed.contributor,
    followed.feed,
    followed.delivery_id,
    followed.container_id,
    followed.observed_at,
    followed.local_day,
    followed.fill_level,
    followed.next_observed_at,
    frozen.is_frozen,
    -- DuckDB's least ignores NULL: without the CASE a last observation would hold 6 h
    CASE
        WHEN followed.next_observed_at IS NOT NULL
            THEN least(date_diff('second', followed.observed_at, followed.next_observed_at), 21600)
    END AS hold_s
FROM followed
INNER JOIN frozen ON followed.container_id = frozen.container_id
