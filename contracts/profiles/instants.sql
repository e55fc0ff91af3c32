-- Where a delivery's observations lie in time.
-- grain: one row. keys: none.
-- units: last_epoch in seconds UTC, of the last observation inside the period; rows_dated counts rows that have
-- an instant, rows_inside those in the period.
-- source: observed(observed_at) are accepted rows, given(period_start, period_end).
WITH placed AS (
    SELECT
        observed.observed_at,
        observed.observed_at >= given.period_start AND observed.observed_at < given.period_end AS is_inside
    FROM observed
    CROSS JOIN given
)

SELECT
    count(observed_at) AS rows_dated,
    count(*) FILTER (WHERE is_inside) AS rows_inside,
    epoch(max(observed_at) FILTER (WHERE is_inside)) AS last_epoch
FROM placed
