-- overflow_time_share: time at or above the overflow level over time observed.
-- numerator, denominator: container-hours; coverage: container-hours observed of those in the period;
--   coverage_space: containers observed at all, of those of the zone
SELECT
    zone_container.zone_scale,
    zone_container.zone,
    period.period_grain,
    period.period_start,
    sum(container_day.full_s) / 3600 AS numerator,
    sum(container_day.hold_s) / 3600 AS denominator,
    count(DISTINCT zone_container.contributor) AS n_contributors,
    sum(container_day.hold_s) / 3600 AS n_observed,
    sum(container_day.asked_s) / 3600 AS n_expected,
    count(DISTINCT zone_container.container_id) FILTER (WHERE container_day.hold_s > 0)
    / count(DISTINCT zone_container.container_id) AS coverage_space
FROM zone_container
INNER JOIN container_day ON zone_container.container_id = container_day.container_id
INNER JOIN period ON container_day.day = period.day
GROUP BY zone_container.zone_scale, zone_container.zone, period.period_grain, period.period_start
