-- Primary rules: one row a cell with its sensitivity.
-- grain: cell. Reads contribution(cell, unit, contributor, amount), one row a unit; a unit that appears
-- several times in a cell is summed first. Amounts are judged on absolute values.
-- variables: minimum_units active units, p_percent.
-- source: Handbook on Statistical Disclosure Control, 2nd ed., 4.2.1 (minimum frequency, p% rule).
WITH entity AS (
    SELECT
        cell,
        unit,
        any_value(contributor) AS contributor,
        abs(sum(amount)) AS amount
    FROM contribution
    GROUP BY cell, unit
),

other AS (
    SELECT DISTINCT
        cell,
        contributor
    FROM entity
),

scope AS (
    -- what an outsider sees, then what each contributor is left with after its own units
    SELECT
        cell,
        NULL AS insider,
        unit,
        amount
    FROM entity
    UNION ALL
    SELECT
        entity.cell,
        other.contributor AS insider,
        entity.unit,
        entity.amount
    FROM entity
    INNER JOIN other
        ON entity.cell = other.cell AND entity.contributor <> other.contributor
),

judged AS (
    SELECT
        cell,
        insider,
        count(*) AS registered,
        count(*) FILTER (WHERE amount > 0) AS active,
        sum(amount) AS total,
        max(amount) AS largest,
        coalesce(list_reverse_sort(list(amount))[2], 0) AS second
    FROM scope
    GROUP BY cell, insider
),

ruled AS (
    SELECT
        cell,
        insider,
        registered,
        active,
        CASE
            WHEN active = 0 THEN registered < getvariable('minimum_units') ELSE active < getvariable('minimum_units')
        END AS is_few,
        total > 0
        AND 100 * (total - largest - second) < getvariable('p_percent')::DECIMAL(9, 4) * largest AS is_concentrated,
        greatest(0, getvariable('p_percent')::DECIMAL(9, 4) * largest / 100 - (total - largest - second)) AS protection
    FROM judged
)

SELECT
    cell,
    bool_or(is_few OR is_concentrated) AS is_sensitive,
    bool_or((is_few OR is_concentrated) AND insider IS NULL) AS is_sensitive_outside,
    bool_or((is_few OR is_concentrated) AND insider IS NOT NULL) AS is_sensitive_inside,
    max(active) FILTER (WHERE insider IS NULL) AS active_units,
    max(protection) FILTER (WHERE insider IS NULL) AS upper_protection
FROM ruled
GROUP BY cell
ORDER BY cell
