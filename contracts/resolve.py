"""A contract resolved: the contributor's file over its standard, checked strictly, made into a `Contract`.

Here: `load_contract` and the order of its steps. Not here: the merge (`merge`), the columns
(`columns`), the rules (`rules_of`), or judging data.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.columns import compile_tables
from contracts.contacts import compile_contacts
from contracts.contract_rules import compile_delivery_rules
from contracts.errors import suggest
from contracts.extensions import ContractExtensions, DataTerms, ServerExtensions, read_extensions
from contracts.located import LocatedMap, iterate_maps
from contracts.merge import merge_maps
from contracts.model import Contract, Delivery, Dialect, Population, Server, Table, Terms, WireFormat
from contracts.odcs import DataContract
from contracts.parse import based_on, read_contract_file
from contracts.runnable import check_runnable
from contracts.service_levels import compile_service_levels
from contracts.shape import KeyPath, Problems, check_official_schema, read_section
from contracts.unchecked import list_unchecked

STANDARDS = Path(__file__).parent / "standards"


def load_contract(
    path: Path | str, *, standards: Path | None = None, timezone: str = "UTC", contributor: str | None = None
) -> Contract:
    """Read a contract file, merge it with its standard, check it and compile it.

    `standards` is a folder of base contracts (default: those shipped). `timezone` (IANA) and
    `contributor` hold where the file itself names none. Raises ContractError with file, line, key,
    problem and fix of every fault; never anything else for a fault of the file.
    """
    file = Path(path)
    tree = resolve_tree(file, standards or STANDARDS)
    problems = Problems(tree, file)
    check_runnable(tree, problems)
    document = read_section(DataContract, tree, problems)
    check_official_schema(tree, problems, shipped=shipped_tables(tree))
    extensions = read_extensions(ContractExtensions, problems, ())
    problems.raise_if_any()
    if document is None or extensions is None:  # pragma: no cover - a misfit is always noted
        raise RuntimeError("a contract that doesn't fit must have been refused")
    zone = _check_timezone(extensions.timezone or timezone, problems)
    contract = _compile(document, extensions, zone, contributor, problems)
    problems.raise_if_any()
    return contract


def resolve_tree(file: Path, standards: Path) -> LocatedMap:
    """Merge a contract file with its standard: a full ODCS document that knows its lines."""
    over = read_contract_file(file)
    problems = Problems(over, file)
    base = _standard_of(over, standards, problems)
    problems.raise_if_any()
    return merge_maps(base, over) if base else over


def digest_of(tree: LocatedMap, timezone: str, contributor: str) -> str:
    """SHA-256 of the resolved contract's canonical JSON, with what the pool adds to it."""
    whole = {"contract": tree, "timezone": timezone, "contributor": contributor}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shipped_tables(tree: LocatedMap) -> list[Any]:
    """Return the tables of a resolved tree that are a shipped standard's own, which tests hold to ODCS."""
    tables = tree.get("schema")
    if not isinstance(tables, list):
        return []
    return [t for t in tables if isinstance(t, LocatedMap) and _is_shipped(t)]


def _is_shipped(table: LocatedMap) -> bool:
    """A merge keeps a table that the file doesn't speak of as it was read from the standard."""
    return table.place.file.parent == STANDARDS and table is _table_of(table.place.file, table.get("name"))


def _table_of(file: Path, name: object) -> LocatedMap | None:
    tree = _read_standard(file, file.stat().st_mtime_ns)
    return next((t for _, t in iterate_maps(tree.get("schema")) if t.get("name") == name), None)


def _standard_of(over: LocatedMap, standards: Path, problems: Problems) -> LocatedMap | None:
    """Find the standard a file is based on, of the major version it asks for."""
    wanted = based_on(over, problems)
    if wanted is None:
        return None
    name, major = wanted
    at = custom_path(over, "basedOn")
    known = sorted(p.stem for p in standards.glob("*.yaml"))
    if name not in known:
        problems.add(
            at, f"there is no standard `{name}`", f"{suggest(name, known)} (known: {', '.join(known)})"
        )
        return None
    base = _read_standard(standards / f"{name}.yaml", (standards / f"{name}.yaml").stat().st_mtime_ns)
    found = str(base.get("version")).split(".", 1)[0]
    if found != str(major):
        problems.add(
            at, f"the standard `{name}` has major version {found}, not {major}", f"write `{name}@{found}`"
        )
    return base


@lru_cache(maxsize=64)
def _read_standard(path: Path, _changed: int) -> LocatedMap:
    """Read a standard once per content; merging never changes it."""
    return read_contract_file(path)


