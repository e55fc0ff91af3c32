-- A meter's two directions side by side, on the meter's own interval.
-- grain: one row a meter and interval that has a reading in either direction
-- key: meter_id, start_at
-- units: Wh over duration_s seconds from start_at (UTC); NULL is a direction not delivered, never 0
-- source: energy.reading; INDICATORS 1.4
SELECT
    meter_id,
    start_at,
    any_value(contributor) AS contributor,
    any_value(feed) AS feed,
    any_value(local_day(start_at, getvariable('timezone'))) AS local_day,
    max(duration_s) AS duration_s,
    sum(energy_wh) FILTER (WHERE direction = 'consumption')::DECIMAL(18, 3) AS consumption_wh,
    sum(energy_wh) FILTER (WHERE direction = 'production')::DECIMAL(18, 3) AS production_wh,
    coalesce(bool_or(quality IN ('estimated', 'corrected')), FALSE) AS is_estimated
FROM energy.reading
GROUP BY meter_id, start_at
