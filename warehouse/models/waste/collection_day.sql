-- What was collected of each container on each local day.
-- grain: one row a container and local day with a collection
-- key: container_id, local_day
-- units: volume_l litres, mass_kg kilograms; level_before_sum adds shares of the sensor's range
-- source: waste.collection; the mean level before is level_before_sum / levels
SELECT
    container_id,
    local_day(collected_at, getvariable('timezone')) AS local_day,
    any_value(contributor) AS contributor,
    any_value(feed) AS feed,
    count(*) AS collections,
    count(level_before) AS levels,
    sum(level_before::DECIMAL(9, 6)) AS level_before_sum,
    sum(volume_l) AS volume_l,
    sum(mass_kg) AS mass_kg
FROM waste.collection
WHERE
    local_day(collected_at, getvariable('timezone'))
    BETWEEN getvariable('first_day') AND getvariable('last_day')
GROUP BY container_id, local_day
