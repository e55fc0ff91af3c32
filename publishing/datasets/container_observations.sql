-- Fill levels reported by containers.
-- grain: container x instant. key: container_id, observed_at. units: fill_level 0..1, temperature in
-- degrees Celsius, lat and lon in degrees (WGS 84). source: NGSI-LD WasteContainer.
SELECT
    fill_observation.container_id,
    fill_observation.observed_at,
    fill_observation.fill_level,
    fill_observation.temperature_c,
    fill_observation.waste_kind,
    fill_observation.status,
    fill_observation.lat,
    fill_observation.lon
FROM waste.fill_observation
