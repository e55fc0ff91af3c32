-- service_span_h: hours from the first departure to the last arrival of a service date.
-- numerator: seconds; denominator: seconds in an hour; coverage: feeds whose calendar holds the day
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
    WHERE period.period_grain = 'day'
)

SELECT
    'territory' AS zone_scale,
    getvariable('territory') AS zone,
    known.period_grain,
    known.period_start,
    coalesce(max(route_day.last_arrival_s) - min(route_day.first_departure_s), 0) AS numerator,
    3600 AS denominator,
    count(DISTINCT known.contributor) AS n_contributors,
    count(DISTINCT known.feed) FILTER (WHERE known.is_known) AS n_observed,
    count(DISTINCT known.feed) AS n_expected
FROM known
LEFT JOIN mobility.route_day AS route_day ON known.feed = route_day.feed AND known.day = route_day.service_date
GROUP BY known.period_grain, known.period_start
