"""What the contributors' terms leave open: columns, embargo, licence.

Here: judging a dataset against the contracts of its sources; where several meet, the strictest wins.
Not here: reading a dataset's query (`query`) or the rules on personal values (`disclosure/`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from contracts.model import Column, Contract, DeliveryMode, Openness, Table
from publishing.dataset import Dataset
from publishing.errors import PublicationError

PERSONAL = "personal"
LAKE_COLUMNS = ("contributor", "feed", "period")
"""Columns that the loader adds and that may be read; `delivery_id` serves the manifest only."""
_WIDTH = {Openness.OPEN: 0, Openness.MEMBERS: 1, Openness.BILATERAL: 2, Openness.PRIVATE: 3}
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


@dataclass(frozen=True)
class Offer:
    """One contract's promise of one warehouse table."""

    contract: Contract
    table: Table

    @property
    def name(self) -> str:
        """The table's name in the lake, such as `energy.reading`."""
        return f"{self.contract.domain}.{self.table.name}"

    def column(self, name: str) -> Column | None:
        """The column of that name, None where the contract has none."""
        return next((column for column in self.table.columns if column.name == name), None)


def list_offers(contracts: Iterable[Contract], dataset: Dataset) -> dict[str, tuple[Offer, ...]]:
    """Group what the dataset's sources promise by warehouse table.

    Raises PublicationError `unknown_source` where a source is no feed of the pool.
    """
    contracts = tuple(contracts)
    unknown = set(dataset.sources) - {contract.id for contract in contracts} - {"*"}
    if unknown:
        raise PublicationError(dataset.id, "unknown_source", f"no such feed: {', '.join(sorted(unknown))}")
    offers: dict[str, tuple[Offer, ...]] = {}
    for contract in sorted(contracts, key=lambda c: c.id):
        if dataset.reads(contract.id):
            for table in contract.tables:
                offer = Offer(contract, table)
                offers[offer.name] = (*offers.get(offer.name, ()), offer)
    return offers


def narrowest(openness: Iterable[Openness]) -> Openness:
    """The strictest of several openness levels; private where there is none."""
    return max(openness, key=_WIDTH.__getitem__, default=Openness.PRIVATE)


def is_personal(contract: Contract) -> bool:
    """Whether the contract's rows are about persons: it names whom to protect, or classifies a column."""
    classified = any(c.classification == PERSONAL for table in contract.tables for c in table.columns)
    return classified or contract.terms.protected_unit is not None


def open_columns(offers: Iterable[Offer]) -> tuple[str, ...]:
    """Names of the columns that every offer leaves open and none classifies, sorted."""
    offers = tuple(offers)
    names = {column.name for offer in offers for column in offer.table.columns}
    return tuple(sorted(name for name in names if _closed_by(offers, name) is None))


def judge_columns(
    dataset: Dataset, used: Mapping[str, Iterable[str]], offers: Mapping[str, tuple[Offer, ...]]
) -> None:
    """Refuse a dataset that reads a column some contributor keeps closed or classifies as personal.

    `used` maps warehouse tables to the columns the query reads, anywhere in it: a filter or a join on
    a closed column tells of it too. Raises PublicationError `closed_column` naming contract and column.
    """
    for closing in closed_columns(used, offers).values():
        raise PublicationError(dataset.id, "closed_column", closing)


def closed_columns(
    used: Mapping[str, Iterable[str]], offers: Mapping[str, tuple[Offer, ...]]
) -> dict[tuple[str, str], str]:
    """Of the columns used, those that may not leave, by table and column, each with who closes it."""
    found = {}
    for table, names in sorted(used.items()):
        for name in sorted(set(names) - set(LAKE_COLUMNS)):
            closing = _closed_by(offers.get(table, ()), name)
            if closing is not None:
                found[table, name] = closing
    return found


def judge_measure(dataset: Dataset, column: str, offers: Iterable[Offer]) -> None:
    """Refuse an aggregate whose measure is not open, or whose contract names no one to protect.

    A personal column may be summed where its contract opens it; it never leaves as it stands.
    """
    for offer in offers:
        found = offer.column(column)
        where = f"contract {offer.contract.id}, column {offer.table.name}.{column}"
        if found is None or found.openness is not Openness.OPEN:
            raise PublicationError(
                dataset.id, "closed_column", f"{where} is not open, not even in aggregates"
            )
        if offer.contract.terms.protected_unit is None or offer.contract.terms.minimum_units is None:
            problem = f"contract {offer.contract.id} names no protected unit with a minimum number of units"
            raise PublicationError(dataset.id, "no_protected_unit", problem)


def parse_embargo(text: str) -> timedelta:
    """Read an ISO 8601 duration in weeks, days, hours, minutes, seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT") or text.endswith("T"):
        raise ValueError(f"not a duration in weeks to seconds: {text!r}")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def embargo_of(dataset: str, contract: Contract) -> timedelta:
    """How long after a period's end its rows stay inside; zero without an embargo.

    Raises PublicationError where the embargo is no duration, or a snapshot feed asks for one: its rows
    have no period to count from.
    """
    if contract.terms.embargo is None:
        return timedelta(0)
    try:
        embargo = parse_embargo(contract.terms.embargo)
    except ValueError as error:
        raise PublicationError(dataset, "embargo_unreadable", f"contract {contract.id}: {error}") from error
    if embargo and contract.delivery.mode is DeliveryMode.SNAPSHOT:
        problem = f"contract {contract.id} is a snapshot: its rows have no period to count an embargo from"
        raise PublicationError(dataset, "embargo_without_period", problem)
    return embargo


def _closed_by(offers: Iterable[Offer], name: str) -> str | None:
    """Say which contract keeps the column closed, None where all leave it open."""
    offers = tuple(offers)
    if not any(offer.column(name) for offer in offers):
        return f"no source promises a column {name}"
    for offer in offers:
        column = offer.column(name)
        if column is None:
            continue
        where = f"contract {offer.contract.id}, column {offer.table.name}.{name}"
        if offer.contract.terms.protected_unit is not None:
            return (
                f"{where} stands in rows about a {offer.contract.terms.protected_unit}: only sums may leave"
            )
        if column.classification == PERSONAL:
            return f"{where} is classified as personal"
        if column.openness is not Openness.OPEN:
            return f"{where} is {column.openness}, not open"
    return None
