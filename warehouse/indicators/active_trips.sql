-- active_trips: vehicle runs promised on a service date; a week gives the mean day.
-- numerator: runs; denominator: days; coverage: feed-days inside the feeds' calendars
SELECT
    'territory' AS zone_scale,
    getvariable('territory') AS zone,
    period_grain,
    period_start,
    coalesce(sum(runs), 0) AS numerator,
    count(DISTINCT day) AS denominator,
    count(DISTINCT contributor) AS n_contributors,
    count(*) FILTER (WHERE is_known) AS n_observed,
    count(*) AS n_expected
FROM timetable_day
GROUP BY period_grain, period_start
