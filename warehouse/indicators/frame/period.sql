-- period: the periods measured, with the days of each; weeks run from Monday and must be whole.
-- grain: one row a period and day of it
-- units: local dates, period_end included
-- source: variables first_day, last_day
WITH calendar AS (
    SELECT unnest(range(
        getvariable('first_day')::DATE, getvariable('last_day')::DATE + INTERVAL 1 DAY, INTERVAL 1 DAY
    ))::DATE AS day
),

week AS (
    SELECT
        date_trunc('week', day)::DATE AS period_start,
        day
    FROM calendar
)

SELECT
    'day' AS period_grain,
    day AS period_start,
    day AS period_end,
    day
FROM calendar
UNION ALL
SELECT
    'week' AS period_grain,
    period_start,
    period_start + 6 AS period_end,
    day
FROM week
QUALIFY count(*) OVER (PARTITION BY period_start) = 7
