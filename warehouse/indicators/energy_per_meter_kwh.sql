-- energy_per_meter_kwh: mean consumption of a metering point and day.
-- numerator: kWh; denominator: meter-days kept; coverage: intervals received of those that meters in service owe
SELECT
    zone_meter.zone_scale,
    zone_meter.zone,
    period.period_grain,
    period.period_start,
    sum(meter_day.consumption_wh) FILTER (WHERE is_kept) / 1000 AS numerator,
    count(*) FILTER (WHERE is_kept) AS denominator,
    count(DISTINCT zone_meter.meter_id) FILTER (WHERE is_kept) AS n_contributors,
    sum(meter_day.n_consumption) AS n_observed,
    sum(meter_day.n_expected) AS n_expected,
    sum(meter_day.n_estimated) / nullif(sum(meter_day.n_consumption), 0) AS share_estimated
FROM zone_meter
INNER JOIN (
    SELECT
        *,
        n_consumption >= getvariable('kept_share') * n_expected AS is_kept
    FROM meter_day
) AS meter_day ON zone_meter.meter_id = meter_day.meter_id
INNER JOIN period ON meter_day.day = period.day
WHERE zone_meter.segment = getvariable('segment')
GROUP BY zone_meter.zone_scale, zone_meter.zone, period.period_grain, period.period_start
