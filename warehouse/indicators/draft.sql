-- draft: what an indicator's SQL gives for a zone and period, empty, with types; a column it leaves out is NULL.
-- grain: one row a zone and period
-- units: numerator and denominator in the indicator's own units; coverages and share_estimated 0..1
-- source: none; `forced_reason` makes the value insufficient for a reason of the indicator's own
SELECT
    NULL::VARCHAR AS zone_scale,
    NULL::VARCHAR AS zone,
    NULL::VARCHAR AS period_grain,
    NULL::DATE AS period_start,
    NULL::DOUBLE AS numerator,
    NULL::DOUBLE AS denominator,
    NULL::BIGINT AS n_contributors,
    NULL::DOUBLE AS n_observed,
    NULL::DOUBLE AS n_expected,
    NULL::DOUBLE AS coverage_time,
    NULL::DOUBLE AS coverage_space,
    NULL::DOUBLE AS share_estimated,
    NULL::VARCHAR AS forced_reason
WHERE FALSE
