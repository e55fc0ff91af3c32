"""Which indicators may leave: those that no personal row and no closed column stands behind.

Here: tracing an indicator to the core tables of contracts, and the terms on them. Not here: computing
(`warehouse.indicators`); energy values, which leave only as `disclosure/energy` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from contracts.model import Contract, Openness
from publishing.terms import PERSONAL, embargo_of, is_personal
from warehouse.indicators.compute import pool_definitions
from warehouse.indicators.definitions import Definition
from warehouse.indicators.frames import find_frames, find_inputs, read_frames
from warehouse.model_files import Model, read_models

if TYPE_CHECKING:
    from contracts.pool import Pool

PLACES = "territory.object_zone"
"""Model of all objects' zones: a query that names the kind it wants reads that kind's table only."""
KINDS = {
    "stop": "mobility.stop",
    "meter": "energy.meter",
    "container": "waste.container",
    "grid_cell": "territory.population_grid",
    "place": "territory.place",
}
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class OpenIndicator:
    """An indicator that may be published, and what it comes from."""

    id: str
    tables: tuple[str, ...]
    """Core tables behind it, such as `mobility.stop_time`."""
    contracts: tuple[Contract, ...]
    embargo: timedelta
    """The longest embargo among its contracts, counted from the end of the period measured."""
    by_feed: bool
    """It measures the pool itself: only its rows about single feeds may leave."""


def list_open_indicators(pool: Pool) -> tuple[OpenIndicator, ...]:
    """List the pool's indicators that may leave, by id.

    An indicator stays inside if it protects a unit, if a table of a contract about persons stands behind
    it, through models or frames, or if its SQL reads a column that a contract keeps closed. Raises
    DefinitionError for a wrong definition, PublicationError for an embargo that cannot be applied.
    """
    found = (_judge(definition, pool) for definition in pool_definitions(pool))
    return tuple(indicator for indicator in found if indicator is not None)


def trace_tables(definition: Definition) -> frozenset[str]:
    """Core and pool tables behind a definition, through frames and models."""
    models = _models()
    text = _text_of(definition)
    found: set[str] = set()
    left = set(find_inputs(definition.sql))
    while left:
        name = left.pop()
        if name == PLACES and _kinds_named(text):
            left |= {KINDS[kind] for kind in _kinds_named(text)} - found
        elif name in models:
            left |= models[name].inputs - found
        found.add(name)
    return frozenset(found - models.keys())


def _judge(definition: Definition, pool: Pool) -> OpenIndicator | None:
    tables = trace_tables(definition)
    behind = _contracts_behind(pool.contracts, tables)
    if definition.protection is not None or any(is_personal(contract) for contract in behind):
        return None
    if _names_any(_text_of(definition), _closed_columns(behind, tables)):
        return None
    embargoes = [embargo_of("indicators", contract) for contract in behind]
    return OpenIndicator(
        id=definition.id,
        tables=tuple(sorted(tables)),
        contracts=behind,
        embargo=max(embargoes, default=timedelta(0)),
        by_feed=not behind,
    )


def _contracts_behind(contracts: Iterable[Contract], tables: Collection[str]) -> tuple[Contract, ...]:
    return tuple(
        contract
        for contract in contracts
        if any(f"{contract.domain}.{table.name}" in tables for table in contract.tables)
    )


def _closed_columns(contracts: Iterable[Contract], tables: Collection[str]) -> frozenset[str]:
    return frozenset(
        column.name
        for contract in contracts
        for table in contract.tables
        if f"{contract.domain}.{table.name}" in tables
        for column in table.columns
        if column.openness is not Openness.OPEN or column.classification == PERSONAL
    )


def _text_of(definition: Definition) -> str:
    """SQL of the definition and of every frame and model that it reads, without comments."""
    models = _models()
    texts = [definition.sql, *(read_frames()[name] for name in find_frames(definition.sql))]
    left, seen = set(find_inputs(definition.sql)) - {PLACES}, set()
    while left:
        name = left.pop()
        seen.add(name)
        if name in models:
            texts.append(models[name].sql)
            left |= models[name].inputs - seen - {PLACES}
    return _COMMENT.sub("", "\n".join(texts))


@cache
def _models() -> Mapping[str, Model]:
    """The engine's models by name: reading them parses every one, so once a process."""
    return {model.name: model for model in read_models()}


def _kinds_named(text: str) -> frozenset[str]:
    return frozenset(kind for kind in KINDS if f"'{kind}'" in text)


def _names_any(text: str, names: Collection[str]) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", text) for name in names)
