"""The Open Data Contract Standard v3.1.0 as types: one class a section, keys as the standard spells them.

Here: shapes only, every unknown key an error. Not here: the schema sections (`odcs_schema`), our own
`customProperties` (`extensions`), what of it this engine can run (`runnable`), and what a contract
means to it (`model`, `resolve`).
Source: bitol-io/open-data-contract-standard, docs and schema v3.1.0.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from contracts.odcs_schema import (
    AuthoritativeDefinition,
    CustomProperty,
    Documented,
    FlatProperty,
    Number,
    Property,
    QualityCheck,
    Relationship,
    SchemaObject,
    Section,
    StableId,
    TypeOptions,
)

__all__ = [
    "DataContract",
    "FlatProperty",
    "Property",
    "QualityCheck",
    "Relationship",
    "SchemaObject",
    "Section",
    "Server",
    "ServiceLevel",
    "TeamMember",
    "TypeOptions",
]


class Description(Section):
    """Why the data exist and how they may be used."""

    usage: StrictStr | None = None
    purpose: StrictStr | None = None
    limitations: StrictStr | None = None
    authoritative_definitions: tuple[AuthoritativeDefinition, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()


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
    """Where the data are; which keys fit which type is the official schema's business."""

    id: StableId | None = None
    server: StrictStr
    type: Literal[
        "api", "athena", "azure", "bigquery", "clickhouse", "databricks", "denodo", "dremio", "duckdb",
        "glue", "cloudsql", "db2", "hive", "impala", "informix", "kafka", "kinesis", "local", "mysql",
        "oracle", "postgresql", "postgres", "presto", "pubsub", "redshift", "s3", "sftp", "snowflake",
        "sqlserver", "synapse", "trino", "vertica", "zen", "custom",
    ]  # fmt: skip
    description: StrictStr | None = None
    environment: StrictStr | None = None
    roles: tuple[Role, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()
    location: StrictStr | None = None
    path: StrictStr | None = None
    format: StrictStr | None = None
    endpoint_url: StrictStr | None = None
    delimiter: StrictStr | None = None
    host: StrictStr | None = None
    port: StrictInt | None = None
    account: StrictStr | None = None
    catalog: StrictStr | None = None
    database: StrictStr | None = None
    dataset: StrictStr | None = None
    project: StrictStr | None = None
    region: StrictStr | None = None
    region_name: StrictStr | None = None
    schema_: StrictStr | None = Field(default=None, alias="schema")
    service_name: StrictStr | None = None
    staging_dir: StrictStr | None = None
    stream: StrictStr | None = None
    warehouse: StrictStr | None = None


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
    """A whole contract: every section of the standard, whether this engine acts on it or not."""

    api_version: Literal["v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0"]
    kind: Literal["DataContract"]
    id: StrictStr
    version: StrictStr
    status: StrictStr
    name: StrictStr | None = None
    tenant: StrictStr | None = None
    domain: StrictStr | None = None
    data_product: StrictStr | None = None
    description: Description = Description()
    schema_: tuple[SchemaObject, ...] = Field(default=(), alias="schema")
    servers: tuple[Server, ...] = ()
    support: tuple[SupportItem, ...] = ()
    price: Price | None = None
    team: Team | tuple[TeamMember, ...] | None = None
    """A list of members is the deprecated form of v3.0."""
    roles: tuple[Role, ...] = ()
    sla_default_element: StrictStr | None = None
    sla_properties: tuple[ServiceLevel, ...] = ()
    contract_created_ts: StrictStr | None = None
