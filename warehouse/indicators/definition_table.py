"""What the values of `indicator.value` mean: as the table `indicator.definition`, and as a page of text.

Here: definitions as rows and as Markdown. Not here: reading them (`definitions`).
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
        "definition_fr": definition.stated.fr,
        "definition_en": definition.stated.en,
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


def describe_definitions(definitions: Sequence[Definition]) -> str:
    """Return the definitions as Markdown, by domain: one paragraph an indicator, parameters with reasons."""
    parts = []
    for domain in sorted({definition.domain for definition in definitions}):
        parts.append(f"### {domain}\n")
        parts += [_describe(definition) for definition in definitions if definition.domain == domain]
    return "\n".join(parts)


def _describe(definition: Definition) -> str:
    facts = [
        f"unit {definition.unit}",
        f"better: {definition.better}",
        f"aggregates by {definition.additivity.value.replace('_', ' ')}",
        f"{', '.join(definition.zone_scales)} x {', '.join(definition.period_grains)}",
    ]
    if definition.protection:
        facts.append(f"protects {definition.protection.unit}s, at least {definition.protection.minimum}")
    if definition.pair:
        facts.append(f"read with `{definition.pair}`")
    lines = [
        f"**`{definition.id}`** {definition.version}: {definition.label.fr} / {definition.label.en}",
        f"{definition.stated.en}",
        f"*{'; '.join(facts)}. Source: {definition.source}.*",
        *(f"- `{name}` = {p.value}: {p.reason}" for name, p in definition.parameters.items()),
    ]
    return "\n".join(lines[:1]) + "  \n" + "  \n".join(lines[1:3]) + "\n" + "\n".join(lines[3:]) + "\n"
