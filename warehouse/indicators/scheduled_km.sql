-- scheduled_km: kilometres of the runs between their first and last stop; a week gives the mean day.
-- numerator: km; denominator: days; coverage: feed-days inside the feeds' calendars
-- share_estimated: runs without a shape, measured along the chain of their stops
SELECT
    'territory' AS zone_scale,
    getvariable('territory') AS zone,
    period_grain,
    period_start,
    coalesce(sum(run_m), 0) / 1000 AS numerator,
    count(DISTINCT day) AS denominator,
    count(DISTINCT contributor) AS n_contributors,
    count(*) FILTER (WHERE is_known) AS n_observed,
    count(*) AS n_expected,
    sum(runs_without_shape) / nullif(sum(runs), 0) AS share_estimated
FROM timetable_day
GROUP BY period_grain, period_start
