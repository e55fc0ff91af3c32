-- behind: the deliveries that one indicator's inputs were loaded from, by period.
-- grain: one row a period
-- units: share_quarantined, of the rows those deliveries landed
-- source: pool.load, pool.delivery; variable base_tables. A snapshot stands behind every period.
WITH used AS (
    SELECT
        load.period,
        load.delivery_id,
        max(delivery.rows_landed) AS rows_landed,
        max(delivery.rows_quarantined) AS rows_quarantined
    FROM pool.load AS load
    LEFT JOIN pool.delivery AS delivery ON load.delivery_id = delivery.delivery_id AND delivery.is_current
    WHERE list_has_any(load.table_names, getvariable('base_tables')::VARCHAR[])
    GROUP BY load.period, load.delivery_id
),

whole AS (
    SELECT DISTINCT
        period.period_grain,
        period.period_start,
        used.delivery_id,
        used.rows_landed,
        used.rows_quarantined
    FROM period
    INNER JOIN used ON used.period IS NULL OR period.day = used.period
)

SELECT
    period_grain,
    period_start,
    list(delivery_id ORDER BY delivery_id) AS deliveries,
    sum(rows_quarantined) / nullif(sum(rows_landed), 0) AS share_quarantined
FROM whole
GROUP BY period_grain, period_start
