-- Holes inside series: the longest time between two successive observations of each.
-- grain: one row. keys: none.
-- units: longest_s in seconds, of the series that are not whole (NULL if all are); absent lists the keys with the
-- longest holes.
-- source: observed(series, observed_at) are accepted rows, given(step, longest_s, named).
WITH counted AS (
    SELECT
        observed.series,
        count(*) AS n,
        -- A series that has every step between its first and its last has no hole: most need no sorting.
        count(*) FILTER (epoch_us(observed.observed_at) % (given.step * 1000000) = 0)
        < (epoch(max(observed.observed_at)) - epoch(min(observed.observed_at))) / any_value(given.step) + 1 AS is_holed
    FROM observed
    CROSS JOIN given
    GROUP BY observed.series
),

stepped AS (
    SELECT
        observed.series,
        epoch(observed.observed_at)
        - lag(epoch(observed.observed_at)) OVER (PARTITION BY observed.series ORDER BY observed.observed_at) AS apart_s
    FROM observed
    INNER JOIN counted ON observed.series = counted.series AND counted.is_holed
),

worst AS (
    SELECT
        stepped.series,
        max(stepped.apart_s) AS apart_s,
        coalesce(max(stepped.apart_s) > any_value(given.longest_s), FALSE) AS has_gap
    FROM stepped
    CROSS JOIN given
    GROUP BY stepped.series
)

SELECT
    count(*) AS series_seen,
    count(*) FILTER (worst.has_gap) AS series_with_gaps,
    max(worst.apart_s) AS longest_s,
    cast(coalesce(sum(counted.n), 0) AS BIGINT) AS n_rows,
    list_slice(
        list(counted.series ORDER BY worst.apart_s DESC, counted.series ASC) FILTER (worst.has_gap),
        1,
        (SELECT given.named FROM given)
    ) AS absent
FROM counted
LEFT JOIN worst ON counted.series = worst.series
