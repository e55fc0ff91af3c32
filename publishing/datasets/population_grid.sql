-- Population and activities by hexagon.
-- grain: H3 cell, resolution 9. key: cell_id. units: persons, counts; lat and lon in degrees (WGS 84).
-- source: Ipea, Acesso a Oportunidades.
SELECT
    population_grid.cell_id,
    population_grid.population,
    population_grid.schools,
    population_grid.jobs,
    population_grid.healthcare,
    population_grid.lat,
    population_grid.lon
FROM territory.population_grid
