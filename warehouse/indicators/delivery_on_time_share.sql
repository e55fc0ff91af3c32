-- delivery_on_time_share: deliveries accepted that their sender had made available in time, of those due.
-- numerator, denominator: periods; coverage: periods of which that can be told. A rejected delivery is late until a
--   good one replaces it. What was fetched after its due time was available when its sender says it published it; a
--   sender that does not say, or names an instant after the arrival, leaves it untold.
WITH due AS (
    SELECT
        promised.feed,
        promised.contributor,
        promised.period,
        CASE
            WHEN delivery.delivery_id IS NULL THEN FALSE
            WHEN delivery.received_at <= promised.due_at THEN TRUE
            WHEN delivery.published_at <= delivery.received_at THEN delivery.published_at <= promised.due_at
        END AS is_on_time
    FROM pool.expected_delivery AS promised
    LEFT JOIN pool.delivery AS delivery
        ON promised.feed = delivery.feed AND promised.period = delivery.period AND delivery.is_current
    WHERE promised.due_at <= getvariable('now')
)

SELECT
    'feed' AS zone_scale,
    due.feed AS zone,
    period.period_grain,
    period.period_start,
    count(*) FILTER (WHERE due.is_on_time) AS numerator,
    count(due.is_on_time) AS denominator,
    count(DISTINCT due.contributor) AS n_contributors,
    count(due.is_on_time) AS n_observed,
    count(*) AS n_expected
FROM due
INNER JOIN period ON due.period = period.day
GROUP BY due.feed, period.period_grain, period.period_start
