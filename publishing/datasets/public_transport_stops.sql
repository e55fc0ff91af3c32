-- Stops, platforms and stations of every operator in the pool.
-- grain: stop. key: stop_id. units: lat and lon in degrees (WGS 84). source: GTFS stops.txt.
SELECT
    stop.stop_id,
    stop.contributor AS operator,
    stop.stop_code,
    stop.stop_name,
    stop.location_type,
    stop.parent_station,
    stop.wheelchair_boarding,
    stop.stop_lat AS lat,
    stop.stop_lon AS lon
FROM mobility.stop
