-- Where a delivery's observations lie in time.
-- grain: one row. keys: none.
-- units: instants in UTC; rows_dated and rows_inside count rows that have an instant, and those in the period.
-- source: observed(observed_at) are accepted rows.
SELECT
    count(observed_at) AS rows_dated,
    count(*) FILTER (WHERE observed_at >= $start AND observed_at < $end) AS rows_inside,
    epoch(max(observed_at) FILTER (WHERE observed_at >= $start AND observed_at < $end)) AS last_epoch
FROM observed
