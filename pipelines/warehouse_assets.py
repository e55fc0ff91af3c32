"""Assets that follow the feeds: the pool's records, the models, the indicators.

Here: keys, lineage read from the SQL itself, what is recorded. Not here: computing (`warehouse/`).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from contracts.pool import Pool
from pipelines import steps
from pipelines.column_schema import plain_schema
from pipelines.engine import Engine
from pipelines.feeds import delivery_key, loadable, table_key
from pipelines.resources import EngineResource
from warehouse.indicators.compute import pool_definitions
from warehouse.indicators.definitions import Definition
from warehouse.model_files import Model, read_models

RECORDS = dg.AssetKey(["pool", "records"])
VALUES = dg.AssetKey(["indicator", "value"])
RECORD_TABLES = frozenset(
    {"pool.actor", "pool.feed", "pool.contract_version", "pool.delivery", "pool.rule_result", "pool.load"}
)
"""Tables that the records step writes (see warehouse/records)."""


def warehouse_assets(pool: Pool) -> list[dg.AssetsDefinition]:
    """Return the assets of the lake's own tables, for the feeds of a pool."""
    models = possible_models(pool)
    return [_records(pool), _models(pool, models), _indicators(pool, models)]


def possible_models(pool: Pool) -> tuple[Model, ...]:
    """Return the models that the pool's feeds can ever fill: one domain has no use for the others'."""
    known = RECORD_TABLES | {f"{c.domain}.{table.name}" for c in pool.contracts for table in loadable(c)}
    possible: list[Model] = []
    for model in read_models():  # in dependency order
        if model.inputs - {name for name, _ in model.optional} <= known:
            possible.append(model)
            known |= {model.name}
    return tuple(possible)


def owners_of(pool: Pool) -> list[str]:
    """Return who answers for what the pool itself makes: its publisher, where an address is given."""
    return [pool.publisher.email] if pool.publisher.email else []


def source_keys(pool: Pool, models: Iterable[Model], tables: Iterable[str]) -> list[dg.AssetKey]:
    """Return the assets that hold `schema.table` names: models, records, or loaded tables of feeds."""
    computed = {model.name for model in models}
    found: set[dg.AssetKey] = set()
    for name in tables:
        schema, _, table = name.partition(".")
        if name in computed:
            found.add(dg.AssetKey([schema, table]))
        elif schema == "indicator":
            found.add(VALUES)
        elif name in RECORD_TABLES:
            found.add(RECORDS)
        else:
            found |= set(_loaded(pool, schema, table))
    return sorted(found)


def _loaded(pool: Pool, schema: str, table: str) -> Iterator[dg.AssetKey]:
    for contract in pool.contracts:
        if contract.domain == schema and table in {t.name for t in loadable(contract)}:
            yield table_key(contract, table)


def _records(pool: Pool) -> dg.AssetsDefinition:
    @dg.asset(
        key=RECORDS,
        deps=[delivery_key(contract) for contract in pool.contracts],
        group_name="warehouse",
        kinds={"ducklake"},
        owners=owners_of(pool),
        description="Actors, contract versions, deliveries and what each rule found, as tables of the lake.",
    )
    def records(engine: EngineResource) -> dg.MaterializeResult[None]:
        engine.get().progress("records of deliveries and rules")
        count = steps.record(engine.get())
        return dg.MaterializeResult(metadata={"dagster/row_count": count})

    return records


def _models(pool: Pool, models: tuple[Model, ...]) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            dg.AssetKey([model.schema, model.table]),
            deps=source_keys(pool, models, model.inputs),
            group_name=f"warehouse_{model.schema}",
            kinds={"ducklake", "sql"},
            owners=owners_of(pool),
            description=header_of(model.sql),
            metadata={"dagster/relation_identifier": model.name},
            skippable=True,
        )
        for model in models
    ]

    @dg.multi_asset(name="models", specs=specs)
    def compute(context: dg.AssetExecutionContext, engine: EngineResource) -> Iterator[Any]:
        engine.get().progress("models")
        results = {result.name: result for result in steps.model(engine.get())}
        types = _column_types(engine.get())
        for model in models:
            result, key = results[model.name], dg.AssetKey([model.schema, model.table])
            if result.missing:
                waits = ", ".join(result.missing)
                context.log.info("%s waits for %s", result.name, waits)
                # Without a result Dagster would skip every indicator, those of other domains too.
                yield dg.MaterializeResult(
                    asset_key=key, metadata={"dagster/row_count": 0, "waits for": waits}
                )
                continue
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "dagster/row_count": result.rows,
                    "changed": result.changed,
                    "dagster/column_schema": plain_schema(types[result.name]),
                },
            )

    return compute


def _indicators(pool: Pool, models: tuple[Model, ...]) -> dg.AssetsDefinition:
    definitions = pool_definitions(pool)
    inputs = {table for definition in definitions for table in definition.inputs}
    deps = [*source_keys(pool, models, inputs), RECORDS]

    @dg.multi_asset(
        name="indicators",
        specs=[
            dg.AssetSpec(
                VALUES,
                deps=sorted(set(deps)),
                group_name="indicators",
                kinds={"ducklake", "sql"},
                owners=owners_of(pool),
                description="Every indicator by zone and period, with what it was computed from.\n\n"
                + "\n".join(f"- {_sentence(definition)}" for definition in definitions),
                metadata={"dagster/relation_identifier": "indicator.value"},
            )
        ],
    )
    def compute(engine: EngineResource) -> Iterator[Any]:
        engine.get().progress("indicators")
        measured = steps.measure(engine.get())
        rows = {one.indicator: one.rows for one in measured}
        yield dg.MaterializeResult(
            asset_key=VALUES,
            metadata={
                "dagster/row_count": sum(rows.values()),
                "rows": rows,
                "dagster/column_schema": plain_schema(_column_types(engine.get())["indicator.value"]),
            },
        )

    return compute


def _column_types(engine: Engine) -> dict[str, dict[str, str]]:
    """Return the columns and types of every table of the lake, by `schema.table`."""
    with engine.lake.cursor() as con:
        found = con.execute(
            "SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_catalog = 'lake' ORDER BY table_schema, table_name, ordinal_position"
        ).fetchall()
    types: dict[str, dict[str, str]] = {}
    for table, column, type_name in found:
        types.setdefault(table, {})[column] = type_name
    return types


def _sentence(definition: Definition) -> str:
    return f"`{definition.id}` ({definition.unit}): {definition.label.en}"


def header_of(sql: str) -> str:
    """Return the comment that opens a model's file, as text."""
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return "  \n".join(lines)
