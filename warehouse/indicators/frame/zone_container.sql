-- zone_container: containers by zone, at every scale.
-- grain: one row a scale and container
-- source: territory.object_zone; variable scales
SELECT
    zone_scale,
    zone,
    contributor,
    object_id AS container_id
FROM territory.object_zone
WHERE object_kind = 'container' AND list_contains(getvariable('scales'), zone_scale)
