-- The staged energy file against the lake, by another route than the one that made it.
-- grain: one row a published cell that breaks a rule. units: Wh.
-- Reads staged(zone, direction, day, energy_wh, obs_status, conf_status), cell_zone(h3_cell, zone) and
-- minimum(direction, units). variables: feeds, registers, first, last, zone, minimum_day_pct,
-- p_percent.
WITH published_day AS (SELECT DISTINCT day FROM staged),

bounds AS (
    SELECT
        coalesce(getvariable('first')::DATE, min(day)) AS first_day,
        coalesce(getvariable('last')::DATE, max(day)) AS last_day
    FROM published_day
),

slot AS (
    SELECT
        reading.meter_id,
        reading.direction,
        timezone(getvariable('zone'), reading.start_at)::DATE AS day,
        reading.energy_wh,
        reading.duration_s
    FROM energy.reading
    WHERE list_contains(getvariable('feeds'), reading.feed)
),

meter_day AS (
    SELECT
        slot.meter_id,
        slot.direction,
        slot.day,
        sum(slot.energy_wh) AS energy_wh,
        sum(slot.duration_s) AS covered_s
    FROM slot
    INNER JOIN published_day ON slot.day = published_day.day
    GROUP BY slot.meter_id, slot.direction, slot.day
),

served AS (
    SELECT
        meter.meter_id,
        meter.contributor,
        meter.has_production,
        cell_zone.zone
    FROM energy.meter
    INNER JOIN cell_zone ON meter.h3_cell = cell_zone.h3_cell
    CROSS JOIN bounds
    WHERE
        list_contains(getvariable('registers'), meter.feed)
        AND NOT coalesce(meter.commissioned_on > bounds.first_day, FALSE)
        AND NOT coalesce(meter.retired_on <= bounds.last_day, FALSE)
),

pair AS (
    SELECT DISTINCT
        meter_id,
        direction
    FROM meter_day
),

short AS (
    -- a meter and direction that lacks readings on some published day
    SELECT
        pair.meter_id,
        pair.direction
    FROM pair
    CROSS JOIN published_day
    LEFT JOIN meter_day
        ON
            pair.meter_id = meter_day.meter_id
            AND pair.direction = meter_day.direction
            AND published_day.day = meter_day.day
    GROUP BY pair.meter_id, pair.direction
    HAVING
        bool_or(
            coalesce(meter_day.covered_s, 0) * 100
            < getvariable('minimum_day_pct') * date_diff(
                'second',
                timezone(getvariable('zone'), published_day.day::TIMESTAMP),
                timezone(getvariable('zone'), (published_day.day + 1)::TIMESTAMP)
            )
        )
),

member AS (
    SELECT
        served.zone,
        meter_day.direction,
        meter_day.day,
        served.contributor,
        meter_day.meter_id,
        meter_day.energy_wh,
        row_number() OVER (
            PARTITION BY served.zone, meter_day.direction, meter_day.day
            ORDER BY meter_day.energy_wh DESC, meter_day.meter_id ASC
        ) AS place
    FROM meter_day
    INNER JOIN served ON meter_day.meter_id = served.meter_id
    LEFT JOIN short ON meter_day.meter_id = short.meter_id AND meter_day.direction = short.direction
    WHERE short.meter_id IS NULL AND (meter_day.direction = 'consumption' OR served.has_production)
),

cell AS (
    SELECT
        zone,
        direction,
        day,
        sum(energy_wh) AS total,
        count(*) AS registered,
        sum((energy_wh <> 0)::INTEGER) AS active,
        sum(CASE WHEN place = 1 THEN energy_wh ELSE 0 END) AS largest,
        sum(CASE WHEN place > 2 THEN energy_wh ELSE 0 END) AS remainder
    FROM member
    GROUP BY zone, direction, day
),

insider AS (
    SELECT DISTINCT
        zone,
        direction,
        contributor
    FROM member
),

residual AS (
    -- what one contributor is left with after its own meters, where others remain
    SELECT
        member.zone,
        member.direction,
        member.day,
        insider.contributor,
        sum((member.energy_wh <> 0)::INTEGER) AS active,
        sum(member.energy_wh) AS total,
        list_reverse_sort(list(member.energy_wh)) AS amounts
    FROM member
    INNER JOIN insider
        ON
            member.zone = insider.zone
            AND member.direction = insider.direction
            AND member.contributor <> insider.contributor
    GROUP BY member.zone, member.direction, member.day, insider.contributor
),

thin AS (
    SELECT DISTINCT
        residual.zone,
        residual.direction,
        residual.day
    FROM residual
    INNER JOIN minimum ON residual.direction = minimum.direction
    WHERE
        residual.active < minimum.units
        OR 100 * (residual.total - residual.amounts[1] - coalesce(residual.amounts[2], 0))
        < getvariable('p_percent')::DECIMAL(9, 4) * residual.amounts[1]
)

SELECT
    md5(staged.zone || '|' || staged.direction || '|' || staged.day::VARCHAR) AS cell_id,
    CASE
        WHEN staged.conf_status = 'C' THEN 'hidden_row_has_a_value'
        WHEN staged.conf_status <> 'F' OR staged.obs_status <> 'A' THEN 'unknown_status'
        WHEN cell.zone IS NULL THEN 'cell_without_members'
        WHEN cell.total <> staged.energy_wh OR staged.energy_wh IS NULL THEN 'value_differs'
        WHEN cell.active < minimum.units AND NOT (cell.active = 0 AND cell.registered >= minimum.units)
            THEN 'too_few_units'
        WHEN cell.total > 0 AND 100 * cell.remainder < getvariable('p_percent')::DECIMAL(9, 4) * cell.largest
            THEN 'one_unit_too_close'
        WHEN thin.zone IS NOT NULL THEN 'too_few_units_left_for_an_insider'
    END AS rule
FROM staged
LEFT JOIN minimum ON staged.direction = minimum.direction
LEFT JOIN cell ON staged.zone = cell.zone AND staged.direction = cell.direction AND staged.day = cell.day
LEFT JOIN thin ON staged.zone = thin.zone AND staged.direction = thin.direction AND staged.day = thin.day
WHERE rule IS NOT NULL AND NOT (staged.conf_status = 'C' AND staged.obs_status = 'Q' AND staged.energy_wh IS NULL)
ORDER BY cell_id
