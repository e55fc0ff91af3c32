-- near_container: containers within reach of each cell's centre, in a straight line.
-- grain: one row a cell and container
-- source: territory.population_grid, waste.container; variable reach_m (metres, included)
SELECT
    grid.cell_id,
    container.container_id
FROM territory.population_grid AS grid
INNER JOIN waste.container AS container
    ON
        -- the band of latitudes spares most distances: a degree is over 110,000 m everywhere
        container.lat >= grid.lat - getvariable('reach_m') / 110000
        AND container.lat <= grid.lat + getvariable('reach_m') / 110000
        AND haversine_m(grid.lat, grid.lon, container.lat, container.lon) <= getvariable('reach_m')
