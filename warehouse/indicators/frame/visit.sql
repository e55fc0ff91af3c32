-- visit: collections by the local day they took place.
-- grain: one row a collection
-- units: level_before a share of the sensor's range; volume_l litres removed, as given, else level x capacity
-- source: waste.collection, waste.container
SELECT
    collection.container_id,
    local_day(collection.collected_at, getvariable('timezone')) AS day,
    collection.level_before::DECIMAL(9, 6) AS level_before,
    coalesce(
        collection.volume_l, collection.level_before::DECIMAL(9, 6) * container.capacity_l
    )::DECIMAL(18, 3) AS volume_l,
    collection.volume_l IS NULL AS is_estimated
FROM waste.collection AS collection
LEFT JOIN waste.container AS container ON collection.container_id = container.container_id
