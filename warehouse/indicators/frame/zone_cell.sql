-- zone_cell: the population grid's cells by zone, at every scale.
-- grain: one row a scale and cell
-- units: population in inhabitants, jobs in jobs; lat, lon in WGS 84 degrees (the cell's centre, as delivered)
-- source: territory.population_grid, territory.object_zone; variable scales
SELECT
    held.zone_scale,
    held.zone,
    grid.cell_id,
    grid.lat,
    grid.lon,
    grid.population,
    grid.jobs
FROM territory.object_zone AS held
INNER JOIN territory.population_grid AS grid ON held.feed = grid.feed AND held.object_id = grid.cell_id
WHERE held.object_kind = 'grid_cell' AND list_contains(getvariable('scales'), held.zone_scale)
