-- commercial_speed_kmh: kilometres offered over hours between first departure and last arrival, stops included.
-- numerator: km; denominator: h; coverage: feed-days inside the feeds' calendars
-- share_estimated: runs without a shape, measured along the chain of their stops
WITH known AS (
    SELECT
        period.period_grain,
        period.period_start,
        period.day,
        feed_calendar.contributor,
        feed_calendar.feed,
        period.day BETWEEN feed_calendar.first_date AND feed_calendar.last_date AS is_known
    FROM period
    CROSS JOIN mobility.feed_calendar AS feed_calendar
),

run AS (
    SELECT
        feed,
        service_date AS day,
        sum(runs) AS runs,
        sum(run_m) AS run_m,
        sum(in_service_s) AS in_service_s,
        sum(runs_without_shape) AS runs_without_shape
    FROM mobility.route_day
    GROUP BY feed, service_date
)

SELECT
    'territory' AS zone_scale,
    getvariable('territory') AS zone,
    known.period_grain,
    known.period_start,
    sum(run.run_m) / 1000 AS numerator,
    sum(run.in_service_s) / 3600 AS denominator,
    count(DISTINCT known.contributor) AS n_contributors,
    count(*) FILTER (WHERE known.is_known) AS n_observed,
    count(*) AS n_expected,
    sum(run.runs_without_shape) / nullif(sum(run.runs), 0) AS share_estimated
FROM known
LEFT JOIN run ON known.feed = run.feed AND known.day = run.day
GROUP BY known.period_grain, known.period_start
