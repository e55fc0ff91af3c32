-- Completeness of series in one delivery.
-- grain: one row. keys: none.
-- units: rows are observations inside the period, at most $steps counted a series; absent lists five keys.
-- source: observed(series, observed_at) are accepted rows, wanted(series) the register's objects in service.
WITH counted AS (
    SELECT
        series,
        least(count(*), $steps) AS n
    FROM observed
    WHERE observed_at >= $start AND observed_at < $end
    GROUP BY series
)

SELECT
    count(*) AS series_expected,
    count(counted.series) AS series_seen,
    CAST(coalesce(sum(counted.n), 0) AS BIGINT) AS n_rows,
    (SELECT count(*) FROM counted ANTI JOIN wanted USING (series)) AS series_unexpected,
    list(wanted.series ORDER BY wanted.series) FILTER (WHERE counted.series IS NULL)[1:5] AS absent
FROM wanted
LEFT JOIN counted ON wanted.series = counted.series
