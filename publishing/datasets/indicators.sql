-- Values of the indicators that no personal row stands behind.
-- grain: indicator x zone x period. key: indicator, zone_scale, zone, period_grain, period_start.
-- units: as `unit` says; numerator and denominator in their own; coverage and shares 0..1. Values are
-- rounded to six decimals. source: the pool's indicators (see indicator-definitions).
SELECT
    value.indicator,
    value.zone_scale,
    value.zone,
    value.period_grain,
    value.period_start,
    value.period_end,
    value.indicator_version,
    value.parameters_hash,
    round(value.value, 6) AS value,
    value.unit,
    round(value.numerator, 6) AS numerator,
    round(value.denominator, 6) AS denominator,
    round(value.coverage, 6) AS coverage,
    round(value.coverage_time, 6) AS coverage_time,
    round(value.share_estimated, 6) AS share_estimated,
    round(value.share_quarantined, 6) AS share_quarantined,
    value.status,
    value.status_reason
FROM indicator.value AS value
