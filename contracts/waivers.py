"""`waivers.yaml`: who accepts that a rule is broken, for which feed, until when and why.

Here: reading the file strictly, with line numbers, and giving each contract its own. Not here: what a
waiver does to a verdict (`waiving`), or how it is shown (`portal/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictStr

from contracts.errors import suggest
from contracts.extensions import Word, Words
from contracts.located import read_located
from contracts.model import Contract, Waiver, WireFormat
from contracts.odcs_schema import Section
from contracts.rules.catalogue import load_catalogue
from contracts.shape import KeyPath, Problems, read_section

WAIVERS_FILE = "waivers.yaml"
UNWAIVABLE = frozenset(
    {
        "unreadable",
        "truncated_archive",
        "wrong_encoding",
        "wrong_separator",
        "empty_delivery",
        "missing_table",
        "missing_column",
        "not_the_promised_shape",
        "html_instead_of_data",
        "wrong_decimal_mark",
        "wrong_date_format",
        "wrong_unit",
        "quarantine_above_tolerance",
    }
)
"""Rules that say there is nothing to use, or only add up others: accepting them would let nothing in."""


def _to_day(value: object) -> object:
    """Take an ISO day written as text."""
    if not isinstance(value, str):
        raise ValueError('a day is wanted, such as "2019-12-31"')
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError('a day is wanted, such as "2019-12-31"') from None


Day = Annotated[date, BeforeValidator(_to_day)]


class WrittenWaiver(Section):
    """One waiver as written."""

    feed: StrictStr
    rule: Word
    table: StrictStr | None = None
    column: StrictStr | None = None
    accepted_by: StrictStr
    start: Day | None = Field(default=None, alias="from")
    until: Day
    reason: Words = Field(min_length=1)


class WaiversFile(Section):
    """`waivers.yaml` as written."""

    waivers: tuple[WrittenWaiver, ...] = ()


def with_waivers(
    root: Path,
    contracts: Sequence[Contract],
    roles: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
) -> tuple[Contract, ...]:
    """Return the contracts of a pool, each with its waivers; a pool without the file has none.

    Args:
        root: the pool's folder.
        contracts: all contracts of the pool.
        roles: roles of each actor, by id.
        names: name of each actor, by id.

    Raises:
        ContractError: an unknown key, feed, rule, table, column or actor; somebody who is not in charge; a
            day that is none; a rule that can't be waived. Every fault, with its line.
    """
    path = root / WAIVERS_FILE
    if not path.is_file():
        return tuple(contracts)
    tree = read_located(path)
    problems = Problems(tree, path)
    file = read_section(WaiversFile, tree, problems)
    if file is not None:
        _check(file, {c.id: c for c in contracts}, roles, problems)
    problems.raise_if_any()
    written = file.waivers if file is not None else ()
    return tuple(_with_own(contract, written, names) for contract in contracts)


def waivers_beside(contract: Contract) -> Contract:
    """Return a contract with the waivers of the pool it stands in, so that a file tried alone meets them too.

    Entries of other feeds are left to the pool. Raises ContractError like `with_waivers`.
    """
    if contract.file is None:
        return contract
    path = contract.file.resolve().parent.parent / WAIVERS_FILE
    if not path.is_file():
        return contract
    tree = read_located(path)
    problems = Problems(tree, path)
    file = read_section(WaiversFile, tree, problems)
    problems.raise_if_any()
    return _with_own(contract, file.waivers if file is not None else (), {})


def _with_own(contract: Contract, written: Sequence[WrittenWaiver], names: Mapping[str, str]) -> Contract:
    own = tuple(
        Waiver(
            rule=w.rule,
            table=w.table,
            column=w.column,
            accepted_by=w.accepted_by,
            name=names.get(w.accepted_by, ""),
            start=w.start,
            until=w.until,
            reason=dict(w.reason),
        )
        for w in written
        if w.feed == contract.id
    )
    return contract.model_copy(update={"waivers": own}) if own else contract


def _check(
    file: WaiversFile,
    contracts: Mapping[str, Contract],
    roles: Mapping[str, Sequence[str]],
    problems: Problems,
) -> None:
    for index, waiver in enumerate(file.waivers):
        at: KeyPath = ("waivers", index)
        if waiver.start is not None and waiver.start > waiver.until:
            problems.add((*at, "until"), f"it ends before it begins, on {waiver.start}", "swap the days")
        if waiver.rule in UNWAIVABLE:
            problems.add(
                (*at, "rule"), f"`{waiver.rule}` can't be waived: without it there is nothing to use",
                "change the contract, or have the file sent again",
            )  # fmt: skip
        contract = contracts.get(waiver.feed)
        if contract is None:
            problems.add(
                (*at, "feed"), f"the pool has no feed `{waiver.feed}`", suggest(waiver.feed, contracts)
            )
            continue
        _check_place(waiver, contract, at, problems)
        _check_actor(waiver, contract, roles, at, problems)


def _check_place(waiver: WrittenWaiver, contract: Contract, at: KeyPath, problems: Problems) -> None:
    """The rule, table and column are ones that the feed can break; GTFS has more notices than we list."""
    is_gtfs = contract.server.wire_format is WireFormat.GTFS
    own = {r.id for r in contract.rules} | {r.id for t in contract.tables for r in t.rules}
    known = own | {name for name in load_catalogue() if name not in UNWAIVABLE}
    if waiver.rule not in known and waiver.rule not in UNWAIVABLE and not is_gtfs:
        problems.add((*at, "rule"), f"no rule is named `{waiver.rule}`", suggest(waiver.rule, known))
    tables = {name for t in contract.tables for name in (t.name, t.source)}
    if waiver.table is not None and waiver.table not in tables:
        problems.add((*at, "table"), f"the feed has no table `{waiver.table}`", suggest(waiver.table, tables))
    here = [t for t in contract.tables if waiver.table in (None, t.name, t.source)]
    columns = {c.name for t in here for c in t.columns}
    if waiver.column is not None and here and waiver.column not in columns:
        problems.add(
            (*at, "column"), f"the feed has no column `{waiver.column}`", suggest(waiver.column, columns)
        )


def _check_actor(
    waiver: WrittenWaiver,
    contract: Contract,
    roles: Mapping[str, Sequence[str]],
    at: KeyPath,
    problems: Problems,
) -> None:
    """A fault is accepted by those who live with it: the trusted third party, never the sender alone."""
    trusted = sorted(actor for actor, held in roles.items() if "trusted-third-party" in held)
    where = (*at, "acceptedBy")
    if waiver.accepted_by not in roles:
        problems.add(
            where, f"the pool has no actor `{waiver.accepted_by}`", suggest(waiver.accepted_by, roles)
        )
    elif waiver.accepted_by == contract.contributor and waiver.accepted_by not in trusted:
        problems.add(
            where, f"`{waiver.accepted_by}` can't accept its own faults", f"name one of: {', '.join(trusted)}"
        )
    elif waiver.accepted_by not in trusted:
        problems.add(where, f"`{waiver.accepted_by}` is not in charge", f"name one of: {', '.join(trusted)}")
