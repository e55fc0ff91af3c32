-- What the pool computes of golden.csv, a query a measure: date, key and value, as the lake's tables give them.
-- Each `-- name:` line opens one: dataset and measure; measures whose names differ in a number only share one, and
-- read the number as a variable.

-- name: gtfs active_trips
SELECT
    day.day AS date,
    '' AS key,
    coalesce(sum(route_day.runs), 0) AS value
FROM (SELECT unnest(generate_series(DATE '2019-05-13', DATE '2019-06-09', INTERVAL 1 DAY))::DATE AS day) AS day
LEFT JOIN mobility.route_day AS route_day
    ON day.day = route_day.service_date AND route_day.feed = getvariable('feed')
GROUP BY day.day;

-- name: gtfs stop_events
SELECT
    service_date AS date,
    '' AS key,
    sum(events) AS value
FROM mobility.stop_day
WHERE feed = getvariable('feed')
GROUP BY service_date;

-- name: gtfs departures
SELECT
    service_date AS date,
    '' AS key,
    sum(departures) AS value
FROM mobility.stop_day
WHERE feed = getvariable('feed')
GROUP BY service_date;

-- name: gtfs stop_events_by_stop
SELECT
    service_date AS date,
    split_part(stop_id, ':', 2) AS key,
    events AS value
FROM mobility.stop_day
WHERE feed = getvariable('feed');

-- name: gtfs departures_by_stop
SELECT
    service_date AS date,
    split_part(stop_id, ':', 2) AS key,
    departures AS value
FROM mobility.stop_day
WHERE feed = getvariable('feed');

-- name: gtfs service_km_full_shape
SELECT
    service_day.service_date AS date,
    '' AS key,
    sum(trip_run.shape_m) / 1000 AS value
FROM mobility.trip_run AS trip_run
INNER JOIN mobility.service_day AS service_day
    ON trip_run.feed = service_day.feed AND trip_run.service_id = service_day.service_id
WHERE trip_run.feed = getvariable('feed')
GROUP BY service_day.service_date;

-- name: gtfs service_km_clipped
SELECT
    service_date AS date,
    '' AS key,
    sum(run_m) / 1000 AS value
FROM mobility.service_run
WHERE feed = getvariable('feed')
GROUP BY service_date;

-- name: gtfs service_km_stop_chain
SELECT
    service_day.service_date AS date,
    '' AS key,
    sum(trip_run.chain_m) / 1000 AS value
FROM mobility.trip_run AS trip_run
INNER JOIN mobility.service_day AS service_day
    ON trip_run.feed = service_day.feed AND trip_run.service_id = service_day.service_id
WHERE trip_run.feed = getvariable('feed')
GROUP BY service_day.service_date;

-- name: gtfs in_service_hours
SELECT
    service_date AS date,
    '' AS key,
    sum(in_service_s) / 3600 AS value
FROM mobility.route_day
WHERE feed = getvariable('feed')
GROUP BY service_date;

-- name: gtfs first_departure
SELECT
    service_date AS date,
    '' AS key,
    min(first_departure_s) AS value
FROM mobility.route_day
WHERE feed = getvariable('feed')
GROUP BY service_date;

-- name: gtfs last_arrival
SELECT
    service_date AS date,
    '' AS key,
    max(last_arrival_s) AS value
FROM mobility.route_day
WHERE feed = getvariable('feed')
GROUP BY service_date;

-- name: gtfs untimed_stop_times
SELECT
    service_date AS date,
    '' AS key,
    sum(n_untimed) AS value
FROM mobility.service_run
WHERE feed = getvariable('feed')
GROUP BY service_date;

-- name: gtfs departures_window
SELECT
    day AS date,
    '' AS key,
    sum(departures) AS value
FROM stop_window
WHERE feed = getvariable('feed')
GROUP BY day;

-- name: gtfs stops_window
SELECT
    day AS date,
    '' AS key,
    count(*) AS value
FROM stop_window
WHERE
    feed = getvariable('feed')
    AND departures >= getvariable('n') * (getvariable('to_h') - getvariable('from_h'))
GROUP BY day;

-- name: poa_hexgrid total
SELECT
    NULL AS date,
    '' AS key,
    CASE getvariable('column')
        WHEN 'population' THEN sum(population)
        WHEN 'schools' THEN sum(schools)
        WHEN 'jobs' THEN sum(jobs)
        WHEN 'healthcare' THEN sum(healthcare)
    END AS value
