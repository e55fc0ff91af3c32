-- The meters in service on each local day of the window, which is the population that readings are owed for.
-- grain: one row a meter and local day; retired on day d, a meter is out of service from d
-- key: meter_id, local_day
-- units: none
-- source: energy.meter, its dates; a date that is missing sets no limit
WITH day AS (
    SELECT unnest(generate_series(
        getvariable('first_day')::TIMESTAMP, getvariable('last_day')::TIMESTAMP, INTERVAL 1 DAY
    ))::DATE AS local_day
)

SELECT
    meter.meter_id,
    day.local_day,
    meter.contributor,
    meter.feed,
    meter.h3_cell,
    meter.segment,
    meter.customer_type,
    coalesce(meter.has_production, FALSE) AS has_production
FROM energy.meter AS meter
INNER JOIN day
    ON
        coalesce(meter.commissioned_on, day.local_day) <= day.local_day
        AND (meter.retired_on IS NULL OR meter.retired_on > day.local_day)
