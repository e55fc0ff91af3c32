-- load_factor: mean power of a zone's meters over its peak of the day.
-- numerator, denominator: kW; coverage: intervals in which enough of the meters in service reported
WITH in_service AS (
    SELECT
        zone_meter.zone_scale,
        zone_meter.zone,
        meter_day.day,
        count(*) AS n_meters,
        count(*) FILTER (WHERE meter_day.n_consumption > 0) AS n_contributors,
        max(meter_day.n_expected) AS n_expected
    FROM zone_meter
    INNER JOIN meter_day ON zone_meter.meter_id = meter_day.meter_id
    GROUP BY zone_meter.zone_scale, zone_meter.zone, meter_day.day
),

whole AS (
    SELECT pool_interval.*
    FROM pool_interval
    INNER JOIN in_service
        ON
            pool_interval.zone_scale = in_service.zone_scale
            AND pool_interval.zone = in_service.zone
            AND pool_interval.day = in_service.day
    WHERE pool_interval.n_meters >= getvariable('whole_share') * in_service.n_meters
)

SELECT
    in_service.zone_scale,
    in_service.zone,
    'day' AS period_grain,
    in_service.day AS period_start,
    sum(whole.power_w) / nullif(count(whole.power_w), 0) / 1000 AS numerator,
    max(whole.power_w) / 1000 AS denominator,
    any_value(in_service.n_contributors) AS n_contributors,
    count(whole.start_at) AS n_observed,
    any_value(in_service.n_expected) AS n_expected
FROM in_service
LEFT JOIN whole
    ON
        in_service.zone_scale = whole.zone_scale
        AND in_service.zone = whole.zone
        AND in_service.day = whole.day
GROUP BY in_service.zone_scale, in_service.zone, in_service.day
