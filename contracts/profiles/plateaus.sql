-- Series that repeat one value many times in a row.
-- grain: one row. keys: none.
-- units: longest in observations, of the series that may have a plateau; absent lists the keys with the longest.
-- source: observed(series, observed_at, value) are accepted values; given(minimum, excepted, named): fewest
-- repetitions of a plateau, values that may rest.
WITH counted AS (
    SELECT
        observed.series,
        observed.value,
        count(*) AS n
    FROM observed
    GROUP BY observed.series, observed.value
),

-- Only a value that is frequent enough can stand so often in a row: most series need no sorting.
suspected AS (
    SELECT DISTINCT counted.series
    FROM counted
    CROSS JOIN given
    WHERE counted.n >= given.minimum AND NOT list_contains(given.excepted, counted.value)
),

stepped AS (
    SELECT
        observed.series,
        observed.observed_at,
        observed.value,
        coalesce(observed.value <> lag(observed.value) OVER earlier, TRUE) AS moves
    FROM observed
    INNER JOIN suspected ON observed.series = suspected.series
    WINDOW earlier AS (PARTITION BY observed.series ORDER BY observed.observed_at)
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
        series,
        any_value(value) AS value,
        count(*) AS n
    FROM numbered
    GROUP BY series, run
),

longest AS (
    SELECT
        runs.series,
        max(runs.n) AS n
    FROM runs
    CROSS JOIN given
    WHERE NOT list_contains(given.excepted, runs.value)
    GROUP BY runs.series
)

SELECT
    (SELECT count(DISTINCT counted.series) FROM counted) AS series_seen,
    (SELECT cast(coalesce(sum(counted.n), 0) AS BIGINT) FROM counted) AS n_rows,
    count(*) FILTER (longest.n >= given.minimum) AS series_flat,
    max(longest.n) AS longest,
    list_slice(
        list(longest.series ORDER BY longest.n DESC, longest.series ASC) FILTER (longest.n >= given.minimum),
        1,
        any_value(given.named)
    ) AS absent
FROM longest
CROSS JOIN given
