-- quarantine_rate: rows in quarantine over rows landed, of the deliveries that stand.
-- numerator, denominator: rows; coverage: periods with a standing delivery, of those promised
SELECT
    'feed' AS zone_scale,
    promised.feed AS zone,
    period.period_grain,
    period.period_start,
    sum(delivery.rows_quarantined) AS numerator,
    sum(delivery.rows_landed) AS denominator,
    count(DISTINCT promised.contributor) AS n_contributors,
    count(DISTINCT delivery.period) AS n_observed,
    count(DISTINCT promised.period) AS n_expected
FROM pool.expected_delivery AS promised
INNER JOIN period ON promised.period = period.day
LEFT JOIN pool.delivery AS delivery
    ON promised.feed = delivery.feed AND promised.period = delivery.period AND delivery.is_current
GROUP BY promised.feed, period.period_grain, period.period_start
