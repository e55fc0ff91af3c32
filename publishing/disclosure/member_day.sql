-- What each member of the frozen cohort contributes to each cell.
-- grain: meter x direction x published local day. units: energy_wh in Wh.
-- cohort: meters in service over the whole span by the register, whose accepted readings cover at least
-- minimum_day_pct of every published day; a meter short on one day is out on all of them, or two days
-- would differ by one household. A published day is one that every readings feed delivered.
-- variables: feeds, registers (feed ids), first, last (span, inclusive; NULL = what was delivered),
-- zone, now, embargo_s, resolution, minimum_day_pct.
-- source: DISCLOSURE rules 3.6.5 (frozen membership) and 2.6 (consumption and production apart).
WITH delivered AS (
    SELECT period AS day
    FROM energy.reading
    WHERE
        list_contains(getvariable('feeds'), feed)
        AND period BETWEEN coalesce(getvariable('first')::DATE, period) AND coalesce(getvariable('last')::DATE, period)
        AND local_midnight(period + 1, getvariable('zone')) + to_seconds(getvariable('embargo_s')) <= getvariable('now')
    GROUP BY period
    HAVING count(DISTINCT feed) = len(getvariable('feeds'))
),

span AS (
    SELECT
        coalesce(getvariable('first')::DATE, min(day)) AS first_day,
        coalesce(getvariable('last')::DATE, max(day)) AS last_day,
        count(*) AS days
    FROM delivered
),

daily AS (
    SELECT
        reading.meter_id,
        reading.direction,
        delivered.day,
        sum(reading.energy_wh) AS energy_wh,
        100 * sum(reading.duration_s)
        >= getvariable('minimum_day_pct') * day_seconds(delivered.day, getvariable('zone')) AS is_whole
    FROM energy.reading
    INNER JOIN delivered ON reading.period = delivered.day
    WHERE list_contains(getvariable('feeds'), reading.feed) AND reading.direction IN ('consumption', 'production')
    GROUP BY reading.meter_id, reading.direction, delivered.day
),

whole AS (
    SELECT
        meter_id,
        direction
    FROM daily
    GROUP BY meter_id, direction
    HAVING count(*) FILTER (WHERE is_whole) = (SELECT days FROM span)
),

in_service AS (
    SELECT
        meter.meter_id,
        meter.contributor,
        meter.has_production,
        h3_parent(meter.h3_cell, getvariable('resolution')) AS zone
    FROM energy.meter
    CROSS JOIN span
    WHERE
        list_contains(getvariable('registers'), meter.feed)
        AND coalesce(meter.commissioned_on <= span.first_day, TRUE)
        AND coalesce(meter.retired_on > span.last_day, TRUE)
)

SELECT
    in_service.zone,
    daily.direction,
    daily.day,
    daily.meter_id AS unit,
    in_service.contributor,
    daily.energy_wh::DECIMAL(18, 3) AS energy_wh
FROM daily
INNER JOIN whole ON daily.meter_id = whole.meter_id AND daily.direction = whole.direction
INNER JOIN in_service ON daily.meter_id = in_service.meter_id
WHERE
    in_service.zone IS NOT NULL
    AND (daily.direction = 'consumption' OR in_service.has_production)
ORDER BY in_service.zone, daily.direction, daily.day, daily.meter_id
