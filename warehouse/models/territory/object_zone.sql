-- The zone that holds each thing of the pool, at every zone scale.
-- grain: one row a feed, kind, thing and zone scale; a thing coarser than a scale has no zone at it
-- key: feed, object_kind, object_id, zone_scale
-- units: zone is the territory's id or an H3 cell in hexadecimal
-- source: positions (WGS 84) or own cells of stops, meters, containers, grid cells and places
-- optional: mobility.stop (contributor VARCHAR, feed VARCHAR, stop_id VARCHAR, stop_lat DOUBLE, stop_lon DOUBLE)
-- optional: energy.meter (contributor VARCHAR, feed VARCHAR, meter_id VARCHAR, h3_cell VARCHAR)
-- optional: waste.container (contributor VARCHAR, feed VARCHAR, container_id VARCHAR, lat DOUBLE, lon DOUBLE)
-- optional: territory.population_grid (contributor VARCHAR, feed VARCHAR, cell_id VARCHAR)
-- optional: territory.place (contributor VARCHAR, feed VARCHAR, place_id VARCHAR, lat DOUBLE, lon DOUBLE)
WITH scale AS (
    SELECT
        zone_scale,
        try_cast(substr(zone_scale, 4) AS INTEGER) AS resolution
    FROM (SELECT unnest(getvariable('zone_scales')) AS zone_scale) AS listed
),

placed AS (
    SELECT
        contributor,
        feed,
        'stop' AS object_kind,
        stop_id AS object_id,
        stop_lat AS lat,
        stop_lon AS lon
    FROM mobility.stop
    UNION ALL
    SELECT
        contributor,
        feed,
        'container' AS object_kind,
        container_id AS object_id,
        lat,
        lon
    FROM waste.container
    UNION ALL
    SELECT
        contributor,
        feed,
        'place' AS object_kind,
        place_id AS object_id,
        lat,
        lon
    FROM territory.place
),

distinct_point AS (
    SELECT DISTINCT
        lat,
        lon
    FROM placed
    WHERE lat IS NOT NULL AND lon IS NOT NULL
),

-- a Python function: once a point
point AS (
    SELECT
        lat,
        lon,
        h3_cell_at(lat, lon, (SELECT max(resolution) FROM scale)) AS cell
    FROM distinct_point
),

thing AS (
    SELECT
        placed.contributor,
        placed.feed,
        placed.object_kind,
        placed.object_id,
        point.cell
    FROM placed
    INNER JOIN point ON placed.lat = point.lat AND placed.lon = point.lon
    UNION ALL
    SELECT
        contributor,
        feed,
        'meter' AS object_kind,
        meter_id AS object_id,
        h3_cell AS cell
    FROM energy.meter
    UNION ALL
    SELECT
        contributor,
        feed,
        'grid_cell' AS object_kind,
        cell_id AS object_id,
        cell_id AS cell
    FROM territory.population_grid
),

zoned AS (
    SELECT
        thing.feed,
        thing.object_kind,
        thing.object_id,
        scale.zone_scale,
        thing.contributor,
        CASE
            WHEN scale.zone_scale = 'territory' THEN getvariable('territory')
            ELSE h3_parent(thing.cell, scale.resolution)
        END AS zone
    FROM thing
    CROSS JOIN scale
)

SELECT *
FROM zoned
WHERE zone IS NOT NULL
