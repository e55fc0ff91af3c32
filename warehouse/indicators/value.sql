-- indicator.value: the value table, empty, with its columns and types (docs/indicators.md).
-- grain: one row an indicator, zone, period and edition
-- key: edition, indicator, indicator_version, parameters_hash, zone_scale, zone, period_grain, period_start
-- units: period_start and period_end are inclusive local dates (service dates for transport); value in unit;
--   coverage and shares 0..1; n_observed and n_expected in rows, hours or inhabitants, as the indicator counts;
--   computed_from JSON: code, contracts, deliveries, snapshot; edition `full` is the warehouse's own, never published
SELECT
    NULL::VARCHAR AS indicator,
    NULL::VARCHAR AS indicator_version,
    NULL::VARCHAR AS parameters_hash,
    NULL::VARCHAR AS zone_scale,
    NULL::VARCHAR AS zone,
    NULL::VARCHAR AS period_grain,
    NULL::DATE AS period_start,
    NULL::DATE AS period_end,
    NULL::DOUBLE AS value,
    NULL::VARCHAR AS unit,
    NULL::DOUBLE AS numerator,
    NULL::DOUBLE AS denominator,
    NULL::DOUBLE AS ci_low,
    NULL::DOUBLE AS ci_high,
    NULL::BIGINT AS n_contributors,
    NULL::VARCHAR AS protected_unit,
    NULL::DOUBLE AS n_observed,
    NULL::DOUBLE AS n_expected,
    NULL::DOUBLE AS coverage,
    NULL::DOUBLE AS coverage_time,
    NULL::DOUBLE AS coverage_space,
    NULL::DOUBLE AS share_quarantined,
    NULL::DOUBLE AS share_estimated,
    NULL::VARCHAR AS computed_from,
    NULL::VARCHAR AS status,
    NULL::VARCHAR AS status_reason,
    NULL::BIGINT AS supersedes,
    NULL::TIMESTAMPTZ AS revised_at,
    NULL::VARCHAR AS edition
WHERE FALSE
