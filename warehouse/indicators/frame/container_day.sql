-- container_day: how long each container was observed on a day, and how long full.
-- grain: one row a container and day of the window
-- units: seconds; asked_s the length of the local day
-- source: waste.container, waste.fill_hold, period; variables overflow_level, hold_max_h. An observation holds until
--   the container's next one, hold_max_h at most; the last one holds nothing. Frozen sensors observe nothing.
WITH day AS (
    SELECT DISTINCT day FROM period
),

hold AS (
    SELECT
        container_id,
        local_day AS day,
        fill_level,
        -- least ignores NULL: without the filter below a last observation would hold the most there is
        least(date_diff('second', observed_at, next_observed_at), getvariable('hold_max_h') * 3600)::BIGINT AS hold_s
    FROM waste.fill_hold
    WHERE next_observed_at IS NOT NULL AND NOT is_frozen
),

observed AS (
    SELECT
        container_id,
        day,
        sum(hold_s) AS hold_s,
        coalesce(sum(hold_s) FILTER (WHERE fill_level >= getvariable('overflow_level')), 0) AS full_s
    FROM hold
    GROUP BY container_id, day
)

SELECT
    container.contributor,
    container.container_id,
    day.day,
    day_seconds(day.day, getvariable('timezone')) AS asked_s,
    coalesce(observed.hold_s, 0) AS hold_s,
    coalesce(observed.full_s, 0) AS full_s
FROM waste.container AS container
CROSS JOIN day
LEFT JOIN observed ON container.container_id = observed.container_id AND day.day = observed.day
