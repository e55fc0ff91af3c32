-- volume_per_collection_l: mean litres removed at a visit.
-- numerator: litres; denominator: collections with a volume; coverage: collections with a volume
-- share_estimated: volumes taken from level and capacity
SELECT
    zone_container.zone_scale,
    zone_container.zone,
    period.period_grain,
    period.period_start,
    sum(visit.volume_l) AS numerator,
    count(visit.volume_l) AS denominator,
    count(DISTINCT zone_container.contributor) AS n_contributors,
    count(visit.volume_l) AS n_observed,
    count(visit.container_id) AS n_expected,
    count(*) FILTER (WHERE visit.is_estimated) / nullif(count(visit.volume_l), 0) AS share_estimated
FROM zone_container
CROSS JOIN period
LEFT JOIN visit ON zone_container.container_id = visit.container_id AND period.day = visit.day
GROUP BY zone_container.zone_scale, zone_container.zone, period.period_grain, period.period_start
