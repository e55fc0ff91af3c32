"""A pool: a territory's folder of plain files, read strictly.

Here: `pool.yaml` and the contracts beside it as one frozen value. Not here: indicators and datasets
(`warehouse`, `publishing` read their own files), or anything that runs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, StrictStr, StringConstraints, field_validator

from contracts.errors import ContractError, ContractProblem, suggest
from contracts.extensions import Duration, Words
from contracts.located import iterate_maps, place_of, read_located
from contracts.model import Contract, Frozen
from contracts.odcs import Section
from contracts.parameter_types import LAST
from contracts.resolve import load_contract
from contracts.shape import Problems, read_section
from contracts.waivers import with_waivers

POOL_FILE = "pool.yaml"
Slug = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ZoneScale = Annotated[str, StringConstraints(strict=True, pattern=r"^(territory|h3_([0-9]|1[0-5]))$")]
Email = Annotated[str, StringConstraints(strict=True, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
WebAddress = Annotated[str, StringConstraints(strict=True, pattern=r"^https?://\S+$")]


def _to_instant(value: object) -> object:
    """Take an instant with its offset; a time without one could be any of 38 instants."""
    if not isinstance(value, str):
        raise ValueError("an instant is wanted, such as 2019-06-10T09:00:00Z")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("an instant is wanted, such as 2019-06-10T09:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError("the instant has no offset: end it with Z or +00:00")
    return instant.astimezone(UTC)


class Actor(Section):
    """An organisation or group in the pool."""

    id: Slug
    name: StrictStr
    label: Words = Field(default_factory=dict)
    roles: tuple[Literal["contributor", "re-user", "trusted-third-party", "publisher"], ...] = Field(
        min_length=1
    )
    email: Email | None = None
    homepage: WebAddress | None = None
    description: Words = Field(default_factory=dict)


class Territory(Section):
    """The place the pool is about."""

    name: Words
    country: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}$")] | None = None
    bbox: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees (WGS 84)."""


class PoolFile(Section):
    """`pool.yaml` as written."""

    id: Slug
    title: Words = Field(min_length=1)
    territory: Territory
    timezone: StrictStr
    now: Annotated[datetime, BeforeValidator(_to_instant)] | None = None
    zone_scales: tuple[ZoneScale, ...] = Field(min_length=1)
    allowed_hosts: tuple[StrictStr, ...] = ()
    retention: Duration | None = None
    publisher: Slug
    actors: tuple[Actor, ...] = Field(min_length=1)
    notices: Words = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _is_iana(cls, value: str) -> str:
        """A time zone is one of the IANA database."""
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("an IANA time zone is wanted, such as America/Sao_Paulo") from None
        return value


class Pool(Frozen):
    """A pool with its contracts, as the engine uses it."""

    id: str
    title: dict[str, str]
    territory: Territory
    timezone: str
    now: datetime | None = None
    """The pool's own clock (UTC), for demonstrations; None means the real one."""
    zone_scales: tuple[str, ...]
    """`territory` and H3 resolutions `h3_<n>`."""
    actors: tuple[Actor, ...]
    publisher: Actor
    notices: dict[str, str] = Field(default_factory=dict)
    """What every reader of the pool's pages must be told, by language."""
    allowed_hosts: tuple[str, ...] = ()
    """Private hosts that connectors may reach all the same."""
    retention: str | None = None
    contracts: tuple[Contract, ...]
    path: Path

    def contract(self, feed: str) -> Contract:
        """Return the contract of a feed; KeyError if the pool has none."""
        for contract in self.contracts:
            if contract.id == feed:
                return contract
        raise KeyError(feed)

    def actor(self, name: str) -> Actor:
        """Return an actor; KeyError if the pool has none of that id."""
        for actor in self.actors:
            if actor.id == name:
                return actor
        raise KeyError(name)


def load_pool(path: Path | str, *, standards: Path | None = None) -> Pool:
    """Read a pool's folder: `pool.yaml`, `contracts/*.yaml` in order of file names, `waivers.yaml` if any.

    Raises ContractError that names every fault of every file: unknown keys, a pool without contracts,
    two contracts of one id, a contributor or register that the pool doesn't have.
    """
    root = Path(path)
    file, problems = _read_pool_file(root)
    contracts, faults = _read_contracts(root, file.timezone, standards)
    if faults:
        raise ContractError(*faults)
    _check_together(file, contracts, root, problems)
    problems.raise_if_any()
    roles, names = {a.id: a.roles for a in file.actors}, {a.id: a.name for a in file.actors}
    contracts = with_waivers(root, contracts, roles, names)
    publisher = next(a for a in file.actors if a.id == file.publisher)
    fields: dict[str, Any] = {
        name: getattr(file, name) for name in PoolFile.model_fields if name != "publisher"
    }
    return Pool(**fields, publisher=publisher, contracts=contracts, path=root)


