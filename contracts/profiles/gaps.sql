-- Holes inside series: the longest time between two successive observations of each.
-- grain: one row. keys: none.
-- units: longest_s in seconds; absent lists the keys with the longest holes.
-- source: observed(series, observed_at) are accepted rows, given(longest_s, named).
WITH stepped AS (
    SELECT
        series,
        epoch(observed_at) - lag(epoch(observed_at)) OVER (PARTITION BY series ORDER BY observed_at) AS apart_s
    FROM observed
),

worst AS (
    SELECT
        stepped.series,
        count(*) AS n,
        max(stepped.apart_s) AS apart_s,
        coalesce(max(stepped.apart_s) > any_value(given.longest_s), FALSE) AS has_gap,
        any_value(given.named) AS named
    FROM stepped
    CROSS JOIN given
    GROUP BY stepped.series
)

SELECT
    count(*) AS series_seen,
    count(*) FILTER (has_gap) AS series_with_gaps,
    max(apart_s) AS longest_s,
    cast(coalesce(sum(n), 0) AS BIGINT) AS n_rows,
    list_slice(list(series ORDER BY apart_s DESC, series ASC) FILTER (has_gap), 1, any_value(named)) AS absent
FROM worst
