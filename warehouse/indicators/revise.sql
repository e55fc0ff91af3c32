-- Fresh values against those that stand: an unchanged cell keeps its row, a changed one says what it replaces.
-- grain: one row an indicator, zone, period and edition
-- source: fresh, previous (the value table as it stands); variables snapshot, now. computed_from gets the number of
--   the snapshot read; it is left out of the comparison, or running again would change every row.
WITH compared AS (
    SELECT
        fresh.*,
        previous.computed_from AS previous_from,
        previous.supersedes AS previous_supersedes,
        previous.revised_at AS previous_revised_at,
        previous.indicator IS NOT NULL AS is_known,
        row(
            fresh.value,
            fresh.numerator,
            fresh.denominator,
            fresh.n_contributors,
            fresh.n_observed,
            fresh.n_expected,
            fresh.status,
            fresh.status_reason
        )::VARCHAR = row(
            previous.value,
            previous.numerator,
            previous.denominator,
            previous.n_contributors,
            previous.n_observed,
            previous.n_expected,
            previous.status,
            previous.status_reason
        )::VARCHAR AS is_same
    FROM fresh
    LEFT JOIN previous
        ON
            fresh.indicator = previous.indicator
            AND fresh.indicator_version = previous.indicator_version
            AND fresh.parameters_hash = previous.parameters_hash
            AND fresh.zone_scale = previous.zone_scale
            AND fresh.zone = previous.zone
            AND fresh.period_grain = previous.period_grain
            AND fresh.period_start = previous.period_start
            AND fresh.edition = previous.edition
)

SELECT
    * EXCLUDE (previous_from, previous_supersedes, previous_revised_at, is_known, is_same) REPLACE (  -- noqa: AM04
        CASE
            WHEN is_known AND is_same AND regexp_replace(previous_from, ',"snapshot":\d+\}$', '}') = computed_from
                THEN previous_from
            ELSE computed_from[:-2] || ',"snapshot":' || getvariable('snapshot')::BIGINT || '}'
        END AS computed_from,
        CASE
            WHEN NOT is_known THEN NULL
            WHEN is_same THEN previous_supersedes
            ELSE json_extract(previous_from, '$.snapshot')::BIGINT
        END AS supersedes,
        CASE
            WHEN NOT is_known THEN NULL
            WHEN is_same THEN previous_revised_at
            ELSE getvariable('now')::TIMESTAMPTZ
        END AS revised_at
    )
FROM compared
