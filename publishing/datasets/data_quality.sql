-- What became of each delivery.
-- grain: delivery. key: feed, period, delivery_id. units: rows. source: the pool's verdicts.
-- Rows of feeds about persons are not counted here: they would count households.
SELECT
    delivery.feed,
    coalesce(delivery.period::VARCHAR, 'snapshot') AS period,
    delivery.delivery_id,
    delivery.contributor,
    delivery.verdict,
    delivery.contract_version,
    delivery.rows_landed,
    delivery.rows_accepted,
    delivery.rows_quarantined
FROM pool.delivery
