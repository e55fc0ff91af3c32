-- low_fill_visit_share: collections of containers that were nearly empty.
-- numerator, denominator: collections; coverage: collections with a level
SELECT
    zone_container.zone_scale,
    zone_container.zone,
    period.period_grain,
    period.period_start,
    count(*) FILTER (WHERE visit.level_before < getvariable('low_level')) AS numerator,
    count(visit.level_before) AS denominator,
    count(DISTINCT zone_container.contributor) AS n_contributors,
    count(visit.level_before) AS n_observed,
    count(visit.container_id) AS n_expected
FROM zone_container
CROSS JOIN period
LEFT JOIN visit ON zone_container.container_id = visit.container_id AND period.day = visit.day
GROUP BY zone_container.zone_scale, zone_container.zone, period.period_grain, period.period_start
