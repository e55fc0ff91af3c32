-- mobility.route_day: what a route promises on a service date.
-- grain: one row a feed, route and service date with at least one run
-- key: feed, route_id, service_date
-- units: runs; run_m in metres; in_service_s, first_departure_s, last_arrival_s in seconds of the service day
-- source: service_run
SELECT
    any_value(contributor) AS contributor,
    feed,
    any_value(delivery_id) AS delivery_id,
    route_id,
    service_date,
    count(*) AS runs,
    sum(run_m)::DECIMAL(18, 3) AS run_m,
    sum(last_arrival_s - first_departure_s)::BIGINT AS in_service_s,
    min(first_departure_s) AS first_departure_s,
    max(last_arrival_s) AS last_arrival_s,
    count(*) FILTER (WHERE run_m_method = 'stop_chain') AS runs_without_shape
FROM mobility.service_run
GROUP BY feed, route_id, service_date
ORDER BY feed, route_id, service_date
