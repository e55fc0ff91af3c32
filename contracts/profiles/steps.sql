-- Observations on the grid of steps that the contract promises, counted from the period's start.
-- grain: one row. keys: none.
-- units: rows; step in seconds.
-- source: observed(observed_at) are accepted rows, given(period_start, step).
SELECT
    count(*) AS n_rows,
    count(*) FILTER (
        (epoch_us(observed.observed_at) - epoch_us(given.period_start)) % (given.step * 1000000) = 0
    ) AS rows_on_grid
FROM observed
CROSS JOIN given
WHERE observed.observed_at IS NOT NULL
