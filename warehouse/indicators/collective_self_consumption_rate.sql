-- collective_self_consumption_rate: all meters of the zone pooled by interval first, as if they shared one connection.
-- numerator, denominator: kWh; coverage: intervals of the period in which both directions were received
SELECT
    zone_scale,
    zone,
    period_grain,
    period_start,
    shared_wh / 1000 AS numerator,
    production_wh / 1000 AS denominator,
    n_contributors,
    n_observed,
    n_expected
FROM zone_balance
