-- Routes of every operator in the pool.
-- grain: route. key: route_id. source: GTFS routes.txt, agency.txt.
SELECT
    route.route_id,
    route.contributor AS operator,
    agency.agency_name,
    route.route_short_name,
    route.route_long_name,
    route.route_type,
    route.route_color,
    route.route_text_color
FROM mobility.route
LEFT JOIN mobility.agency ON route.feed = agency.feed AND route.agency_id = agency.agency_id
