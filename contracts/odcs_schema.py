"""The schema sections of ODCS v3.1.0 as types: tables, columns, relationships, quality checks.

Here: shapes only, every unknown key an error. Not here: the rest of a contract (`odcs`), or what of
it is run (`runnable`, `limits`, `contract_rules`).
Source: bitol-io/open-data-contract-standard, docs and schema v3.1.0.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

from contracts.model import Dimension, LogicalType

Number = StrictInt | float
StableId = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]+$")]

_REFERENCE = re.compile(
    r"^([A-Za-z_]\w*\.[A-Za-z_]\w*"
    r"|((https?://)?[A-Za-z0-9._/-]+\.yaml#)?/?[A-Za-z_]\w*/[A-Za-z0-9_-]+(/[A-Za-z_]\w*/[A-Za-z0-9_-]+)*)$"
)


class Section(BaseModel):
    """Base of every section: frozen, camelCase in the file, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=False, validate_by_alias=True
    )


class CustomProperty(Section):
    """A key the standard doesn't have."""

    id: StableId | None = None
    property: StrictStr
    value: Any
    description: StrictStr | None = None


class AuthoritativeDefinition(Section):
    """A link to where a notion is defined."""

    id: StableId | None = None
    url: StrictStr
    type: StrictStr
    description: StrictStr | None = None


class Documented(Section):
    """What most sections may carry."""

    tags: tuple[StrictStr, ...] = ()
    authoritative_definitions: tuple[AuthoritativeDefinition, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()


class QualityCheck(Documented):
    """A quality rule of a table or a column: text, library, sql or custom."""

    id: StableId | None = None
    name: StrictStr | None = None
    description: StrictStr | None = None
    type: Literal["text", "library", "sql", "custom"] = "library"
    dimension: Dimension | None = None
    severity: StrictStr | None = None
    business_impact: StrictStr | None = None
    method: StrictStr | None = None
    schedule: StrictStr | None = None
    scheduler: StrictStr | None = None
    unit: StrictStr | None = None
    metric: Literal["nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"] | None = (
        None
    )
    rule: StrictStr | None = None
    arguments: dict[str, Any] | None = None
    query: StrictStr | None = None
    engine: StrictStr | None = None
    implementation: Any = None
    must_be: Any = None
    must_not_be: Any = None
    must_be_greater_than: Number | None = None
    must_be_greater_or_equal_to: Number | None = None
    must_be_less_than: Number | None = None
    must_be_less_or_equal_to: Number | None = None
    must_be_between: tuple[Number, Number] | None = None
    must_not_be_between: tuple[Number, Number] | None = None


def _check_reference(value: str) -> str:
    """Hold a reference to the standard's two forms, in words an author can act on."""
    if not _REFERENCE.match(value):
        raise ValueError(
            "the reference does not name a column: write `table.column`, "
            "or `feed.yaml#/schema/table/properties/column` of another feed"
        )
    return value


Reference = Annotated[StrictStr, AfterValidator(_check_reference)]
References = Annotated[tuple[Reference, ...], Field(min_length=1)]


class Relationship(Section):
    """A foreign key. `from` is implicit on a column; lists are the columns of a composite key."""

    type: Literal["foreignKey"] = "foreignKey"
    from_: Reference | References | None = Field(default=None, alias="from")
    to: Reference | References
    custom_properties: tuple[CustomProperty, ...] = ()


class TypeOptions(Section):
    """Limits of a logical type; which keys fit which type is the official schema's business."""

    min_length: StrictInt | None = None
    max_length: StrictInt | None = None
    pattern: StrictStr | None = None
    format: StrictStr | None = None
    minimum: Number | StrictStr | None = None
    maximum: Number | StrictStr | None = None
    exclusive_minimum: Number | StrictStr | None = None
    exclusive_maximum: Number | StrictStr | None = None
    multiple_of: Number | None = None
    timezone: StrictBool | None = None
    default_timezone: StrictStr | None = None
    min_items: StrictInt | None = None
    max_items: StrictInt | None = None
    unique_items: StrictBool | None = None
    min_properties: StrictInt | None = None
    max_properties: StrictInt | None = None
    required: tuple[StrictStr, ...] | None = None


class ItemProperty(Documented):
    """What the items of an array are; a column without a name."""

    id: StableId | None = None
    physical_type: StrictStr | None = None
    physical_name: StrictStr | None = None
    description: StrictStr | None = None
    business_name: StrictStr | None = None
    logical_type: LogicalType | Literal["object", "array"] | None = None
    logical_type_options: TypeOptions = TypeOptions()
    primary_key: StrictBool = False
    primary_key_position: StrictInt = -1
    required: StrictBool = False
    unique: StrictBool = False
    partitioned: StrictBool = False
    partition_key_position: StrictInt = -1
    classification: StrictStr | None = None
    encrypted_name: StrictStr | None = None
    critical_data_element: StrictBool = False
    transform_source_objects: tuple[StrictStr, ...] = ()
    transform_logic: StrictStr | None = None
    transform_description: StrictStr | None = None
    examples: tuple[Any, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    quality: tuple[QualityCheck, ...] = ()
    properties: tuple[Property, ...] = ()
    """The fields of an object."""
    items: ItemProperty | None = None
    """The items of an array."""


class Property(ItemProperty):
    """A column, or a field of a nested one."""

    name: StrictStr


class FlatProperty(Property):
    """A column that a flat table can hold."""

    logical_type: LogicalType


class SchemaObject(Documented):
    """A table."""

    id: StableId | None = None
    name: StrictStr
    physical_type: StrictStr | None = None
    physical_name: StrictStr | None = None
    description: StrictStr | None = None
    business_name: StrictStr | None = None
    logical_type: Literal["object"] = "object"
    data_granularity_description: StrictStr | None = None
    properties: tuple[Property, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    quality: tuple[QualityCheck, ...] = ()
