-- pop_near_stop_share: inhabitants of cells whose centre lies within reach of a stop served that day.
-- numerator, denominator: inhabitants; coverage: cells with a known population
-- coverage_time: feeds whose calendar holds the day, of all feeds
WITH served AS (
    SELECT DISTINCT
        near_stop.cell_id,
        stop_window.day
    FROM stop_window
    INNER JOIN near_stop ON stop_window.feed = near_stop.feed AND stop_window.stop_id = near_stop.stop_id
    WHERE stop_window.departures > 0
),

feed_day AS (
    SELECT
        day,
        count(*) AS n_feeds,
        count(*) FILTER (WHERE is_known) / count(*) AS coverage_time
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
