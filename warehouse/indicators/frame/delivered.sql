-- delivered: what the lake was loaded from.
-- grain: one row a feed and period loaded
-- units: rows as gate 1 counted them
-- source: pool.load, pool.delivery
SELECT
    load.feed,
    load.period,
    load.delivery_id,
    any_value(load.table_names) AS table_names,
    max(delivery.rows_landed) AS rows_landed,
    max(delivery.rows_quarantined) AS rows_quarantined
FROM pool.load AS load
LEFT JOIN pool.delivery AS delivery ON load.delivery_id = delivery.delivery_id AND delivery.is_current
GROUP BY load.feed, load.period, load.delivery_id
