-- pool_interval: all metering points of a zone pooled, by interval.
-- grain: one row a scale, zone and interval
-- units: energy in Wh; power_w mean watts consumed; n_meters that sent their consumption
-- source: reading_interval x zone_meter
SELECT
    zone_meter.zone_scale,
    zone_meter.zone,
    reading_interval.start_at,
    reading_interval.local_day AS day,
    sum(reading_interval.consumption_wh) AS consumption_wh,
    sum(reading_interval.production_wh) AS production_wh,
    -- a decimal, since a sum of DOUBLE depends on the threads
    (sum(reading_interval.consumption_wh) * 3600 / max(reading_interval.duration_s))::DECIMAL(18, 3) AS power_w,
    count(reading_interval.consumption_wh) AS n_meters
FROM energy.reading_interval AS reading_interval
INNER JOIN zone_meter ON reading_interval.meter_id = zone_meter.meter_id
GROUP BY zone_meter.zone_scale, zone_meter.zone, reading_interval.start_at, reading_interval.local_day
