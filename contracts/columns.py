"""Tables and columns of a resolved contract: from ODCS properties to the engine's `Column`.

Here: types, limits, names, derived columns, openness. Not here: rules between columns or rows
(`contract_rules`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from contracts.contract_rules import compile_row_rules
from contracts.errors import suggest
from contracts.extensions import ColumnExtensions, DataTerms, TableExtensions, read_extensions
from contracts.model import Column, Delivery, LogicalType, Openness, Table
from contracts.odcs import DataContract, Property, SchemaObject, TypeOptions
from contracts.shape import KeyPath, Problems
from contracts.sql_safety import (
    UnsafeSqlError,
    check_types,
    columns_of,
    place_columns,
    read_expression,
    write_expression,
)

if TYPE_CHECKING:
    from sqlglot import exp

PERSONAL = "personal"
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_SOURCE = re.compile(r"^[^\x00-\x1f\x7f]{1,200}$")
_RESERVED = frozenset({"contributor", "feed", "delivery_id", "period"})
_DECIMAL = re.compile(r"^DECIMAL\((\d{1,2}),(\d{1,2})\)$")
_PHYSICAL: dict[LogicalType, tuple[str, ...]] = {
    LogicalType.STRING: ("VARCHAR",),
    LogicalType.DATE: ("DATE",),
    LogicalType.TIMESTAMP: ("TIMESTAMPTZ",),
    LogicalType.TIME: ("TIME",),
    LogicalType.NUMBER: ("DOUBLE", "DECIMAL(p,s)"),
    LogicalType.INTEGER: ("BIGINT", "INTEGER", "SMALLINT", "TINYINT"),
    LogicalType.BOOLEAN: ("BOOLEAN",),
}


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
        _compile_column(item.name, prop, (*at, "properties", i), terms, problems)
        for i, prop in enumerate(item.properties)
    ]
    _check_sources(columns, at, problems)
    return Table(
        name=item.name,
        source=item.physical_name or item.name,
        columns=_with_derived(item, columns, at, delivery, problems),
        is_optional=more.optional,
        label=dict(more.label),
        description=item.description,
    )


def _compile_column(table: str, prop: Property, at: KeyPath, terms: DataTerms, problems: Problems) -> Column:
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
    source = prop.physical_name or prop.name
    if not _SOURCE.match(source):
        problems.add(
            (*at, "physicalName"), "a name in the file has 1 to 200 printable characters", "shorten it"
        )
    limits = {key: _limit(options, key, at, problems) for key in
              ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")}  # fmt: skip
    return Column(
        name=prop.name,
        source=source,
        logical_type=prop.logical_type,
        physical_type=_physical_type(prop, at, problems),
        required=prop.required,
        is_expected=_is_expected(prop, more),
        unique=prop.unique,
        primary_key=prop.primary_key,
        **limits,
        pattern=_pattern(options, at, problems),
        min_length=options.min_length,
        max_length=options.max_length,
        valid_values=_valid_values(prop, at, problems),
        date_format=more.date_format,
        timezone=more.timezone or options.default_timezone,
        unit=more.unit,
        scale=more.scale,
        classification=prop.classification,
        is_namespaced=more.namespaced,
        derived=prop.transform_logic,
        openness=openness,
        description=prop.description,
        label=dict(more.label),
    )


def _is_expected(prop: Property, more: ColumnExtensions) -> bool:
    """A file must have its columns unless the contract says otherwise; a derived one it has not."""
    if prop.transform_logic is not None:
        return False
    return more.expected if more.expected is not None else True


def _physical_type(prop: Property, at: KeyPath, problems: Problems) -> str:
    """Return a DuckDB type that fits the logical one; the closed list keeps SQL out of type names."""
    allowed = _PHYSICAL[prop.logical_type]
    if prop.physical_type is None:
        return allowed[0]
    name = re.sub(r"\s+", "", prop.physical_type).upper()
    match = _DECIMAL.match(name)
    fits = name in allowed or (
        match is not None and "DECIMAL(p,s)" in allowed and int(match[2]) <= int(match[1]) <= 38  # noqa: PLR2004
    )
    if not fits:
        problems.add(
            (*at, "physicalType"),
            f"`{prop.physical_type}` does not fit a {prop.logical_type}",
            f"write one of {', '.join(allowed)}",
        )
    return name


def _limit(options: TypeOptions, key: str, at: KeyPath, problems: Problems) -> Decimal | None:
    """Read a numeric limit; limits on dates are not enforced, so they are refused rather than ignored."""
    value = getattr(options, key)
    if value is None:
        return None
    if isinstance(value, str):
        problems.add(
            (*at, "logicalTypeOptions"),
            f"the limit `{value}` is not a number; only numbers have limits here",
            "remove it, or compare two columns with the rule kind compare_columns",
        )
        return None
    return Decimal(str(value))


def _pattern(options: TypeOptions, at: KeyPath, problems: Problems) -> str | None:
    """Check that a pattern runs in linear time everywhere (RE2): no look-around, no back-reference."""
    pattern = options.pattern
    if pattern is None:
        return None
    try:
        re.compile(pattern)
    except re.error as error:
        problems.add(
            (*at, "logicalTypeOptions", "pattern"), f"not a valid pattern: {error}", "mend the expression"
        )
    if re.search(r"\(\?(=|!|<|P=)|\\[1-9]", pattern):
        problems.add(
            (*at, "logicalTypeOptions", "pattern"),
            "look-around and back-references are refused",
            "write a plain pattern",
        )
    return pattern


def _valid_values(prop: Property, at: KeyPath, problems: Problems) -> tuple[str, ...] | None:
    """Read the enum: ODCS 3.1 states it as `invalidValues` with `validValues` and `mustBe: 0`."""
    values: tuple[str, ...] | None = None
    for index, check in enumerate(prop.quality):
        where = (*at, "quality", index)
        listed = (check.arguments or {}).get("validValues")
        if check.type != "library" or check.metric != "invalidValues" or check.must_be != 0 or not listed:
            problems.add(
                where,
                "only `metric: invalidValues` with `arguments: {validValues: [...]}` and `mustBe: 0` "
                "is enforced on a column",
                "state other limits as logicalTypeOptions, required or unique",
            )
            continue
        if not isinstance(listed, list) or not all(isinstance(v, str | int) for v in listed):
            problems.add(where, "validValues is a list of texts or whole numbers", "mend the list")
            continue
        values = tuple(str(v) for v in listed)
    return values


def _with_derived(
    item: SchemaObject, columns: list[Column], at: KeyPath, delivery: Delivery, problems: Problems
) -> tuple[Column, ...]:
    """Check derived columns and write each over the file's own columns only, whatever their order."""
    parsed = _parse_derived(columns, at, delivery, problems)
    written: dict[str, exp.Expr] = {}
    while ready := {n: t for n, t in parsed.items() if n not in written and _is_ready(t, parsed, written)}:
        for name, tree in ready.items():
            written[name] = place_columns(tree, written)
    for index, column in enumerate(columns):
        if column.name in parsed and column.name not in written:
            circle = ", ".join(sorted(set(parsed) - set(written)))
            problems.add(
                (*at, "properties", index, "transformLogic"),
                f"columns of `{item.name}` are derived from each other: {circle}",
                "derive them from columns of the file",
            )
    texts = {name: write_expression(tree) for name, tree in written.items()}
    _check_types(columns, texts, at, problems)
    return tuple(c.model_copy(update={"derived": texts[c.name]}) if c.name in texts else c for c in columns)