FROM territory.zone
WHERE zone_scale = 'territory';

-- name: poa_hexgrid population_within
WITH stop_set AS (
    SELECT
        feed,
        stop_id,
        day,
        unnest(
            if(feed = 'eptc-gtfs', ['eptc_all_stops', 'both_all_stops'], ['trensurb_all_stops', 'both_all_stops'])
            || if(departures_day > 0, ['both_served'], [])
            || if(feed = 'eptc-gtfs' AND departures >= 3 * 5, ['eptc_3_per_hour_12_17'], [])
            || if(feed = 'eptc-gtfs' AND departures >= 4 * 5, ['eptc_4_per_hour_12_17'], [])
            || if(feed = 'eptc-gtfs' AND departures >= 10 * 5, ['eptc_10_per_hour_12_17'], [])
        ) AS key
    FROM (
        SELECT
            stop_window.feed,
            stop_window.stop_id,
            stop_window.day,
            stop_window.departures,
            coalesce(stop_day.departures, 0) AS departures_day
        FROM stop_window
        LEFT JOIN mobility.stop_day AS stop_day
            ON
                stop_window.feed = stop_day.feed
                AND stop_window.stop_id = stop_day.stop_id
                AND stop_window.day = stop_day.service_date
        WHERE stop_window.day = '2019-05-15'
    ) AS counted
),

reached AS (
    SELECT DISTINCT
        stop_set.day,
        stop_set.key,
        near_stop.cell_id
    FROM stop_set
    INNER JOIN near_stop ON stop_set.feed = near_stop.feed AND stop_set.stop_id = near_stop.stop_id
)

SELECT
    reached.day AS date,
    reached.key,
    sum(grid.population) AS value
FROM reached
INNER JOIN territory.population_grid AS grid ON reached.cell_id = grid.cell_id
GROUP BY reached.day, reached.key;

-- name: poa_hexgrid unserved_population
SELECT
    '2019-05-15' AS date,
    '' AS key,
    sum(population) AS value
FROM territory.population_grid
WHERE cell_id NOT IN (SELECT near_stop.cell_id FROM near_stop);

-- name: poa_hexgrid mean_within
SELECT
    NULL AS date,
    '' AS key,
    sum(population * opportunities) / sum(population) AS value
FROM (
    SELECT
        origin.cell_id,
        origin.population,
        sum(
            CASE getvariable('column')
                WHEN 'schools' THEN place.schools
                WHEN 'jobs' THEN place.jobs
                WHEN 'healthcare' THEN place.healthcare
            END
        ) AS opportunities
    FROM territory.population_grid AS origin
    INNER JOIN territory.population_grid AS place
        ON haversine_m(origin.lat, origin.lon, place.lat, place.lon) <= getvariable('reach_m')
    GROUP BY origin.cell_id, origin.population
) AS reachable;

-- name: poa_hexgrid max_within
SELECT
    NULL AS date,
    cell_id AS key,
    opportunities AS value
FROM (
    SELECT
        origin.cell_id,
        origin.population,
        sum(
            CASE getvariable('column')
                WHEN 'schools' THEN place.schools
                WHEN 'jobs' THEN place.jobs
                WHEN 'healthcare' THEN place.healthcare
            END
        ) AS opportunities
    FROM territory.population_grid AS origin
    INNER JOIN territory.population_grid AS place
        ON haversine_m(origin.lat, origin.lon, place.lat, place.lon) <= getvariable('reach_m')
    GROUP BY origin.cell_id, origin.population
) AS reachable
WHERE opportunities > 0;

-- name: poa_readings rows_received
SELECT
    period AS date,
    '' AS key,
    rows_landed AS value
FROM pool.delivery
WHERE feed = 'enerflux-readings' AND is_current;

-- name: poa_readings rows_kept
SELECT
    period AS date,
    '' AS key,
    count(*) AS value
FROM energy.reading
GROUP BY period;

-- name: poa_readings energy_kwh
SELECT
    local_day AS date,
    direction AS key,
    sum(energy_wh) / 1000 AS value
FROM energy.meter_day
WHERE energy_wh IS NOT NULL
GROUP BY local_day, direction;

-- name: poa_readings meters_reporting
SELECT
    local_day AS date,
    direction AS key,
    count(*) FILTER (WHERE observed_intervals > 0) AS value
