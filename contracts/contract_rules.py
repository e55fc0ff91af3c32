"""Rules of a resolved contract: from ODCS quality and relationships to `RowRule` and `DeliveryRule`.

Here: which rules there are, and that they name kinds, columns and registers that exist. Not here:
what a kind computes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field, StrictStr

from contracts.errors import suggest
from contracts.extensions import RelationshipExtensions, RuleOnDelivery, Word, read_extensions
from contracts.model import DeliveryRule, Dimension, Frozen, RowRule, Severity, Table
from contracts.odcs import QualityCheck, Relationship, SchemaObject
from contracts.rule_kinds import DELIVERY_KINDS, NEEDS_HISTORY, ROW_KINDS, Register
from contracts.shape import KeyPath, Problems, read_section
from contracts.unchecked import is_nested, is_ours, is_single

_SHORT = re.compile(r"^([A-Za-z_]\w*)\.([A-Za-z_]\w*)$")
_FULL = re.compile(r"^([a-z0-9][a-z0-9-]*)\.yaml#/?schema/([A-Za-z0-9_-]+)/properties/([A-Za-z0-9_-]+)$")


class RuleOnRows(Frozen):
    """`implementation` of a custom quality check with `engine: regie`."""

    rule: Word
    kind: StrictStr
    columns: tuple[StrictStr, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    needs: tuple[Register, ...] = ()


def compile_row_rules(
    item: SchemaObject, index: int, tables: Sequence[Table], problems: Problems
) -> tuple[RowRule, ...]:
    """Compile a table's rules: foreign keys of columns and of the table, then its own checks."""
    at: KeyPath = ("schema", index)
    table = tables[index]
    rules: list[RowRule] = []
    for i, prop in enumerate(item.properties):
        for j, link in enumerate(() if is_nested(prop) else prop.relationships):
            here = (*at, "properties", i, "relationships", j)
            if is_single(link):
                rules += _from_relationship(link, prop.name, here, tables, problems)
    for j, link in enumerate(item.relationships):
        here = (*at, "relationships", j)
        if not is_single(link):
            continue
        source = _SHORT.match(str(link.from_))
        if source is None or source[1] != table.name:
            problems.add(
                here,
                f"`from: {link.from_}` is not one column of `{table.name}`",
                "state the key of one column, as `table.column`",
            )
            continue
        rules += _from_relationship(link, source[2], here, tables, problems)
    for j, check in enumerate(item.quality):
        rules += _from_quality(check, (*at, "quality", j), table, problems)
    return tuple(rules)


def compile_delivery_rules(
    written: Sequence[RuleOnDelivery], tables: Sequence[Table], at: KeyPath, problems: Problems
) -> tuple[DeliveryRule, ...]:
    """Compile the rules on deliveries; kind, parameters, table and columns must exist."""
    rules = []
    for index, rule in enumerate(written):
        here = (*at, index)
        if rule.kind not in DELIVERY_KINDS:
            problems.add(
                (*here, "kind"),
                f"unknown kind of delivery rule `{rule.kind}`",
                suggest(rule.kind, DELIVERY_KINDS),
            )
            continue
        model, dimension = DELIVERY_KINDS[rule.kind]
        if read_section(model, rule.parameters, problems, (*here, "parameters")) is None:
            continue
        _check_target(rule, tables, here, problems)
        rules.append(
            DeliveryRule(
                id=rule.id,
                kind=rule.kind,
                parameters=_plain(rule.parameters),
                severity=rule.severity,
                dimension=rule.dimension or dimension,
                needs=_delivery_needs(rule),
            )
        )
    return tuple(rules)


def _from_relationship(
    link: Relationship, column: str, at: KeyPath, tables: Sequence[Table], problems: Problems
) -> list[RowRule]:
    """Compile a foreign key to a `known_reference`, within the delivery or into a register."""
    more = read_extensions(RelationshipExtensions, problems, at) or RelationshipExtensions()
    target = str(link.to)
    needs: tuple[str, ...] = ()
    short, full = _SHORT.match(target), _FULL.match(target)
    if short:
        _check_reference(short[1], short[2], tables, (*at, "to"), problems)
        to = target
    elif full:
        to, needs = f"{full[1]}/{full[2]}.{full[3]}", (f"{full[1]}/{full[2]}",)
    else:
        problems.add(
            (*at, "to"),
            f"`{target}` does not name a column",
            "write `table.column`, or `feed.yaml#/schema/table/properties/column` of another feed",
        )
        return []
    rule = RowRule(id=more.rule, kind="known_reference", columns=(column,), parameters={"to": to},
                   severity=more.severity, needs=needs)  # fmt: skip
    return [rule]


