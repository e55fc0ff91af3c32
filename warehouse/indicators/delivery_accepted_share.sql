-- delivery_accepted_share: promised periods that a good delivery fills, of those due by the pool's clock.
-- numerator, denominator: periods; coverage: 1 by construction
SELECT
    'feed' AS zone_scale,
    promised.feed AS zone,
    period.period_grain,
    period.period_start,
    count(*) FILTER (WHERE promised.is_loaded) AS numerator,
    count(*) AS denominator,
    count(DISTINCT promised.contributor) AS n_contributors,
    count(*) AS n_observed,
    count(*) AS n_expected
FROM pool.expected_delivery AS promised
INNER JOIN period ON promised.period = period.day
WHERE promised.due_at <= getvariable('now')
GROUP BY promised.feed, period.period_grain, period.period_start
