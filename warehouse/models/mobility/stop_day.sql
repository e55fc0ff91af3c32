-- mobility.stop_day: what a stop is offered on a service date.
-- grain: one row a feed, stop and service date with at least one passage
-- key: feed, stop_id, service_date
-- units: events, departures in passages; first_hour, last_hour in hours of the service day
-- source: service_stop_hour x service_day
SELECT
    any_value(hourly.contributor) AS contributor,
    hourly.feed,
    any_value(hourly.delivery_id) AS delivery_id,
    hourly.stop_id,
    service_day.service_date,
    sum(hourly.events)::BIGINT AS events,
    sum(hourly.departures)::BIGINT AS departures,
    sum(hourly.departures_interpolated)::BIGINT AS departures_interpolated,
    min(hourly.hour) FILTER (WHERE hourly.departures > 0 AND hourly.hour >= 0) AS first_hour,
    max(hourly.hour) FILTER (WHERE hourly.departures > 0 AND hourly.hour >= 0) AS last_hour
FROM mobility.service_stop_hour AS hourly
INNER JOIN mobility.service_day AS service_day
    ON hourly.feed = service_day.feed AND hourly.service_id = service_day.service_id
GROUP BY hourly.feed, hourly.stop_id, service_day.service_date
ORDER BY hourly.feed, hourly.stop_id, service_day.service_date
