-- Steps of the local day that at least one series has.
-- grain: one row. keys: none.
-- units: steps counts distinct instants on the grid from given.period_start; step in seconds.
-- source: observed(observed_at) are accepted rows, given(period_start, period_end, step).
SELECT
    count(*) AS n_rows,
    count(DISTINCT observed.observed_at) FILTER (
        observed.observed_at < given.period_end
        AND (epoch_us(observed.observed_at) - epoch_us(given.period_start)) % (given.step * 1000000) = 0
    ) AS steps
FROM observed
CROSS JOIN given
WHERE observed.observed_at >= given.period_start