def read_pool_file(path: Path | str) -> PoolFile:
    """Read a pool's `pool.yaml` alone, without its contracts. Raises ContractError."""
    return _read_pool_file(Path(path))[0]


def timezone_of(path: Path) -> str:
    """Return the time zone of the pool in a folder; UTC where there is none, or it names none."""
    file = path / POOL_FILE
    return str(read_located(file).get("timezone") or "UTC") if file.is_file() else "UTC"


def _read_pool_file(root: Path) -> tuple[PoolFile, Problems]:
    """Read and type `pool.yaml`."""
    path = root / POOL_FILE
    if not path.is_file():
        raise ContractError(
            ContractProblem(
                path, None, "", "there is no pool here", f"give a folder that holds a {POOL_FILE}"
            )
        )
    tree = read_located(path)
    problems = Problems(tree, path)
    file = read_section(PoolFile, tree, problems)
    if file is not None:
        _check_actors(file, problems)
    problems.raise_if_any()
    if file is None:  # pragma: no cover - a misfit is always noted
        raise RuntimeError("a pool that doesn't fit must have been refused")
    return file, problems


def _check_actors(file: PoolFile, problems: Problems) -> None:
    """Actors are told apart by id, and the publisher is one of them."""
    seen: set[str] = set()
    for index, actor in enumerate(file.actors):
        if actor.id in seen:
            problems.add(
                ("actors", index, "id"), f"the actor `{actor.id}` is described twice", "keep one of them"
            )
        seen.add(actor.id)
    if file.publisher not in seen:
        problems.add(
            ("publisher",), f"`{file.publisher}` is not an actor of the pool", suggest(file.publisher, seen)
        )
    elif not any(a.id == file.publisher and "publisher" in a.roles for a in file.actors):
        problems.add(
            ("publisher",), f"`{file.publisher}` has not the role publisher", "add `publisher` to its roles"
        )


def _read_contracts(
    root: Path, timezone: str, standards: Path | None
) -> tuple[tuple[Contract, ...], list[ContractProblem]]:
    """Read all contracts; faults of all files are gathered."""
    files = sorted((root / "contracts").glob("*.yaml"))
    if not files:
        problem = ContractProblem(root / "contracts", None, "", "the pool has no contract",
                                  "add one file a feed: contracts/<feed>.yaml")  # fmt: skip
        return (), [problem]
    contracts: list[Contract] = []
    faults: list[ContractProblem] = []
    for file in files:
        try:
            contracts.append(load_contract(file, standards=standards, timezone=timezone))
        except ContractError as error:
            faults += error.problems
    return tuple(contracts), faults


def _check_together(file: PoolFile, contracts: tuple[Contract, ...], root: Path, problems: Problems) -> None:
    """Contracts fit each other and the pool: ids, contributors, registers."""
    first: dict[str, Contract] = {}
    contributors = {a.id for a in file.actors if "contributor" in a.roles}
    tables = {f"{c.id}/{t.name}" for c in contracts for t in c.tables}
    for contract in contracts:
        where = contract.file or root
        if contract.id in first:
            other = first[contract.id].file
            _add(
                problems,
                where,
                "id",
                f"the feed `{contract.id}` has a contract already, in {other}",
                "rename one",
            )
        first.setdefault(contract.id, contract)
        if contract.contributor not in contributors:
            _add(
                problems,
                where,
                "contributor",
                f"`{contract.contributor}` is not a contributor of the pool",
                suggest(contract.contributor, contributors),
            )
        if contract.id == LAST:
            _add(
                problems, where, "id", f"`{LAST}` stands for a feed's own last delivery", "choose another id"
            )
        for needed in _registers(contract) - tables:
            _add(
                problems,
                where,
                "needs",
                f"no feed of the pool has the table `{needed}`",
                suggest(needed, tables),
            )


def _registers(contract: Contract) -> set[str]:
    """Name the registers that a contract's rules look things up in; its own last delivery by its own name."""
    rows = {need for table in contract.tables for rule in table.rules for need in rule.needs}
    needs = {n for n in rows | {need for rule in contract.rules for need in rule.needs} if n != "history"}
    own = f"{LAST}/"
    return {contract.id + n.removeprefix(LAST) if n.startswith(own) else n for n in needs}


def _add(problems: Problems, file: Path, key: str, problem: str, fix: str) -> None:
    """Note a fault of a contract file that only shows beside the others."""
    problems.found.append(ContractProblem(file, _line_of(file, key), key, problem, fix))


def _line_of(file: Path, key: str) -> int | None:
    """Find the line of a fault's key: of the text that names it, else the first."""
    tree = read_located(file)
    if key in tree:
        return tree.places[key].line
    for index, item in iterate_maps(tree.get("customProperties")):
        if item.get("property") == key:
            place = place_of(tree, ("customProperties", index))
            return place.line if place else 1
    return 1
