-- peak_coincidence_factor: peak of the sum over the sum of each meter's own peak of the day.
-- numerator, denominator: kW; coverage: intervals in which enough of the meters in service reported
WITH meter_peak AS (
    SELECT
        meter_id,
        local_day AS day,
        max((consumption_wh * 3600 / duration_s)::DECIMAL(18, 3)) AS peak_w
    FROM energy.reading_interval
    GROUP BY meter_id, local_day
),

in_service AS (
    SELECT
        zone_meter.zone_scale,
        zone_meter.zone,
        meter_day.day,
        count(*) AS n_meters,
        count(*) FILTER (WHERE meter_day.n_consumption > 0) AS n_contributors,
        max(meter_day.n_expected) AS n_expected,
        sum(meter_peak.peak_w) AS own_peaks_w
    FROM zone_meter
    INNER JOIN meter_day ON zone_meter.meter_id = meter_day.meter_id
    LEFT JOIN meter_peak ON meter_day.meter_id = meter_peak.meter_id AND meter_day.day = meter_peak.day
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
    max(whole.power_w) / 1000 AS numerator,
    any_value(in_service.own_peaks_w) / 1000 AS denominator,
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
