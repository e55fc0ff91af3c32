-- Series that fall faster than a rate a day, by least squares.
-- grain: one row. keys: none.
-- units: steepest and given.limit in the values' unit a day; absent lists the keys that fall fastest.
-- source: observed(series, observed_at, value) are accepted values; given(minimum, limit, named): fewest values of a
-- series to judge it by. A slope is rounded to a millionth.
WITH sloped AS (
    SELECT
        observed.series,
        count(*) AS n,
        -- Days since 2011: large numbers cost digits.
        round(regr_slope(observed.value, epoch(observed.observed_at) / 86400 - 15000), 6) AS slope
    FROM observed
    CROSS JOIN given
    GROUP BY observed.series, given.minimum
    HAVING count(*) >= given.minimum
),

judged AS (
    SELECT
        sloped.*,
        given.named,
        coalesce(sloped.slope < given.limit, FALSE) AS is_falling
    FROM sloped
    CROSS JOIN given
)

SELECT
    count(*) AS series_seen,
    count(*) FILTER (is_falling) AS series_falling,
    min(slope) AS steepest,
    cast(coalesce(sum(n), 0) AS BIGINT) AS n_rows,
    list_slice(list(series ORDER BY slope, series) FILTER (is_falling), 1, any_value(named)) AS absent
FROM judged
