-- Series not heard lately in one delivery.
-- grain: one row. keys: none. units: counts of series; absent lists the first silent keys.
-- source: observed(series, observed_at) are accepted rows, wanted(series) are those that should be heard,
-- given(start, since, named): the period's start, and the instant from which a series must have been heard.
WITH heard AS (
    SELECT
        observed.series,
        count(*) AS n,
        max(observed.observed_at) AS last_at
    FROM observed
    CROSS JOIN given
    WHERE observed.observed_at >= given.start
    GROUP BY observed.series
),

judged AS (
    SELECT
        wanted.series,
        heard.n,
        given.named,
        coalesce(heard.last_at < given.since, TRUE) AS is_silent
    FROM wanted
    CROSS JOIN given
    LEFT JOIN heard ON wanted.series = heard.series
)

SELECT
    count(*) AS series_expected,
    count(*) FILTER (is_silent) AS series_silent,
    cast(coalesce(sum(n), 0) AS BIGINT) AS n_rows,
    list_slice(list(series ORDER BY series) FILTER (is_silent), 1, any_value(named)) AS absent
FROM judged
