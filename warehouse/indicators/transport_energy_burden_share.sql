-- transport_energy_burden_share: inhabitants of zones where a dear energy bill meets poor transport.
-- numerator, denominator: inhabitants; coverage: inhabitants of the zones with both values, of all; zones are H3
--   cells of resolution 7. Under zones_least zones there is no value, whatever the coverage.
WITH energy AS (
    SELECT
        zone_meter.zone,
        period.period_start,
        sum(meter_day.consumption_wh) / nullif(sum(meter_day.n_consumption), 0) AS wh_per_interval,
        count(DISTINCT zone_meter.meter_id) AS n_meters
    FROM zone_meter
    INNER JOIN meter_day ON zone_meter.meter_id = meter_day.meter_id
    INNER JOIN period ON meter_day.day = period.day
    WHERE
        zone_meter.zone_scale = 'h3_7' AND period.period_grain = 'week'
        AND zone_meter.segment = getvariable('segment')
    GROUP BY zone_meter.zone, period.period_start
    HAVING count(DISTINCT zone_meter.meter_id) >= getvariable('zone_meters')
),

transport AS (
    SELECT
        zone_stop.zone,
        period.period_start,
        sum(stop_window.departures) AS departures
    FROM zone_stop
    INNER JOIN stop_window ON zone_stop.feed = stop_window.feed AND zone_stop.stop_id = stop_window.stop_id
    INNER JOIN period ON stop_window.day = period.day
    WHERE zone_stop.zone_scale = 'h3_7' AND period.period_grain = 'week'
    GROUP BY zone_stop.zone, period.period_start
),

people AS (
    SELECT
        zone,
        sum(population) AS population
    FROM zone_cell
    WHERE zone_scale = 'h3_7'
    GROUP BY zone
),

compared AS (
    SELECT
        energy.period_start,
        people.population,
        energy.n_meters,
        energy.wh_per_interval
        > median(energy.wh_per_interval) OVER (PARTITION BY energy.period_start)
        AND transport.departures
        < median(transport.departures) OVER (PARTITION BY energy.period_start) AS is_burdened
    FROM energy
    INNER JOIN people ON energy.zone = people.zone
    INNER JOIN transport ON energy.zone = transport.zone AND energy.period_start = transport.period_start
)

SELECT
    'territory' AS zone_scale,
    getvariable('territory') AS zone,
    'week' AS period_grain,
    period_start,
    coalesce(sum(population) FILTER (WHERE is_burdened), 0) AS numerator,
    sum(population) AS denominator,
    sum(n_meters) AS n_contributors,
    sum(population) AS n_observed,
    (SELECT sum(population) FROM people) AS n_expected,
    CASE WHEN count(*) < getvariable('zones_least') THEN 'too_few_zones' END AS forced_reason
FROM compared
GROUP BY period_start
