"""What a contract says and this engine does not check: kept, shown, and never passed in silence.

Here: the list, by place. Not here: what is checked (`limits`, `contract_rules`, `service_levels`), which
asks this module where the border runs, so that nothing falls between.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic.alias_generators import to_camel

from contracts.located import place_of
from contracts.model import LogicalType, NotChecked, Unchecked
from contracts.odcs import DataContract, Property, QualityCheck, Relationship, SchemaObject, TypeOptions
from contracts.shape import KeyPath, write_key

ENGINE = "regie"
MEASURED_LEVELS = ("frequency", "latency", "completeness", "retention")
"""Service levels that are acted on, in small letters."""
_LIMITS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")
_IDLE = ("multiple_of", "min_items", "max_items", "unique_items", "min_properties", "max_properties")
_Found = Iterator[tuple[KeyPath, Unchecked, str]]


def list_unchecked(document: DataContract, tree: object, file: Path) -> tuple[NotChecked, ...]:
    """Return everything in a document that reads like a promise and that no gate looks at.

    `file` is the contract's own, in which lines are counted.
    """
    return tuple(
        NotChecked(key=write_key(tree, path), kind=kind, line=_line(tree, path, file), detail=detail)
        for path, kind, detail in _of_document(document)
    )


def _line(tree: object, path: KeyPath, file: Path) -> int | None:
    place = place_of(tree, path)
    return place.line if place is not None and place.file == file else None


def is_nested(prop: Property) -> bool:
    """Whether a column holds more than one value: a flat table can't."""
    return prop.logical_type in ("object", "array")


def is_enum(check: QualityCheck) -> bool:
    """Whether a column's check is the list of allowed values that gate 1 enforces."""
    return (
        check.type == "library"
        and check.metric == "invalidValues"
        and check.must_be == 0
        and bool((check.arguments or {}).get("validValues"))
    )


def is_ours(check: QualityCheck) -> bool:
    """Whether a table's check is a row rule of ours."""
    return check.type == "custom" and check.engine == ENGINE


def is_single(link: Relationship) -> bool:
    """Whether a foreign key is of one column, named so that it can be looked up."""
    return isinstance(link.to, str) and (".yaml#" in link.to or "/" not in link.to)


def _of_document(document: DataContract) -> _Found:
    for index, table in enumerate(document.schema_):
        yield from _of_table(table, ("schema", index))
    for index, level in enumerate(document.sla_properties):
        if level.property.lower() not in MEASURED_LEVELS:
            yield ("slaProperties", index), Unchecked.SERVICE_LEVEL, level.property
    for index, server in enumerate(document.servers[1:], start=1):
        yield ("servers", index), Unchecked.SERVER, server.type


def _of_table(table: SchemaObject, at: KeyPath) -> _Found:
    for index, check in enumerate(table.quality):
        if not is_ours(check):
            yield from _of_check(check, (*at, "quality", index))
    yield from _of_links(table.relationships, at)
    for index, prop in enumerate(table.properties):
        yield from _of_property(prop, (*at, "properties", index))


def _of_property(prop: Property, at: KeyPath) -> _Found:
    if is_nested(prop):
        yield at, Unchecked.NESTED, str(prop.logical_type)
        return
    for index, check in enumerate(prop.quality):
        if not is_enum(check):
            yield from _of_check(check, (*at, "quality", index))
    yield from _of_links(prop.relationships, at)
    yield from _of_options(prop.logical_type_options, prop.logical_type, at)


def _of_check(check: QualityCheck, at: KeyPath) -> _Found:
    """Word a check by what it says of itself; a text is for people, and says so."""
    words = check.name or check.description or check.metric or check.query or check.engine or ""
    kind = Unchecked.TEXT if check.type == "text" else Unchecked.QUALITY
    yield at, kind, " ".join(f"{check.type}: {words}".split())[:200]


def _of_links(links: tuple[Relationship, ...], at: KeyPath) -> _Found:
    for index, link in enumerate(links):
        if not is_single(link):
            target = link.to if isinstance(link.to, str) else ", ".join(link.to)
            yield (*at, "relationships", index), Unchecked.REFERENCE, target


def _of_options(options: TypeOptions, logical_type: object, at: KeyPath) -> _Found:
    where = (*at, "logicalTypeOptions")
    for key in _IDLE:
        if getattr(options, key) is not None:
            yield where, Unchecked.OPTION, f"{to_camel(key)}: {getattr(options, key)}"
    for key in _LIMITS:
        if isinstance(getattr(options, key), str):
            yield where, Unchecked.OPTION, f"{to_camel(key)}: {getattr(options, key)}"
    dated = (LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIME)
    if options.format is not None and logical_type not in dated:
        yield where, Unchecked.OPTION, f"format: {options.format}"
