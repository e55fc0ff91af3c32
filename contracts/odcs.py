"""The Open Data Contract Standard v3.1.0 as types: one class a section, keys as the standard spells them.

Here: shapes only, every unknown key an error. Not here: our own `customProperties`
(`extensions`) and what a contract means to the engine (`model`, `resolve`).
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
    r"^([A-Za-z_]\w*\.[A-Za-z_]\w*|[A-Za-z0-9._/-]+\.yaml#/?schema/[A-Za-z0-9_-]+/properties/[A-Za-z0-9_-]+)$"
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


class Description(Section):
    """Why the data exist and how they may be used."""

    usage: StrictStr | None = None
    purpose: StrictStr | None = None
    limitations: StrictStr | None = None
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


class Relationship(Section):
    """A foreign key. `from` is implicit on a column."""

    type: Literal["foreignKey"] = "foreignKey"
    from_: Any = Field(default=None, alias="from")
    to: Annotated[StrictStr, AfterValidator(_check_reference)]
    """Keys of one column only; the standard's composite keys are refused."""
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


class Property(Documented):
    """A column."""

    id: StableId | None = None
    name: StrictStr
    physical_type: StrictStr | None = None
    physical_name: StrictStr | None = None
    description: StrictStr | None = None
    business_name: StrictStr | None = None
    logical_type: LogicalType
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
    properties: tuple[Property, ...] = Field(min_length=1)
    relationships: tuple[Relationship, ...] = ()
    quality: tuple[QualityCheck, ...] = ()


class Role(Section):
    """Who may be given access."""

    id: StableId | None = None
    role: StrictStr
    description: StrictStr | None = None
    access: StrictStr | None = None
    first_level_approvers: StrictStr | None = None
    second_level_approvers: StrictStr | None = None
    custom_properties: tuple[CustomProperty, ...] = ()


class Server(Section):
    """Where the data are; only the types that we can reach are typed: `api`, `local`, `custom`."""

    id: StableId | None = None
    server: StrictStr
    type: Literal["api", "local", "custom"]
    description: StrictStr | None = None
    environment: StrictStr | None = None
    roles: tuple[Role, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()
    location: StrictStr | None = None
    path: StrictStr | None = None
    format: StrictStr | None = None
    endpoint_url: StrictStr | None = None
    delimiter: StrictStr | None = None


class SupportItem(Section):
    """How to reach the people behind the data."""

    id: StableId | None = None
    channel: StrictStr
    url: StrictStr | None = None
    description: StrictStr | None = None
    tool: StrictStr | None = None
    scope: StrictStr | None = None
    invitation_url: StrictStr | None = None
    custom_properties: tuple[CustomProperty, ...] = ()


class Price(Section):
    """What the data cost."""

    id: StableId | None = None
    price_amount: Number | None = None
    price_currency: StrictStr | None = None
    price_unit: StrictStr | None = None


class TeamMember(Documented):
    """One person of the team."""

    id: StableId | None = None
    username: StrictStr
    name: StrictStr | None = None
    description: StrictStr | None = None
    role: StrictStr | None = None
    date_in: StrictStr | None = None
    date_out: StrictStr | None = None
    replaced_by_username: StrictStr | None = None


class Team(Documented):
    """Who answers for the data."""

    id: StableId | None = None
    name: StrictStr | None = None
    description: StrictStr | None = None
    members: tuple[TeamMember, ...] = ()


class ServiceLevel(Section):
    """One promise on time, volume or availability."""

    id: StableId | None = None
    property: StrictStr
    value: StrictBool | Number | StrictStr | None
    value_ext: StrictBool | Number | StrictStr | None = None
    unit: StrictStr | None = None
    element: StrictStr | None = None
    driver: StrictStr | None = None
    description: StrictStr | None = None
    scheduler: StrictStr | None = None
    schedule: StrictStr | None = None


class DataContract(Documented):
    """A whole contract, resolved: every rule of the standard applies."""

    api_version: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: StrictStr
    version: Annotated[str, StringConstraints(strict=True, pattern=r"^\d+\.\d+\.\d+$")]
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    name: StrictStr | None = None
    tenant: StrictStr | None = None
    domain: StrictStr | None = None
    data_product: StrictStr | None = None
    description: Description = Description()
    schema_: tuple[SchemaObject, ...] = Field(alias="schema", min_length=1)
    servers: tuple[Server, ...] = ()
    support: tuple[SupportItem, ...] = ()
    price: Price | None = None
    team: Team | None = None
    roles: tuple[Role, ...] = ()
    sla_default_element: StrictStr | None = None
    sla_properties: tuple[ServiceLevel, ...] = ()
    contract_created_ts: StrictStr | None = None
