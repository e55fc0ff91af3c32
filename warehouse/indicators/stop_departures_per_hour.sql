-- stop_departures_per_hour: mean departures an hour at the stops of a zone.
-- numerator: departures; denominator: stop-hours; coverage: stop-days inside the feeds' calendars
-- coverage_time: hours of the window that the feeds hold, of those asked
SELECT
    zone_stop.zone_scale,
    zone_stop.zone,
    period.period_grain,
    period.period_start,
    coalesce(sum(stop_window.departures), 0) AS numerator,
    count(stop_window.stop_id) * (getvariable('to_h') - getvariable('from_h')) AS denominator,
    count(DISTINCT zone_stop.contributor) AS n_contributors,
    count(stop_window.stop_id) AS n_observed,
    count(*) AS n_expected,
    sum(feed_window.hours_known) / sum(feed_window.hours_asked) AS coverage_time,
    sum(stop_window.departures_interpolated) / nullif(sum(stop_window.departures), 0) AS share_estimated
FROM zone_stop
CROSS JOIN period
INNER JOIN feed_window ON zone_stop.feed = feed_window.feed AND period.day = feed_window.day
LEFT JOIN stop_window
    ON
        zone_stop.feed = stop_window.feed
        AND zone_stop.stop_id = stop_window.stop_id
        AND period.day = stop_window.day
GROUP BY zone_stop.zone_scale, zone_stop.zone, period.period_grain, period.period_start
