-- The published table: every zone with a meter of the cohort, both directions, every published day.
-- grain: zone x direction x day. units: Wh. Reads member_day and withheld(zone, direction).
-- A zone without a cell to publish is withheld like a sensitive one, so that neither says which it is.
WITH frame AS (
    SELECT
        zones.zone,
        directions.direction,
        days.day
    FROM (SELECT DISTINCT zone FROM member_day) AS zones
    CROSS JOIN (VALUES ('consumption'), ('production')) AS directions (direction)
    CROSS JOIN (SELECT DISTINCT day FROM member_day) AS days
),

total AS (
    SELECT
        zone,
        direction,
        day,
        sum(energy_wh)::DECIMAL(18, 3) AS energy_wh
    FROM member_day
    GROUP BY zone, direction, day
)

SELECT
    frame.zone,
    frame.direction,
    frame.day,
    CASE WHEN withheld.zone IS NULL THEN total.energy_wh END AS energy_wh,
    CASE WHEN withheld.zone IS NULL AND total.zone IS NOT NULL THEN 'A' ELSE 'Q' END AS obs_status,
    CASE WHEN withheld.zone IS NULL AND total.zone IS NOT NULL THEN 'F' ELSE 'C' END AS conf_status
FROM frame
LEFT JOIN total ON frame.zone = total.zone AND frame.direction = total.direction AND frame.day = total.day
LEFT JOIN withheld ON frame.zone = withheld.zone AND frame.direction = withheld.direction
ORDER BY frame.zone, frame.direction, frame.day
