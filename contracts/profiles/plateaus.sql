-- Series that repeat one value many times in a row.
-- grain: one row. keys: none.
-- units: longest in observations; absent lists the keys with the longest plateaus.
-- source: observed(series, observed_at, value) are accepted values; given(minimum, excepted, named): fewest
-- repetitions of a plateau, values that may rest.
WITH stepped AS (
    SELECT
        series,
        observed_at,
        value,
        coalesce(value <> lag(value) OVER earlier, TRUE) AS moves
    FROM observed
    WINDOW earlier AS (PARTITION BY series ORDER BY observed_at)
),

numbered AS (
    SELECT
        series,
        value,
        count(*) FILTER (moves) OVER (
            PARTITION BY series ORDER BY observed_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM stepped
),

runs AS (
    SELECT
        numbered.series,
        count(*) AS n,
        list_contains(any_value(given.excepted), any_value(numbered.value)) AS is_rest
    FROM numbered
    CROSS JOIN given
    GROUP BY numbered.series, numbered.run
),

longest AS (
    SELECT
        runs.series,
        sum(runs.n) AS n_rows,
        coalesce(max(runs.n) FILTER (NOT runs.is_rest), 0) AS n,
        any_value(given.minimum) AS minimum,
        any_value(given.named) AS named
    FROM runs
    CROSS JOIN given
    GROUP BY runs.series
)

SELECT
    count(*) AS series_seen,
    count(*) FILTER (n >= minimum) AS series_flat,
    coalesce(max(n), 0) AS longest,
    cast(coalesce(sum(n_rows), 0) AS BIGINT) AS n_rows,
    list_slice(list(series ORDER BY n DESC, series ASC) FILTER (n >= minimum), 1, any_value(named)) AS absent
FROM longest
