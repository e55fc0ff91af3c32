-- What each meter owed and gave on each local day, by direction.
-- grain: one row a meter, local day and direction that is expected or observed
-- key: meter_id, local_day, direction
-- units: energy_wh Wh, NULL where nothing was observed; intervals of the readings feed's own step
-- source: energy.reading against energy.meter_in_service; the step is the readings contract's
WITH step AS (
    SELECT
        contributor,
        min(feed) AS feed,
        min(step_s) AS step_s
    FROM pool.feed
    WHERE list_contains(table_names, 'energy.reading') AND step_s IS NOT NULL
    GROUP BY contributor
),

direction AS (
    SELECT
        unnest(['consumption', 'production']) AS direction,
        unnest([FALSE, TRUE]) AS is_for_producers
),

expected AS (
    SELECT
        meter.meter_id,
        meter.local_day,
        direction.direction,
        meter.contributor,
        step.feed,
        day_seconds(meter.local_day, getvariable('timezone')) // step.step_s AS expected_intervals
    FROM energy.meter_in_service AS meter
    INNER JOIN step ON meter.contributor = step.contributor
    INNER JOIN direction ON meter.has_production OR NOT direction.is_for_producers
),

observed AS (
    SELECT
        meter_id,
        local_day(start_at, getvariable('timezone')) AS local_day,
        direction,
        any_value(contributor) AS contributor,
        any_value(feed) AS feed,
        count(*) AS observed_intervals,
        count(*) FILTER (WHERE quality IN ('estimated', 'corrected')) AS estimated_intervals,
        sum(duration_s) AS observed_s,
        sum(energy_wh)::DECIMAL(18, 3) AS energy_wh
    FROM energy.reading
    WHERE
        local_day(start_at, getvariable('timezone'))
        BETWEEN getvariable('first_day') AND getvariable('last_day')
    GROUP BY ALL
)

SELECT
    coalesce(expected.meter_id, observed.meter_id) AS meter_id,
    coalesce(expected.local_day, observed.local_day) AS local_day,
    coalesce(expected.direction, observed.direction) AS direction,
    coalesce(expected.contributor, observed.contributor) AS contributor,
    coalesce(expected.feed, observed.feed) AS feed,
    expected.meter_id IS NOT NULL AS is_expected,
    coalesce(expected.expected_intervals, 0)::BIGINT AS expected_intervals,
    coalesce(observed.observed_intervals, 0)::BIGINT AS observed_intervals,
    coalesce(observed.estimated_intervals, 0)::BIGINT AS estimated_intervals,
    coalesce(observed.observed_s, 0)::BIGINT AS observed_s,
    observed.energy_wh
FROM expected
FULL OUTER JOIN observed
    ON
        expected.meter_id = observed.meter_id
        AND expected.local_day = observed.local_day
        AND expected.direction = observed.direction
