"""The table `indicator.definition`: what the values of `indicator.value` mean, a row an indicator.

Here: definitions as rows. Not here: reading them (`definitions`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.indicators.definitions import Definition
from warehouse.quoting import literal


def write_definitions(con: duckdb.DuckDBPyConnection, definitions: Sequence[Definition], path: Path) -> None:
    """Write every definition as a row of `indicator.definition`, ordered by id, as Parquet."""
    import pyarrow

    con.register("given", pyarrow.Table.from_pylist([_definition_row(d) for d in definitions]))
    con.execute(
        f"COPY (FROM given ORDER BY indicator) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    )
    con.unregister("given")


def _definition_row(definition: Definition) -> dict[str, object]:
    protection = definition.protection
    return {
        "indicator": definition.id,
        "indicator_version": definition.version,
        "parameters_hash": definition.parameters_hash,
        "domain": definition.domain,
        "label_fr": definition.label.fr,
        "label_en": definition.label.en,
        "definition_fr": definition.definition.fr,
        "definition_en": definition.definition.en,
        "unit": definition.unit,
        "better": definition.better,
        "band_low": definition.band.low if definition.band else None,
        "band_high": definition.band.high if definition.band else None,
        "additivity": definition.additivity.value,
        "parameters": json.dumps(
            {name: p.model_dump(mode="json") for name, p in definition.parameters.items()},
            ensure_ascii=False,
            sort_keys=True,
        ),
        "zone_scales": list(definition.zone_scales),
        "period_grains": list(definition.period_grains),
        "inputs": json.dumps(definition.inputs, sort_keys=True),
        "min_coverage": definition.min_coverage,
        "protected_unit": protection.unit if protection else None,
        "protected_minimum": protection.minimum if protection else None,
        "pair": definition.pair,
        "is_core": definition.is_core,
        "source": definition.source,
        "sql": definition.sql,
    }
