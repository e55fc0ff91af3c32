-- Stops, platforms and stations of every operator in the pool.
-- grain: stop. key: stop_id. units: lat and lon in degrees (WGS 84). source: GTFS stops.txt,
-- where an empty location_type or wheelchair_boarding means 0.
SELECT
    stop.stop_id,
    stop.contributor AS operator,
    stop.stop_code,
    stop.stop_name,
    coalesce(stop.location_type, 0) AS location_type,
    stop.parent_station,
    coalesce(stop.wheelchair_boarding, 0) AS wheelchair_boarding,
    stop.stop_lat AS lat,
    stop.stop_lon AS lon
FROM mobility.stop
