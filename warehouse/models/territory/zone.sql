-- Every zone that holds a thing of the pool, at each scale, with the people and jobs inside.
-- grain: one row a zone scale and zone
-- key: zone_scale, zone
-- units: population inhabitants, jobs, schools, healthcare counts; 0 where the grid has no cell in the zone
-- source: territory.object_zone; sums over grid cells; parent is the zone at the next coarser scale. Grids of two
--   contributors must not overlap, or their people count twice
-- optional: territory.population_grid (cell_id VARCHAR, feed VARCHAR, population BIGINT, schools BIGINT,
--   jobs DOUBLE, healthcare DOUBLE)
WITH scale AS (
    SELECT
        zone_scale,
        lag(zone_scale) OVER (ORDER BY place) AS parent_scale,
        try_cast(substr(lag(zone_scale) OVER (ORDER BY place), 4) AS INTEGER) AS parent_resolution
    FROM (
        SELECT
            unnest(getvariable('zone_scales')) AS zone_scale,
            unnest(range(len(getvariable('zone_scales')))) AS place
    ) AS listed
),

zone AS (
    SELECT DISTINCT
        zone_scale,
        zone
    FROM territory.object_zone
),

people AS (
    SELECT
        held.zone_scale,
        held.zone,
        count(*) AS grid_cells,
        sum(grid.population) AS population,
        sum(grid.schools) AS schools,
        -- decimals, since a sum of DOUBLE depends on the threads
        sum(grid.jobs::DECIMAL(18, 3)) AS jobs,
        sum(grid.healthcare::DECIMAL(18, 3)) AS healthcare
    FROM territory.object_zone AS held
    INNER JOIN territory.population_grid AS grid ON held.feed = grid.feed AND held.object_id = grid.cell_id
    WHERE held.object_kind = 'grid_cell'
    GROUP BY held.zone_scale, held.zone
)

SELECT
    zone.zone_scale,
    zone.zone,
    scale.parent_scale,
    CASE
        WHEN scale.parent_scale = 'territory' THEN getvariable('territory')
        WHEN scale.parent_scale IS NOT NULL THEN h3_parent(zone.zone, scale.parent_resolution)
    END AS parent,
    coalesce(people.grid_cells, 0)::BIGINT AS grid_cells,
    coalesce(people.population, 0)::BIGINT AS population,
    coalesce(people.schools, 0)::BIGINT AS schools,
    coalesce(people.jobs, 0)::DECIMAL(18, 3) AS jobs,
    coalesce(people.healthcare, 0)::DECIMAL(18, 3) AS healthcare
FROM zone
INNER JOIN scale ON zone.zone_scale = scale.zone_scale
LEFT JOIN people ON zone.zone_scale = people.zone_scale AND zone.zone = people.zone