FROM energy.meter_day
GROUP BY local_day, direction;

-- name: poa_readings planted_faults
SELECT
    period AS date,
    CASE
        WHEN rule = 'value_below_minimum' THEN 'negative_power'
        WHEN rule = 'power_above_segment_ceiling' THEN 'power_above_segment_ceiling'
        WHEN rule = 'duplicate_key' THEN 'exact_repeat_rows'
        WHEN column_name = 'meter_id' THEN 'unknown_or_malformed_prm'
    END AS key,
    sum(failed_rows) AS value
FROM pool.rule_result
WHERE feed = 'enerflux-readings' AND period = '2019-05-20' AND table_name = 'reading' AND failed_rows > 0
GROUP BY ALL
UNION ALL
SELECT
    period AS date,
    'any_of_these' AS key,
    rows_quarantined AS value
FROM pool.delivery
WHERE feed = 'enerflux-readings' AND period = '2019-05-20' AND is_current;

-- name: poa_readings readings_above_subscribed_power
SELECT
    '2019-05-13/2019-06-09' AS date,
    '' AS key,
    count(*) AS value
FROM energy.reading AS reading
INNER JOIN energy.meter AS meter ON reading.meter_id = meter.meter_id
WHERE reading.power_w > 1000 * meter.subscribed_power_kva;

-- name: poa_readings peak_kw
SELECT
    local_day AS date,
    strftime(timezone('America/Sao_Paulo', start_at), '%Y-%m-%d %H:%M:%S') AS key,
    sum(consumption_wh) * 2 / 1000 AS value
FROM energy.reading_interval
GROUP BY local_day, start_at
QUALIFY row_number() OVER (PARTITION BY local_day ORDER BY sum(consumption_wh) DESC) = 1;

-- name: poa_meters zones
SELECT
    NULL AS date,
    'h3_res' || resolution AS key,
    count(*) FILTER (WHERE n_meters >= getvariable('n')) AS value
FROM (
    SELECT
        scale.resolution,
        h3_parent(meter.h3_cell, scale.resolution) AS zone,
        count(*) AS n_meters
    FROM energy.meter AS meter
    CROSS JOIN (SELECT unnest([6, 7, 8, 9]) AS resolution) AS scale
    GROUP BY ALL
) AS held
GROUP BY resolution;

-- name: poa_bins observations_received
SELECT
    period AS date,
    '' AS key,
    rows_landed AS value
FROM pool.delivery
WHERE feed = 'velia-bins' AND is_current;

-- name: poa_bins observations_in_range
SELECT
    local_day AS date,
    '' AS key,
    count(*) AS value
FROM waste.fill_hold
GROUP BY local_day;

-- name: poa_bins observation_completeness
SELECT
    '2019-05-13/2019-06-09' AS date,
    '' AS key,
    sum(delivery.rows_landed) / (SELECT sum(expected_observations) FROM waste.container_day) AS value
FROM pool.delivery AS delivery
WHERE delivery.feed = 'velia-bins' AND delivery.is_current;

-- name: poa_bins frozen_sensors
SELECT
    '2019-05-13/2019-06-09' AS date,
    string_agg(DISTINCT right(container_id, 4), '|' ORDER BY right(container_id, 4)) AS key,
    count(DISTINCT container_id) AS value
FROM waste.fill_hold
WHERE is_frozen;

-- name: poa_bins observation_share_at_or_above
SELECT
    '2019-05-13/2019-06-09' AS date,
    '' AS key,
    count(*) FILTER (WHERE fill_level >= getvariable('n')) / count(*) AS value
FROM waste.fill_hold
WHERE NOT is_frozen;

-- name: poa_collections collections
SELECT
    local_day AS date,
    '' AS key,
    sum(collections) AS value
FROM waste.collection_day
GROUP BY local_day;

-- name: poa_collections mass_collected_kg
SELECT
    coalesce(local_day::VARCHAR, '2019-05-13/2019-06-09') AS date,
    '' AS key,
    sum(mass_kg) AS value
FROM waste.collection_day
GROUP BY GROUPING SETS ((local_day), ());

-- name: poa_containers population_within
SELECT
    NULL AS date,
    '' AS key,
    sum(population) AS value
FROM territory.population_grid
WHERE cell_id IN (SELECT near_container.cell_id FROM near_container);
