-- Rows in which a series rises by much within a short time.
-- grain: one row a jump. keys: row.
-- units: value and given.rise as the column's; given.within is an interval.
-- source: observed(row, series, observed_at, value) are sound values, given(rise, within).
WITH stepped AS (
    SELECT
        row,
        observed_at,
        value,
        lag(value) OVER earlier AS last_value,
        lag(observed_at) OVER earlier AS last_at
    FROM observed
    WINDOW earlier AS (PARTITION BY series ORDER BY observed_at, row)
)

SELECT stepped.row
FROM stepped
CROSS JOIN given
WHERE
    -- Rounded: 0.8 - 0.3 is not quite 0.5 in binary.
    round(stepped.value - stepped.last_value - given.rise, 9) > 0
    AND stepped.observed_at - stepped.last_at <= given.within
