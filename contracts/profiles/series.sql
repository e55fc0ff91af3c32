-- Completeness of series in one delivery.
-- grain: one row. keys: none.
-- units: rows are observations inside the period, at most given.steps counted a series; absent lists five keys.
-- source: observed(series, observed_at) are accepted rows, wanted(series) the register's objects in service,
-- given(period_start, period_end, steps).
WITH counted AS (
    SELECT
        series,
        least(count(*), any_value(given.steps)) AS n
    FROM observed
    CROSS JOIN given
    WHERE observed_at >= given.period_start AND observed_at < given.period_end
    GROUP BY series
),

unexpected AS (
    SELECT count(*) AS n
    FROM counted
    WHERE counted.series NOT IN (SELECT wanted.series FROM wanted)
)

SELECT
    count(*) AS series_expected,
    count(counted.series) AS series_seen,
    cast(coalesce(sum(counted.n), 0) AS BIGINT) AS n_rows,
    (SELECT n FROM unexpected) AS series_unexpected,
    list_slice(list(wanted.series ORDER BY wanted.series) FILTER (WHERE counted.series IS NULL), 1, 5) AS absent
FROM wanted
LEFT JOIN counted ON wanted.series = counted.series
