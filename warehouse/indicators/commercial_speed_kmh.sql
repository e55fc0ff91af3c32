-- commercial_speed_kmh: kilometres offered over hours between first departure and last arrival, stops included.
-- numerator: km; denominator: h; coverage: feed-days inside the feeds' calendars
-- share_estimated: runs without a shape, measured along the chain of their stops
SELECT
    'territory' AS zone_scale,
    getvariable('territory') AS zone,
    period_grain,
    period_start,
    sum(run_m) / 1000 AS numerator,
    sum(in_service_s) / 3600 AS denominator,
    count(DISTINCT contributor) AS n_contributors,
    count(*) FILTER (WHERE is_known) AS n_observed,
    count(*) AS n_expected,
    sum(runs_without_shape) / nullif(sum(runs), 0) AS share_estimated
FROM timetable_day
GROUP BY period_grain, period_start
