"""A contract's table as Dagster's column schema. Here: only the translation."""

from __future__ import annotations

import dagster as dg

from contracts.model import Column, Table


def column_schema(table: Table) -> dg.TableSchema:
    """Return names, types, units in words and constraints of a table's columns."""
    return dg.TableSchema(columns=[_column(column) for column in table.columns])


def _column(column: Column) -> dg.TableColumn:
    words = [column.description or column.label.get("en", ""), f"Unit: {column.unit}." if column.unit else ""]
    return dg.TableColumn(
        column.name,
        column.physical_type,
        description=" ".join(w for w in words if w) or None,
        constraints=dg.TableColumnConstraints(
            nullable=not column.required,
            unique=column.unique,
            other=[f"openness: {column.openness.value}", *(_limits(column))],
        ),
    )


def _limits(column: Column) -> list[str]:
    limits = {
        "minimum": column.minimum,
        "maximum": column.maximum,
        "pattern": column.pattern,
        "values": ", ".join(column.valid_values) if column.valid_values else None,
    }
    return [f"{name}: {limit}" for name, limit in limits.items() if limit is not None]
