-- One indicator's drafts as rows of the value table (indicator.value), judged.
-- grain: one row an indicator, zone and period
-- units: value and unit as defined; numerator and denominator in their own units; coverage and shares 0..1
-- source: draft (the indicator's SQL), behind (deliveries)
--   numerator / denominator, and stands only where the status lets it be read.
WITH span AS (
    SELECT DISTINCT
        period_grain,
        period_start,
        period_end
    FROM period
),

measured AS (
    SELECT
        draft.*,
        span.period_end,
        draft.n_observed / nullif(draft.n_expected, 0) AS coverage,
        behind.deliveries,
        behind.share_quarantined
    FROM draft
    INNER JOIN span ON draft.period_grain = span.period_grain AND draft.period_start = span.period_start
    LEFT JOIN behind ON draft.period_grain = behind.period_grain AND draft.period_start = behind.period_start
),

reasoned AS (
    SELECT
        *,
        CASE
            WHEN forced_reason IS NOT NULL THEN forced_reason
            WHEN n_expected = 0 THEN 'nothing_to_measure'
            WHEN coverage IS NULL THEN 'no_register'
            WHEN coverage < 0.8 THEN 'completeness'
            WHEN coverage_time < getvariable('min_coverage') THEN 'service_window'
            WHEN coalesce(denominator, 0) = 0 OR numerator IS NULL THEN 'nothing_to_measure'
        END AS status_reason
    FROM measured
),

judged AS (
    SELECT
        *,
        CASE
            WHEN status_reason = 'nothing_to_measure' THEN 'not_applicable'
            WHEN status_reason IS NOT NULL THEN 'insufficient_data'
            WHEN share_estimated > 0.2 THEN 'estimated'
            WHEN coverage < getvariable('min_coverage') THEN 'partial'
            ELSE 'ok'
        END AS status
    FROM reasoned
)

SELECT
    getvariable('indicator') AS indicator,
    getvariable('indicator_version') AS indicator_version,
    getvariable('parameters_hash') AS parameters_hash,
    zone_scale,
    zone,
    period_grain,
    period_start,
    period_end,
    CASE WHEN status IN ('ok', 'partial', 'estimated') THEN numerator / denominator END AS value,
    getvariable('unit') AS unit,
    numerator,
    denominator,
    NULL::DOUBLE AS ci_low,
    NULL::DOUBLE AS ci_high,
    n_contributors,
    getvariable('protected_unit')::VARCHAR AS protected_unit,
    n_observed,
    n_expected,
    coverage,
    coverage_time,
    coverage_space,
    share_quarantined,
    share_estimated,
    json_object(
        'code', getvariable('code_version'), 'contracts', getvariable('contracts')::JSON,
        'deliveries', coalesce(deliveries, [])
    )::VARCHAR AS computed_from,
    status,
    status_reason,
    NULL::BIGINT AS supersedes,
    NULL::TIMESTAMPTZ AS revised_at,
    'full' AS edition
FROM judged
