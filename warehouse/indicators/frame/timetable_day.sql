-- timetable_day: each timetable on each day, known or not, with all that it runs.
-- grain: one row a period, day and feed of mobility
-- units: run_m in metres, in_service_s in seconds; NULL where nothing runs
-- source: period, mobility.feed_calendar, mobility.route_day
WITH run AS (
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
    period.period_grain,
    period.period_start,
    period.day,
    feed_calendar.contributor,
    feed_calendar.feed,
    period.day BETWEEN feed_calendar.first_date AND feed_calendar.last_date AS is_known,
    run.runs,
    run.run_m,
    run.in_service_s,
    run.runs_without_shape
FROM period
CROSS JOIN mobility.feed_calendar AS feed_calendar
LEFT JOIN run ON feed_calendar.feed = run.feed AND period.day = run.day
