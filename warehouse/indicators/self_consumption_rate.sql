-- self_consumption_rate: of producing meters, by meter and interval, then summed; production must be gross.
-- numerator, denominator: kWh; coverage: intervals with both directions, of those that producers in service owe
SELECT
    zone_meter.zone_scale,
    zone_meter.zone,
    period.period_grain,
    period.period_start,
    sum(meter_day.self_wh) / 1000 AS numerator,
    sum(meter_day.production_both_wh) / 1000 AS denominator,
    count(DISTINCT zone_meter.meter_id) FILTER (WHERE meter_day.n_both > 0) AS n_contributors,
    sum(meter_day.n_both) AS n_observed,
    sum(meter_day.n_expected) AS n_expected
FROM zone_meter
INNER JOIN meter_day ON zone_meter.meter_id = meter_day.meter_id
INNER JOIN period ON meter_day.day = period.day
WHERE zone_meter.is_producer
GROUP BY zone_meter.zone_scale, zone_meter.zone, period.period_grain, period.period_start
