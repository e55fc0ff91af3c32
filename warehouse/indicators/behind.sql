-- behind: the deliveries that one indicator's inputs were loaded from, by period.
-- grain: one row a period
-- units: share_quarantined, of the rows those deliveries landed
-- source: delivered; variable base_tables. A snapshot stands behind every period.
WITH whole AS (
    SELECT DISTINCT
        period.period_grain,
        period.period_start,
        delivered.delivery_id,
        delivered.rows_landed,
        delivered.rows_quarantined
    FROM period
    INNER JOIN delivered ON delivered.period IS NULL OR period.day = delivered.period
    WHERE list_has_any(delivered.table_names, getvariable('base_tables')::VARCHAR[])
)

SELECT
    period_grain,
    period_start,
    list(delivery_id ORDER BY delivery_id) AS deliveries,
    sum(rows_quarantined) / nullif(sum(rows_landed), 0) AS share_quarantined
FROM whole
GROUP BY period_grain, period_start
