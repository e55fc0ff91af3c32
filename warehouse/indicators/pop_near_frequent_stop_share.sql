-- pop_near_frequent_stop_share: inhabitants of cells whose centre lies within reach of a frequent stop.
-- numerator, denominator: inhabitants; coverage: cells with a known population
-- coverage_time: hours of the window held by the feed that holds fewest, of those asked
WITH served AS (
    SELECT DISTINCT
        near_stop.cell_id,
        stop_window.day
    FROM stop_window
    INNER JOIN near_stop ON stop_window.feed = near_stop.feed AND stop_window.stop_id = near_stop.stop_id
    WHERE stop_window.departures >= getvariable('per_hour') * (getvariable('to_h') - getvariable('from_h'))
),

feed_day AS (
    SELECT
        day,
        count(*) AS n_feeds,
        min(CASE WHEN is_known THEN hours_known / hours_asked ELSE 0 END) AS coverage_time
    FROM feed_window
    GROUP BY day
)

SELECT
    zone_cell.zone_scale,
    zone_cell.zone,
    period.period_grain,
    period.period_start,
    coalesce(sum(zone_cell.population) FILTER (WHERE served.cell_id IS NOT NULL), 0) AS numerator,
    sum(zone_cell.population) AS denominator,
    any_value(feed_day.n_feeds) AS n_contributors,
    count(zone_cell.population) AS n_observed,
    count(*) AS n_expected,
    any_value(feed_day.coverage_time) AS coverage_time
FROM zone_cell
CROSS JOIN period
INNER JOIN feed_day ON period.day = feed_day.day
LEFT JOIN served ON zone_cell.cell_id = served.cell_id AND period.day = served.day
WHERE period.period_grain = 'day'
GROUP BY zone_cell.zone_scale, zone_cell.zone, period.period_grain, period.period_start
