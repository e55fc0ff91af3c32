-- freshness_h: hours from a feed's newest accepted observation to the pool's clock, on the last whole day.
-- numerator: minutes; denominator: minutes in an hour; coverage: 1 by construction
WITH newest AS (
    SELECT
        feed,
        any_value(contributor) AS contributor,
        max(start_at + to_seconds(duration_s)) AS observed_at
    FROM energy.reading
    GROUP BY feed
    UNION ALL
    SELECT
        feed,
        any_value(contributor) AS contributor,
        max(observed_at) AS observed_at
    FROM waste.fill_observation
    GROUP BY feed
    UNION ALL
    SELECT
        feed,
        any_value(contributor) AS contributor,
        max(collected_at) AS observed_at
    FROM waste.collection
    GROUP BY feed
)

SELECT
    'feed' AS zone_scale,
    feed AS zone,
    'day' AS period_grain,
    getvariable('last_day')::DATE AS period_start,
    date_diff('minute', observed_at, getvariable('now')) AS numerator,
    60 AS denominator,
    1 AS n_contributors,
    1 AS n_observed,
    1 AS n_expected
FROM newest
