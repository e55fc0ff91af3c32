-- near_stop: stops within reach of each cell's centre, in a straight line.
-- grain: one row a cell, feed and stop
-- source: territory.population_grid, mobility.stop; variable reach_m (metres, included)
SELECT
    grid.cell_id,
    stop.feed,
    stop.stop_id
FROM territory.population_grid AS grid
INNER JOIN mobility.stop AS stop
    ON
        -- the band of latitudes spares most distances: a degree is over 110,000 m everywhere
        stop.stop_lat >= grid.lat - getvariable('reach_m') / 110000
        AND stop.stop_lat <= grid.lat + getvariable('reach_m') / 110000
        AND haversine_m(grid.lat, grid.lon, stop.stop_lat, stop.stop_lon) <= getvariable('reach_m')
