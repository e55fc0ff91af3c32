-- What each container's sensor owed and gave on each local day.
-- grain: one row a container of the register and local day of the window
-- key: container_id, local_day
-- units: hold_s seconds observed (until the next observation, 6 h at most); levels as share of the range
-- source: waste.container and waste.fill_hold; the step is the observations contract's
WITH step AS (
    SELECT
        contributor,
        min(feed) AS feed,
        min(step_s) AS step_s
    FROM pool.feed
    WHERE list_contains(table_names, 'waste.fill_observation') AND step_s IS NOT NULL
    GROUP BY contributor
),

day AS (
    SELECT unnest(generate_series(
        getvariable('first_day')::TIMESTAMP, getvariable('last_day')::TIMESTAMP, INTERVAL 1 DAY
    ))::DATE AS local_day
),

observed AS (
    SELECT
        container_id,
        local_day,
        count(*) AS observations,
        sum(hold_s) AS hold_s,
        bool_or(is_frozen) AS is_frozen,
        -- a sum of DOUBLE depends on the threads: the mean is taken of decimals
        (sum(fill_level::DECIMAL(9, 6)) / count(*))::DECIMAL(9, 6) AS fill_level_mean,
        max(fill_level) AS fill_level_max
    FROM waste.fill_hold
    GROUP BY container_id, local_day
)

SELECT
    container.container_id,
    day.local_day,
    container.contributor,
    step.feed,
    coalesce(day_seconds(day.local_day, getvariable('timezone')) // step.step_s, 0)::BIGINT AS expected_observations,
    coalesce(observed.observations, 0)::BIGINT AS observations,
    coalesce(observed.hold_s, 0)::BIGINT AS hold_s,
    coalesce(observed.is_frozen, FALSE) AS is_frozen,
    observed.fill_level_mean,
    observed.fill_level_max
FROM waste.container AS container
CROSS JOIN day
LEFT JOIN step ON container.contributor = step.contributor
LEFT JOIN observed ON container.container_id = observed.container_id AND day.local_day = observed.local_day
