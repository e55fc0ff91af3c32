-- meter_day: each metering point in service on each day, both directions side by side; no reading is a gap, not 0.
-- grain: one row a meter and day in service
-- units: energy in Wh; n_ in intervals; self_, _both_ over the intervals where both directions are known
-- source: energy.meter_day, energy.reading_interval
WITH both_ways AS (
    SELECT
        meter_id,
        local_day,
        count(*) AS n_both,
        sum(least(consumption_wh, production_wh)) AS self_wh,
        sum(consumption_wh) AS consumption_both_wh,
        sum(production_wh) AS production_both_wh
    FROM energy.reading_interval
    -- least ignores NULL: without this filter a meter that does not produce would cover itself
    WHERE consumption_wh IS NOT NULL AND production_wh IS NOT NULL
    GROUP BY meter_id, local_day
)

SELECT
    used.meter_id,
    used.local_day AS day,
    used.expected_intervals AS n_expected,
    used.observed_intervals AS n_consumption,
    used.estimated_intervals AS n_estimated,
    coalesce(made.observed_intervals, 0) AS n_production,
    coalesce(both_ways.n_both, 0) AS n_both,
    used.energy_wh AS consumption_wh,
    made.energy_wh AS production_wh,
    both_ways.self_wh,
    both_ways.consumption_both_wh,
    both_ways.production_both_wh
FROM energy.meter_day AS used
LEFT JOIN energy.meter_day AS made
    ON used.meter_id = made.meter_id AND used.local_day = made.local_day AND made.direction = 'production'
LEFT JOIN both_ways ON used.meter_id = both_ways.meter_id AND used.local_day = both_ways.local_day
WHERE used.direction = 'consumption' AND used.is_expected
