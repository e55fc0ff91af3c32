-- What each indicator measures.
-- grain: indicator. key: indicator. source: the engine's definitions with the pool's parameters.
SELECT
    definition.indicator,
    definition.indicator_version,
    definition.parameters_hash,
    definition.domain,
    definition.label_fr,
    definition.label_en,
    definition.definition_fr,
    definition.definition_en,
    definition.unit,
    definition.better,
    definition.additivity,
    definition.parameters,
    array_to_string(definition.zone_scales, ' ') AS zone_scales,
    array_to_string(definition.period_grains, ' ') AS period_grains,
    definition.min_coverage,
    definition.protected_unit,
    definition.is_published,
    definition.source
FROM indicator.definition AS definition
