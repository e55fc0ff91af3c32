-- jobs_reachable_straight: population-weighted mean of the jobs within reach of each cell, itself included.
-- numerator: inhabitants x jobs; denominator: inhabitants; coverage: inhabitants of cells whose own jobs are known
WITH reachable AS (
    SELECT
        origin.cell_id,
        sum(place.jobs)::DECIMAL(18, 1) AS jobs
    FROM territory.population_grid AS origin
    INNER JOIN territory.population_grid AS place
        ON
            -- the band of latitudes spares most distances: a degree is over 110,000 m everywhere
            place.lat >= origin.lat - getvariable('reach_m') / 110000
            AND place.lat <= origin.lat + getvariable('reach_m') / 110000
            AND haversine_m(origin.lat, origin.lon, place.lat, place.lon) <= getvariable('reach_m')
    GROUP BY origin.cell_id
)

SELECT
    zone_cell.zone_scale,
    zone_cell.zone,
    period.period_grain,
    period.period_start,
    sum(zone_cell.population * reachable.jobs) AS numerator,
    sum(zone_cell.population) AS denominator,
    coalesce(sum(zone_cell.population) FILTER (WHERE zone_cell.jobs IS NOT NULL), 0) AS n_observed,
    sum(zone_cell.population) AS n_expected
FROM zone_cell
INNER JOIN reachable ON zone_cell.cell_id = reachable.cell_id
CROSS JOIN (SELECT DISTINCT
    period_grain,
    period_start
FROM period) AS period
GROUP BY zone_cell.zone_scale, zone_cell.zone, period.period_grain, period.period_start