def _check_types(columns: list[Column], texts: Mapping[str, str], at: KeyPath, problems: Problems) -> None:
    """Let DuckDB bind each derived column to the types of the file's columns."""
    if problems.found:
        return
    types = {c.name: c.physical_type for c in columns if c.derived is None}
    for index, column in enumerate(columns):
        if column.name in texts:
            try:
                check_types(f"CAST({texts[column.name]} AS {column.physical_type})", types)
            except UnsafeSqlError as error:
                problems.add((*at, "properties", index, "transformLogic"), error.problem, error.fix)


def _parse_derived(
    columns: list[Column], at: KeyPath, delivery: Delivery, problems: Problems
) -> dict[str, exp.Expr]:
    """Parse the expressions of a table's derived columns; each fault is noted at its line."""
    parsed: dict[str, exp.Expr] = {}
    for index, column in enumerate(columns):
        if column.derived is None:
            continue
        where = (*at, "properties", index, "transformLogic")
        others = {c.name for c in columns if c.name != column.name}
        try:
            parsed[column.name] = read_expression(
                _fill_step(column.derived, delivery, where, problems), others
            )
        except UnsafeSqlError as error:
            problems.add(where, error.problem, error.fix)
    return parsed


def _is_ready(tree: exp.Expr, parsed: Mapping[str, exp.Expr], written: Mapping[str, exp.Expr]) -> bool:
    """Whether all derived columns that an expression reads are written already."""
    return all(name in written for name in columns_of(tree) if name in parsed)


def _fill_step(sql: str, delivery: Delivery, where: KeyPath, problems: Problems) -> str:
    """Put the feed's step in the place of `{step_s}`."""
    if "{step_s}" not in sql:
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
