-- Values far from their series' own median, in median absolute deviations.
-- grain: one row. keys: none.
-- units: counts; given.times in normal standard deviations (1.4826 median absolute deviations), given.least as the
-- values.
-- source: observed(series, value) are accepted values; given(times, least, minimum): fewest values of a series.
WITH middle AS (
    SELECT
        observed.series,
        median(observed.value) AS middle
    FROM observed
    CROSS JOIN given
    GROUP BY observed.series, given.minimum
    HAVING count(*) >= given.minimum
),

away AS (
    SELECT
        observed.series,
        abs(observed.value - middle.middle) AS away
    FROM observed
    INNER JOIN middle ON observed.series = middle.series
),

spread AS (
    SELECT
        series,
        median(away) AS away
    FROM away
    GROUP BY series
),

judged AS (
    SELECT
        away.series,
        away.away > greatest(given.times * 1.4826 * spread.away, given.least) AS is_spike
    FROM away
    INNER JOIN spread ON away.series = spread.series
    CROSS JOIN given
)

SELECT
    count(*) AS n_rows,
    count(*) FILTER (is_spike) AS spikes,
    count(DISTINCT series) FILTER (is_spike) AS series_with_spikes
FROM judged
