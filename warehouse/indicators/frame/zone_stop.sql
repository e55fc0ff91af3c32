-- zone_stop: stops by zone, at every scale.
-- grain: one row a scale, feed and stop
-- source: territory.object_zone; variable scales
SELECT
    zone_scale,
    zone,
    contributor,
    feed,
    object_id AS stop_id
FROM territory.object_zone
WHERE object_kind = 'stop' AND list_contains(getvariable('scales'), zone_scale)
