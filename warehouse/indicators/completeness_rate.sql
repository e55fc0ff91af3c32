-- completeness_rate: accepted observations over promised ones, consumption only for meters.
-- numerator, denominator: observations; coverage: 1 by construction (what is missing is the value itself)
WITH owed AS (
    SELECT
        feed,
        contributor,
        local_day AS day,
        sum(observed_intervals) AS n_accepted,
        sum(expected_intervals) AS n_promised
    FROM energy.meter_day
    WHERE direction = 'consumption' AND is_expected
    GROUP BY feed, contributor, local_day
    UNION ALL
    SELECT
        feed,
        contributor,
        local_day AS day,
        sum(observations) AS n_accepted,
        sum(expected_observations) AS n_promised
    FROM waste.container_day
    GROUP BY feed, contributor, local_day
)

SELECT
    'feed' AS zone_scale,
    owed.feed AS zone,
    period.period_grain,
    period.period_start,
    sum(owed.n_accepted) AS numerator,
    sum(owed.n_promised) AS denominator,
    count(DISTINCT owed.contributor) AS n_contributors,
    count(DISTINCT period.day) AS n_observed,
    count(DISTINCT period.day) AS n_expected
FROM owed
INNER JOIN period ON owed.day = period.day
WHERE owed.feed IS NOT NULL
GROUP BY owed.feed, period.period_grain, period.period_start
