-- Series that never move in one delivery: a sensor that is stuck repeats one value, all day long.
-- grain: one row. keys: none.
-- units: series_frozen and series_seen are counts of series; absent lists five keys of frozen ones.
-- source: observed(series, value) are accepted rows with a value, given(minimum): fewest observations to judge a
-- series by.
WITH counted AS (
    SELECT
        series,
        count(*) AS n,
        count(DISTINCT value) AS n_values
    FROM observed
    GROUP BY series
),

judged AS (
    SELECT
        counted.series,
        counted.n_values = 1 AS is_frozen
    FROM counted
    CROSS JOIN given
    WHERE counted.n >= given.minimum
)

SELECT
    count(*) AS series_seen,
    count(*) FILTER (is_frozen) AS series_frozen,
    (SELECT count(*) FROM observed) AS n_rows,
    list_slice(list(series ORDER BY series) FILTER (is_frozen), 1, 5) AS absent
FROM judged
