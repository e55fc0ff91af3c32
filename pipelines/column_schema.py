"""Tables of contracts and published datasets as Dagster's column schema. Here: only the translation."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from contracts.model import Column, Table
from publishing.dataset import Dataset


def column_schema(table: Table) -> dg.TableSchema:
    """Return names, types, units in words and constraints of a table's columns."""
    return dg.TableSchema(columns=[_column(column) for column in table.columns])


def published_schema(dataset: Dataset, types: Mapping[str, str]) -> dg.TableSchema:
    """Return a published dataset's columns in the words of its file, with the types that were written."""
    words = {column.name: _sentence(column.description["en"], column.unit) for column in dataset.columns}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type_name,
                description=words.get(name),
                constraints=dg.TableColumnConstraints(nullable=name not in dataset.key),
            )
            for name, type_name in types.items()
        ]
    )


def plain_schema(types: Mapping[str, str]) -> dg.TableSchema:
    """Return the columns of a table of which only names and types are known."""
    return dg.TableSchema(columns=[dg.TableColumn(name, type_name) for name, type_name in types.items()])


def _sentence(words: str, unit: str | None) -> str | None:
    return " ".join(part for part in (words, f"Unit: {unit}." if unit else "") if part) or None


def _column(column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        column.name,
        column.physical_type,
        description=_sentence(column.description or column.label.get("en", ""), column.unit),
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
