"""What stands behind an indicator: core tables, contracts, code.

Here: tracing a query to the tables that deliveries fill. Not here: which deliveries those are (`behind.sql`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from contracts.pool import Pool
from warehouse.core_tables import table_name
from warehouse.indicators.definitions import Definition
from warehouse.indicators.frames import find_frames, find_inputs, read_frames
from warehouse.model_files import read_models

PLACES = "territory.object_zone"
TABLE_OF_KIND = {
    "stop": "mobility.stop",
    "meter": "energy.meter",
    "container": "waste.container",
    "grid_cell": "territory.population_grid",
    "place": "territory.place",
}
"""What each kind of thing in `territory.object_zone` comes from: a query that names a kind reads no other."""
_KIND = re.compile(r"object_kind = '([a-z_]+)'")


def find_base_tables(definition: Definition) -> frozenset[str]:
    """Return the core tables behind a definition, through the models it reads."""
    models = _model_inputs()
    found: set[str] = set()
    left = set(find_inputs(definition.sql))
    if PLACES in left and (kinds := find_kinds(definition.sql)):
        left = left - {PLACES} | {TABLE_OF_KIND[kind] for kind in kinds}
    while left:
        name = left.pop()
        if name in models:
            left |= models[name] - found
        found.add(name)
    return frozenset(found - models.keys())


def contracts_behind(pool: Pool, tables: Collection[str]) -> str:
    """Return, as JSON, the version of each contract that fills one of the tables."""
    versions = {
        contract.id: contract.version
        for contract in pool.contracts
        if any(table_name(contract, table) in tables for table in contract.tables)
    }
    return json.dumps(versions, sort_keys=True)


def code_version() -> str:
    """Return the engine's version, 0 where it is not installed."""
    try:
        return version("regie")
    except PackageNotFoundError:
        return "0"


def find_kinds(sql: str) -> frozenset[str]:
    """Return the kinds of things in `territory.object_zone` that SQL names, its frames included."""
    texts = [sql, *(read_frames()[name] for name in find_frames(sql))]
    return frozenset(kind for text in texts for kind in _KIND.findall(text))


@cache
def _model_inputs() -> Mapping[str, frozenset[str]]:
    return {model.name: model.inputs for model in read_models()}
