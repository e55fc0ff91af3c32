-- Rows in which a series falls by much though nothing that explains it is known.
-- grain: one row a fall. keys: row.
-- units: value and given.fall as the column's; given.within is an interval.
-- source: observed(row, series, observed_at, value) are sound values, event(series, happened_at) the register's events,
-- given(fall, within). A fall after the last event known is not judged: its event may still come.
WITH stepped AS (
    SELECT
        row,
        series,
        observed_at,
        value,
        lag(value) OVER earlier AS last_value,
        lag(observed_at) OVER earlier AS last_at
    FROM observed
    WINDOW earlier AS (PARTITION BY series ORDER BY observed_at, row)
),

fallen AS (
    SELECT
        stepped.row,
        stepped.series,
        stepped.last_at - given.within AS since,
        stepped.observed_at + given.within AS until
    FROM stepped
    CROSS JOIN given
    -- Rounded: 0.9 - 0.6 is a little more than 0.3 in binary.
    WHERE
        round(stepped.last_value - stepped.value - given.fall, 9) > 0
        AND stepped.observed_at <= (SELECT max(event.happened_at) FROM event)
)

SELECT fallen.row
FROM fallen
WHERE NOT EXISTS (
    SELECT 1
    FROM event
    WHERE event.series = fallen.series AND event.happened_at BETWEEN fallen.since AND fallen.until
)
