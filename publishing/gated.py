"""What a query may see of a table: rows of its sources, past embargo, in the columns that are open.

Here: the subquery that stands for each lake table, and the engine's own tables. Not here: the query
(`query`) or the terms (`terms`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp, parse_one

from contracts.model import DeliveryMode
from publishing.dataset import Dataset
from publishing.indicators import OpenIndicator, list_open_indicators
from publishing.query import ENGINE_TABLES
from publishing.terms import Offer, embargo_of, is_personal, list_offers, open_columns
from warehouse.quoting import identifier, literal

if TYPE_CHECKING:
    from contracts.pool import Pool

INDICATOR_TABLES = ("indicator.value", "indicator.definition")
COUNTS = ("rows_landed", "rows_accepted", "rows_quarantined", "rows_loaded")
"""Counts of a delivery; those of a personal feed count households, and stay inside."""


class Gate:
    """The tables one dataset may read, and what is left of each."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, dataset: Dataset, pool: Pool, *, now: datetime
    ) -> None:
        self._dataset = dataset
        self._pool = pool
        self._contracts = pool.contracts
        self._now = now
        self._zone = pool.timezone
        self.offers: dict[str, tuple[Offer, ...]] = list_offers(self._contracts, dataset)
        self._present = _lake_columns(con)

    @cached_property
    def indicators(self) -> tuple[OpenIndicator, ...]:
        """Indicators that may leave and whose feeds are all sources of the dataset."""
        found = list_open_indicators(self._pool)
        return tuple(one for one in found if all(self._dataset.reads(c.id) for c in one.contracts))

    def schema(self) -> dict[str, dict[str, str]]:
        """Every table the query may name, with all its columns: closed ones are judged by name."""
        tables: dict[str, dict[str, str]] = {}
        for name, offers in self.offers.items():
            columns = {c.name: c.physical_type for offer in offers for c in offer.table.columns}
            tables[name] = columns | {"contributor": "VARCHAR", "feed": "VARCHAR", "period": "DATE"}
        for name in ENGINE_TABLES:
            if name in self._present:
                tables[name] = dict(self._present[name])
        if "indicator.definition" in tables:
            tables["indicator.definition"]["is_published"] = "BOOLEAN"
        return tables

    def subquery(self, name: str) -> exp.Expr:
        """The SELECT that stands for the table: only rows and columns that may leave."""
        if name in self.offers:
            return parse_one(self._source_select(name), read="duckdb")
        return parse_one(self._engine_select(name), read="duckdb")

    def delivery_select(self, name: str) -> str:
        """SELECT of the distinct feed and delivery_id behind the rows that may leave."""
        if name not in self.offers or name not in self._present:
            return "SELECT NULL::VARCHAR AS feed, NULL::VARCHAR AS delivery_id WHERE FALSE"
        return f"SELECT DISTINCT feed, delivery_id FROM {_quoted(name)} WHERE {self._where(name)}"

    def _source_select(self, name: str) -> str:
        offers = self.offers[name]
        present = self._present.get(name, {})
        wanted = {c.name: c.physical_type for offer in offers for c in offer.table.columns}
        allowed = {key: wanted[key] for key in open_columns(offers)}
        allowed |= {"contributor": "VARCHAR", "feed": "VARCHAR", "period": "DATE"}
        columns = ", ".join(_column(key, kind, present) for key, kind in allowed.items())
        if not present:
            return f"SELECT {columns} WHERE FALSE"
        return f"SELECT {columns} FROM {_quoted(name)} WHERE {self._where(name)}"

    def _where(self, name: str) -> str:
        """One branch a feed: its rows, once their period's end and the embargo are past."""
        branches = []
        for offer in self.offers[name]:
            branch = f"feed = {literal(offer.contract.id)}"
            embargo = embargo_of(self._dataset.id, offer.contract)
            if offer.contract.delivery.mode is DeliveryMode.PERIODIC:
                end = f"timezone({literal(self._zone)}, (period + 1)::TIMESTAMP)"
                limit = literal((self._now - embargo).isoformat())
                branch = f"({branch} AND {end} <= {limit}::TIMESTAMPTZ)"
            branches.append(branch)
        return " OR ".join(branches)

    def _engine_select(self, name: str) -> str:
        columns = self._present[name]
        sources = [c.id for c in self._contracts if self._dataset.reads(c.id)]
        personal = [c.id for c in self._contracts if is_personal(c)]
        if name == "pool.delivery":
            parts = [_count(key, kind, personal) for key, kind in columns.items()]
            return f"SELECT {', '.join(parts)} FROM pool.delivery WHERE feed IN ({_list(sources)})"
        listed = ", ".join(identifier(key) for key in columns)
        if name == "indicator.definition":
            open_ids = _list([one.id for one in self.indicators])
            return f"SELECT {listed}, indicator IN ({open_ids}) AS is_published FROM indicator.definition"
        branches = [self._value_branch(one, personal) for one in self.indicators]
        return f"SELECT {listed} FROM indicator.value WHERE {' OR '.join(branches) or 'FALSE'}"

    def _value_branch(self, one: OpenIndicator, personal: list[str]) -> str:
        """Rows of one indicator whose period is past its embargo; of the pool's health, single feeds only."""
        end = f"timezone({literal(self._zone)}, (period_end + 1)::TIMESTAMP)"
        limit = literal((self._now - one.embargo).isoformat())
        branch = f"indicator = {literal(one.id)} AND {end} <= {limit}::TIMESTAMPTZ AND protected_unit IS NULL"
        if one.by_feed:
            branch += (
                f" AND zone_scale = 'feed' AND zone NOT IN ({_list(personal) if personal else literal('')})"
            )
        return f"({branch})"


def _count(name: str, kind: str, personal: list[str]) -> str:
    if name in COUNTS and personal:
        return f"CASE WHEN feed NOT IN ({_list(personal)}) THEN {identifier(name)} END AS {identifier(name)}"
    del kind
    return identifier(name)


def _column(name: str, kind: str, present: Mapping[str, str]) -> str:
    """The column, or a null of its type where the lake's table lacks it."""
    return identifier(name) if name in present else f"NULL::{kind} AS {identifier(name)}"


def _list(values: list[str]) -> str:
    return ", ".join(literal(value) for value in values) or "NULL"


def _quoted(name: str) -> str:
    return identifier(*name.split("."))


def _lake_columns(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Tables and columns of the catalogue that two-part names resolve to."""
    rows = con.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE NOT internal AND database_name NOT IN ('system', 'temp') ORDER BY column_index"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        tables.setdefault(table, {})[column] = kind
    return tables
