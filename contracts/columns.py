"""Tables and columns of a resolved contract: from ODCS properties to the engine's `Column`.

Here: types, limits, names, derived columns, openness. Not here: rules between columns or rows
(`contract_rules`).
"""

from __future__ import annotations

import re
from typing import cast

from contracts.contract_rules import compile_row_rules
from contracts.derived import Draft, derive_columns
from contracts.errors import suggest
from contracts.extensions import ColumnExtensions, DataTerms, TableExtensions, read_extensions
from contracts.limits import date_format_of, limits_of, pattern_of, physical_type, timezone_of, valid_values
from contracts.model import Column, Delivery, LogicalType, Openness, Table
from contracts.odcs import DataContract, FlatProperty, SchemaObject
from contracts.shape import KeyPath, Problems
from contracts.unchecked import is_nested
from contracts.units import scale_of

PERSONAL = "personal"
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_SOURCE = re.compile(r"^[^\x00-\x1f\x7f]{1,200}$")
_RESERVED = frozenset({"contributor", "feed", "delivery_id", "period"})


def compile_tables(
    document: DataContract, terms: DataTerms, delivery: Delivery, problems: Problems
) -> tuple[Table, ...]:
    """Compile every table; rules come after, when all columns are known."""
    drafts = [
        _compile_table(item, ("schema", index), terms, delivery, problems)
        for index, item in enumerate(document.schema_)
    ]
    return tuple(
        table.model_copy(update={"rules": compile_row_rules(item, i, drafts, problems)})
        for i, (item, table) in enumerate(zip(document.schema_, drafts, strict=True))
    )


def _compile_table(
    item: SchemaObject, at: KeyPath, terms: DataTerms, delivery: Delivery, problems: Problems
) -> Table:
    """Compile one table without its rules."""
    _check_name(item.name, "table", at, problems)
    more = read_extensions(TableExtensions, problems, at) or TableExtensions()
    columns = [
        _compile_column(item.name, cast("FlatProperty", prop), (*at, "properties", i), terms, problems)
        for i, prop in enumerate(item.properties)
        if not is_nested(prop)
    ]
    if not columns:
        problems.add(at, f"`{item.name}` has no column that a flat table can hold", "add `properties: [...]`")
    _check_sources(columns, at, problems)
    return Table(
        name=item.name,
        source=item.physical_name or item.name,
        columns=_with_derived(columns, at, delivery, problems),
        is_optional=more.optional,
        label=dict(more.label),
        description=item.description,
    )


def _compile_column(
    table: str, prop: FlatProperty, at: KeyPath, terms: DataTerms, problems: Problems
) -> Column:
    """Compile one column; its derived expression is still as written."""
    _check_name(prop.name, "column", at, problems)
    more = read_extensions(ColumnExtensions, problems, at) or ColumnExtensions()
    options = prop.logical_type_options
    openness = terms.columns.get(f"{table}.{prop.name}") or terms.columns.get(prop.name) or terms.default
    if prop.classification == PERSONAL and openness is Openness.OPEN:
        problems.add(
            at,
            f"`{prop.name}` is personal, and the terms leave it open",
            f"close it: terms.columns: {{{prop.name}: private}}",
        )
    if more.namespaced and prop.logical_type is not LogicalType.STRING:
        problems.add(at, f"a {prop.logical_type} can't be namespaced", "identifiers are strings")
    if prop.required and more.expected is False:
        problems.add(at, f"`{prop.name}` is required, and the file need not have it", "drop one of the two")
    source = prop.physical_name or prop.name
    if not _SOURCE.match(source):
        problems.add(
            (*at, "physicalName"), "a name in the file has 1 to 200 printable characters", "shorten it"
        )
    return Column(
        name=prop.name,
        source=source,
        logical_type=prop.logical_type,
        physical_type=physical_type(prop, at, problems),
        required=prop.required,
        is_expected=_is_expected(prop, more),
        unique=prop.unique,
        primary_key=prop.primary_key,
        **limits_of(options),
        pattern=pattern_of(options, at, problems),
        min_length=options.min_length,
        max_length=options.max_length,
        valid_values=valid_values(prop, at, problems),
        date_format=date_format_of(prop, more, at, problems),
        timezone=timezone_of(prop, more, at, problems),
        unit=more.unit,
        scale=scale_of(prop, more, at, problems),
        classification=prop.classification,
        is_namespaced=more.namespaced,
        derived=prop.transform_logic,
        openness=openness,
        description=prop.description,
        label=dict(more.label),
    )


def _is_expected(prop: FlatProperty, more: ColumnExtensions) -> bool:
    """A file must have its columns unless the contract says otherwise; a derived one it has not."""
    if prop.transform_logic is not None:
        return False
    return more.expected if more.expected is not None else True


def _with_derived(
    columns: list[Column], at: KeyPath, delivery: Delivery, problems: Problems
) -> tuple[Column, ...]:
    """Check derived columns and write each over the file's own columns only."""
    places = {c.name: (*at, "properties", i, "transformLogic") for i, c in enumerate(columns)}
    drafts = tuple(
        Draft(c.name, c.physical_type, _fill_step(c.derived, delivery, places[c.name], problems))
        for c in columns
    )
    # A type that is not known to be one must not reach DuckDB.
    derivation = derive_columns(drafts, bind=not problems.found)
    for fault in derivation.faults:
        problems.add(places[fault.column], fault.problem, fault.fix)
    texts = derivation.expressions
    return tuple(c.model_copy(update={"derived": texts[c.name]}) if c.name in texts else c for c in columns)


def _fill_step(sql: str | None, delivery: Delivery, where: KeyPath, problems: Problems) -> str | None:
    """Put the feed's step in the place of `{step_s}`."""
    if sql is None or "{step_s}" not in sql:
        return sql
    if delivery.step_s is None:
        problems.add(
            where,
            "the column is derived from the feed's step, which the contract does not state",
            "add `stepS: 1800` to the custom property `delivery`",
        )
        return sql.replace("{step_s}", "0")
    return sql.replace("{step_s}", str(delivery.step_s))


def _check_sources(columns: list[Column], at: KeyPath, problems: Problems) -> None:
    """Two columns may not be read from one column of the file."""
    seen: dict[str, str] = {}
    for index, column in enumerate(columns):
        if column.derived is not None:
            continue
        if column.source in seen:
            problems.add(
                (*at, "properties", index),
                f"`{column.name}` and `{seen[column.source]}` are both read from `{column.source}`",
                "give one of them another physicalName, or derive it by transformLogic",
            )
        seen[column.source] = column.name


def _check_name(name: str, noun: str, at: KeyPath, problems: Problems) -> None:
    """Names go into SQL, paths and Dagster keys: small letters, digits, underscores."""
    if not _NAME.match(name):
        problems.add(
            (*at, "name"), f"`{name}` can't name a {noun}", "use small letters, digits and underscores"
        )
    if noun == "column" and name in _RESERVED:
        problems.add(
            (*at, "name"),
            f"the column name `{name}` is the engine's own",
            f"choose another; reserved: {suggest('', _RESERVED).removeprefix('known here: ')}",
        )
