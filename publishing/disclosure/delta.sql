-- What changed since a sealed version, in the cells that it published.
-- grain: cell (zone|day) x unit, one direction. units: Wh, absolute difference. Reads sealed (the record of
-- an earlier version) and member_day. variables: judged_direction.
-- source: DISCLOSURE rule 3.6.4 (two versions subtract: their difference is a cell).
WITH earlier AS (
    SELECT * FROM sealed
    WHERE is_published AND direction = getvariable('judged_direction')
),

told AS (
    SELECT DISTINCT
        zone,
        day
    FROM earlier
),

present AS (
    SELECT member_day.*
    FROM member_day
    INNER JOIN told ON member_day.zone = told.zone AND member_day.day = told.day
    WHERE member_day.direction = getvariable('judged_direction')
)

SELECT
    coalesce(present.zone, earlier.zone) || '|' || coalesce(present.day, earlier.day)::VARCHAR AS cell,
    coalesce(present.unit, earlier.unit) AS unit,
    coalesce(present.contributor, earlier.contributor) AS contributor,
    abs(coalesce(present.energy_wh, 0) - coalesce(earlier.energy_wh, 0)) AS amount
FROM present
FULL OUTER JOIN earlier
    ON present.zone = earlier.zone AND present.day = earlier.day AND present.unit = earlier.unit
WHERE coalesce(present.energy_wh, 0) <> coalesce(earlier.energy_wh, 0)