def _compile(
    document: DataContract,
    extensions: ContractExtensions,
    timezone: str,
    contributor: str | None,
    problems: Problems,
) -> Contract:
    """Turn typed sections into the engine's contract, noting what doesn't hold together."""
    tree = problems.tree
    owner = extensions.contributor or contributor
    for name, value in (
        ("contributor", owner),
        ("delivery", extensions.delivery),
        ("terms", extensions.terms),
    ):
        if value is None:
            problems.add(
                ("customProperties",),
                f"the custom property `{name}` is missing",
                f"add `- {{property: {name}, value: ...}}` to customProperties",
            )
    server = _compile_server(document, problems)
    problems.raise_if_any()
    if owner is None or extensions.delivery is None or extensions.terms is None or server is None:
        raise RuntimeError("what is missing must have been noted")  # pragma: no cover
    delivery = Delivery.model_validate(extensions.delivery.model_dump())
    _check_delivery(delivery, server, tree, problems)
    tables = compile_tables(document, extensions.terms, delivery, problems)
    if len(tables) > 1 and server.wire_format is not WireFormat.GTFS:
        problems.add(
            ("schema", 1), f"a {server.wire_format} delivery is one table", "write a contract for each file"
        )
    _check_terms(extensions.terms, tables, custom_path(tree, "terms"), problems)
    rules = compile_delivery_rules(
        extensions.delivery_rules, tables, custom_path(tree, "deliveryRules"), problems
    )
    levels = compile_service_levels(document.sla_properties, problems)
    contacts = compile_contacts(document.support, problems)
    problems.raise_if_any()
    return Contract(
        id=document.id,
        version=document.version,
        status=document.status,
        name=document.name or document.id,
        label=dict(extensions.label),
        description=document.description.purpose,
        domain=document.domain or "other",
        contributor=owner,
        tenant=document.tenant,
        based_on=extensions.based_on,
        tables=tables,
        rules=rules,
        delivery=delivery,
        population=Population.model_validate(extensions.population.model_dump())
        if extensions.population
        else None,
        service_levels=levels,
        **({"quarantine_tolerance_pct": extensions.tolerance.quarantined} if extensions.tolerance else {}),
        server=server,
        terms=Terms.model_validate(extensions.terms.model_dump(exclude={"columns"})),
        support=tuple(s.channel for s in document.support if "@" in s.channel),
        contacts=contacts,
        origin_note=dict(extensions.origin_note),
        timezone=timezone,
        not_checked=list_unchecked(document, tree, problems.file),
        file=problems.file,
        digest=digest_of(tree, timezone, owner),
    )


def _compile_server(document: DataContract, problems: Problems) -> Server | None:
    """Take the first server: where the feed is fetched."""
    if not document.servers:
        problems.add(
            (), "`servers` is missing", "add one server: where the feed is fetched and its wireFormat"
        )
        return None
    server = document.servers[0]
    location = server.location or server.path
    if not location:
        problems.add(("servers", 0), "the server has no `location`", "add `location: https://...`")
    more = read_extensions(ServerExtensions, problems, ("servers", 0))
    if more is None or location is None:
        return None
    return Server(
        location=location,
        type=server.type,
        wire_format=more.wire_format,
        dialect=Dialect.model_validate(more.dialect.model_dump()),
        max_bytes=more.max_bytes,
    )


def _check_delivery(delivery: Delivery, server: Server, tree: LocatedMap, problems: Problems) -> None:
    """A periodic feed says its period and its address says where the period stands."""
    at = (*custom_path(tree, "delivery"), "mode")
    if delivery.mode == "periodic" and delivery.period is None:
        problems.add(at, "a periodic feed states its `period`", "add `period: P1D`")
    if delivery.mode == "periodic" and delivery.starts_on is None:
        problems.add(
            at, "a periodic feed states its first day", 'add `startsOn: "2019-05-13"`: the first day promised'
        )
    if delivery.mode == "snapshot" and (delivery.period or delivery.starts_on):
        problems.add(
            at, "a snapshot has no period", "remove `period` and `startsOn`, or write `mode: periodic`"
        )
    has_slot = "{period}" in server.location
    if (delivery.mode == "periodic") != has_slot:
        wanted = "names no `{period}`" if not has_slot else "names a `{period}`, which a snapshot has not"
        problems.add(
            ("servers", 0, "location"), f"the address {wanted}", "write `{period}` where the ISO day stands"
        )


def _check_terms(terms: DataTerms, tables: tuple[Table, ...], at: KeyPath, problems: Problems) -> None:
    """Terms speak of columns that exist."""
    columns = {c.name for t in tables for c in t.columns}
    qualified = {f"{t.name}.{c.name}" for t in tables for c in t.columns}
    for name in terms.columns:
        if name not in columns | qualified:
            problems.add((*at, "columns", name), f"no table has a column `{name}`", suggest(name, columns))
    unit = terms.protected_unit
    if unit is not None and unit not in columns:
        problems.add((*at, "protectedUnit"), f"no table has a column `{unit}`", suggest(unit, columns))
    if (unit is None) != (terms.minimum_units is None):
        problems.add(at, "`protectedUnit` and `minimumUnits` go together", "state both or neither")


def _check_timezone(name: str, problems: Problems) -> str:
    """A time zone is one of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.add(
            custom_path(problems.tree, "timezone"),
            f"`{name}` is not an IANA time zone",
            "write it as `America/Sao_Paulo`",
        )
    return name


def custom_path(tree: LocatedMap, name: str) -> KeyPath:
    """Return the path of a custom property's value at the top; the list's own where it is absent."""
    for index, item in enumerate(tree.get("customProperties") or ()):
        if isinstance(item, dict) and item.get("property") == name:
            return ("customProperties", index, "value")
    return ("customProperties",)
