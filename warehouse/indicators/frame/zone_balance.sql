-- zone_balance: what the meters of a zone consumed and produced together, and how much of it in the same interval.
-- grain: one row a scale, zone and period, of zones with a producer
-- units: Wh; n_observed intervals in which both directions came, n_expected intervals of the period's local days
-- source: pool_interval, zone_meter, meter_day, period; variable timezone
WITH span AS (
    SELECT
        period_grain,
        period_start,
        sum(day_seconds(day, getvariable('timezone')))
        / (SELECT mode(duration_s) FROM energy.reading_interval) AS n_intervals
    FROM period
    GROUP BY period_grain, period_start
),

measured AS (
    SELECT
        pool_interval.zone_scale,
        pool_interval.zone,
        period.period_grain,
        period.period_start,
        sum(least(pool_interval.consumption_wh, pool_interval.production_wh)) AS shared_wh,
        sum(pool_interval.consumption_wh) AS consumption_wh,
        sum(pool_interval.production_wh) AS production_wh,
        count(*) AS n_observed
    FROM pool_interval
    INNER JOIN period ON pool_interval.day = period.day
    WHERE pool_interval.consumption_wh IS NOT NULL AND pool_interval.production_wh IS NOT NULL
    GROUP BY pool_interval.zone_scale, pool_interval.zone, period.period_grain, period.period_start
),

present AS (
    SELECT
        zone_meter.zone_scale,
        zone_meter.zone,
        period.period_grain,
        period.period_start,
        count(DISTINCT zone_meter.meter_id) FILTER (
            WHERE meter_day.n_consumption + meter_day.n_production > 0
        ) AS n_contributors
    FROM zone_meter
    INNER JOIN meter_day ON zone_meter.meter_id = meter_day.meter_id
    INNER JOIN period ON meter_day.day = period.day
    GROUP BY zone_meter.zone_scale, zone_meter.zone, period.period_grain, period.period_start
    HAVING bool_or(zone_meter.is_producer)
)

SELECT
    present.zone_scale,
    present.zone,
    present.period_grain,
    present.period_start,
    measured.shared_wh,
    measured.consumption_wh,
    measured.production_wh,
    present.n_contributors,
    coalesce(measured.n_observed, 0) AS n_observed,
    span.n_intervals AS n_expected
FROM present
INNER JOIN span ON present.period_grain = span.period_grain AND present.period_start = span.period_start
LEFT JOIN measured
    ON
        present.zone_scale = measured.zone_scale
        AND present.zone = measured.zone
        AND present.period_grain = measured.period_grain
        AND present.period_start = measured.period_start