def _from_quality(check: QualityCheck, at: KeyPath, table: Table, problems: Problems) -> list[RowRule]:
    """Compile a custom check of ours; any other is listed as not checked."""
    if not is_ours(check):
        return []
    body = read_section(RuleOnRows, check.implementation, problems, (*at, "implementation"))
    if body is None:
        return []
    if body.kind not in ROW_KINDS:
        problems.add(
            (*at, "implementation", "kind"),
            f"unknown kind of row rule `{body.kind}`",
            suggest(body.kind, ROW_KINDS),
        )
        return []
    model = ROW_KINDS[body.kind]
    if read_section(model, body.parameters, problems, (*at, "implementation", "parameters")) is None:
        return []
    _check_columns(body, table, at, problems)
    register = body.parameters.get("register")
    needs = tuple(dict.fromkeys((*body.needs, *((str(register),) if register else ()))))
    return [
        RowRule(
            id=body.rule,
            kind=body.kind,
            columns=body.columns,
            parameters=_plain(body.parameters),
            severity=_severity(check, at, problems),
            dimension=check.dimension or Dimension.CONSISTENCY,
            needs=needs,
        )
    ]


def _severity(check: QualityCheck, at: KeyPath, problems: Problems) -> Severity:
    """ODCS leaves severity free; ours is a closed set."""
    words = [s.value for s in Severity]
    if check.severity is None:
        return Severity.ERROR
    if check.severity not in words:
        problems.add(
            (*at, "severity"),
            f"`{check.severity}` is not one of: {', '.join(words)}",
            suggest(check.severity, words),
        )
        return Severity.ERROR
    return Severity(check.severity)


def _check_columns(body: RuleOnRows, table: Table, at: KeyPath, problems: Problems) -> None:
    """A row rule names columns of its table."""
    known = [c.name for c in table.columns]
    if not body.columns and body.kind != "compare_columns":
        problems.add((*at, "implementation"), "the rule names no `columns`", "add `columns: [...]`")
    for index, name in enumerate(body.columns):
        if name not in known:
            problems.add(
                (*at, "implementation", "columns", index),
                f"`{table.name}` has no column `{name}`",
                suggest(name, known),
            )
    for key in ("left", "right"):
        side = body.parameters.get(key)
        if side is not None and side not in known:
            problems.add(
                (*at, "implementation", "parameters", key),
                f"`{table.name}` has no column `{side}`",
                suggest(str(side), known),
            )


def _check_target(rule: RuleOnDelivery, tables: Sequence[Table], at: KeyPath, problems: Problems) -> None:
    """A delivery rule that names a table and a column names existing ones; a register's are its own."""
    name = rule.parameters.get("table")
    if name is None:
        return
    table = next((t for t in tables if t.name == name), None)
    if table is None:
        problems.add(
            (*at, "parameters", "table"),
            f"the contract has no table `{name}`",
            suggest(str(name), [t.name for t in tables]),
        )
        return
    known = [c.name for c in table.columns]
    named = [(key, rule.parameters[key]) for key in ("column", "key") if key in rule.parameters]
    for key, column in named + [("where", c) for c in rule.parameters.get("where", {})]:
        if column not in known:
            problems.add(
                (*at, "parameters", key),
                f"`{table.name}` has no column `{column}`",
                suggest(str(column), known),
            )


def _check_reference(
    name: str, column: str, tables: Sequence[Table], at: KeyPath, problems: Problems
) -> None:
    """A foreign key within the delivery leads to a column that exists."""
    table = next((t for t in tables if t.name == name), None)
    if table is None:
        problems.add(at, f"the contract has no table `{name}`", suggest(name, [t.name for t in tables]))
    elif column not in [c.name for c in table.columns]:
        problems.add(
            at, f"`{name}` has no column `{column}`", suggest(column, [c.name for c in table.columns])
        )


def _delivery_needs(rule: RuleOnDelivery) -> tuple[str, ...]:
    """Name what a rule can't do without: history, or a register."""
    if rule.kind in NEEDS_HISTORY:
        return ("history",)
    register = rule.parameters.get("register")
    return (str(register),) if register else ()


def _plain(value: Any) -> Any:  # noqa: ANN401 - any YAML value
    """Drop the line numbers: parameters travel as plain values."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value
