-- zone_meter: metering points by zone, at every scale.
-- grain: one row a scale and meter
-- source: energy.meter, territory.object_zone; variable scales
SELECT
    held.zone_scale,
    held.zone,
    meter.meter_id,
    meter.segment,
    coalesce(meter.has_production, FALSE) AS is_producer
FROM territory.object_zone AS held
INNER JOIN energy.meter AS meter ON held.feed = meter.feed AND held.object_id = meter.meter_id
WHERE held.object_kind = 'meter' AND list_contains(getvariable('scales'), held.zone_scale)
