-- near_container: containers within reach of each cell's centre, in a straight line.
-- grain: one row a cell and container
-- source: territory.population_grid, waste.container; variable reach_m (metres, included)
SELECT
    grid.cell_id,
    container.container_id
FROM territory.population_grid AS grid
INNER JOIN waste.container AS container
    ON haversine_m(grid.lat, grid.lon, container.lat, container.lon) <= getvariable('reach_m')
