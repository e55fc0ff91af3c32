"""The contract as the engine uses it: resolved, typed, frozen.

Here: the shapes every room shares. Not here: reading YAML (`parse`), merging a file with its
standard (`resolve`), or compiling to pandera, SQL and expectations (`compile/`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Base of every model: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LogicalType(StrEnum):
    """Logical types of ODCS 3.1 that a flat table can hold."""

    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"


class Severity(StrEnum):
    """What a broken rule does: `error` quarantines or rejects, `warning` keeps and tells."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Dimension(StrEnum):
    """Quality dimensions of ODCS 3.1, plus uniqueness, which the standard files under consistency."""

    ACCURACY = "accuracy"
    COMPLETENESS = "completeness"
    CONFORMITY = "conformity"
    CONSISTENCY = "consistency"
    COVERAGE = "coverage"
    TIMELINESS = "timeliness"
    UNIQUENESS = "uniqueness"


class Openness(StrEnum):
    """Who may see a column or a dataset, from widest to narrowest."""

    OPEN = "open"
    MEMBERS = "members"
    BILATERAL = "bilateral"
    PRIVATE = "private"


class WireFormat(StrEnum):
    """How the bytes of a delivery are laid out."""

    GTFS = "gtfs"
    DELIMITED = "delimited"
    NGSI_LD = "ngsi-ld"


class DeliveryMode(StrEnum):
    """`snapshot` feeds are replaced whole, `periodic` feeds a period at a time."""

    SNAPSHOT = "snapshot"
    PERIODIC = "periodic"


class Unchecked(StrEnum):
    """Kinds of things that a contract says and no gate looks at."""

    QUALITY = "quality"
    TEXT = "text"
    NESTED = "nested"
    OPTION = "option"
    REFERENCE = "reference"
    SERVICE_LEVEL = "service_level"
    SERVER = "server"


class NotChecked(Frozen):
    """One thing that a contract says and no gate looks at: listed, never passed in silence."""

    key: str
    """Where it stands: `schema[reading].properties[power_w].quality[0]`."""
    kind: Unchecked
    line: int | None = None
    """1-based, in the contract's own file; None where its standard says it."""
    detail: str = ""
    """The author's own words."""


class Column(Frozen):
    """One property of a table: its type, its limits, and who may see it."""

    name: str
    """Name in accepted rows and in the warehouse (the standard's)."""
    source: str
    """Name in the contributor's file; for NGSI a path such as `fillingLevel.observedAt`."""
    logical_type: LogicalType
    physical_type: str
    """DuckDB type in accepted Parquet, such as `DECIMAL(18,3)` or `TIMESTAMPTZ`."""
    required: bool = False
    """No nulls (ODCS `required`)."""
    is_expected: bool = True
    """The file must have this column; false for optional columns of a standard."""
    unique: bool = False
    primary_key: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: Decimal | None = None
    exclusive_maximum: Decimal | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    valid_values: tuple[str, ...] | None = None
    date_format: str | None = None
    """strptime format of the text; None means ISO 8601."""
    timezone: str | None = None
    """IANA zone of local times without offset; None means an offset is required."""
    unit: str | None = None
    """Unit of the values in the contributor's file (UCUM-like: W, kW, Wh, l, kg)."""
    scale: Decimal | None = None
    """Multiplier from the contributor's unit to the column's unit (kW -> W: 1000)."""
    classification: str | None = None
    """`personal` masks the column in examples and keeps it out of what is published."""
    is_namespaced: bool = False
    """An identifier that the loader prefixes with `<contributor>:`."""
    derived: str | None = None
    """Scalar SQL over the table's other columns; the file does not hold this column."""
    openness: Openness = Openness.PRIVATE
    description: str | None = None
    label: dict[str, str] = Field(default_factory=dict)
    """Human name by language (`fr`, `en`)."""


class RowRule(Frozen):
    """A row rule beyond a column's own limits, by kind and parameters (see `contracts/rules`)."""

    id: str
    kind: str
    columns: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    severity: Severity = Severity.ERROR
    dimension: Dimension = Dimension.CONSISTENCY
    needs: tuple[str, ...] = ()
    """Names of registers (feeds' tables, `feed/table`) that the rule looks things up in."""


class DeliveryRule(Frozen):
    """A rule about a delivery as a whole, by kind and parameters (see `contracts/rules`)."""

    id: str
    kind: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    severity: Severity = Severity.ERROR
    dimension: Dimension = Dimension.COMPLETENESS
    needs: tuple[str, ...] = ()
    """`history` or names of registers (`feed/table`)."""


class Table(Frozen):
    """One table of a delivery: a file of a zip, or the delivery itself."""

    name: str
    """Name in the warehouse, singular: `stop_time`, `reading`."""
    source: str
    """Name in the delivery, such as `stop_times.txt`; the table's own name where there is one table."""
    columns: tuple[Column, ...]
    rules: tuple[RowRule, ...] = ()
    is_optional: bool = False
    """The delivery may come without this table."""
    description: str | None = None
    label: dict[str, str] = Field(default_factory=dict)
    """Human name by language (`fr`, `en`)."""

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the primary key's columns, in order."""
        return tuple(c.name for c in self.columns if c.primary_key)


class Dialect(Frozen):
    """How delimited text is written (a subset of Data Package's table dialect)."""

    delimiter: str = ","
    decimal: str = "."
    quote: str = '"'
    encoding: str = "utf-8"
    compression: str | None = None
    """`gzip` or None."""
    null_values: tuple[str, ...] = ("",)


class Server(Frozen):
    """Where a feed is fetched, and how its bytes read."""

    location: str
    """URL or path; `{period}` stands for the ISO day of a periodic feed."""
    type: str
    """ODCS server type: `api` (HTTP), `local`, `custom`."""
    wire_format: WireFormat
    dialect: Dialect = Dialect()
    max_bytes: int = 500_000_000


class Delivery(Frozen):
    """How deliveries come: whole, or a period at a time; which instant a stamp means."""

    mode: DeliveryMode
    period: str | None = None
    """ISO 8601 duration of a periodic feed; only P1D is supported."""
    starts_on: str | None = None
    """First period promised (ISO date) of a periodic feed."""
    step_s: int | None = None
    """Seconds between two observations of a series."""
    stamp: str = "interval_start"
    """`interval_start` or `interval_end`: which end of the interval a time stamp names."""


class Population(Frozen):
    """Whom the series of a feed stand for: a number computed from a sample is not the town's."""

    coverage: str
    """`all` objects of their kind, or a `sample` of them."""
    size: int | None = None
    """How many series the feed has."""
    of: int | None = None
    """How many objects the sample was drawn from, where known."""
    production: str | None = None
    """`gross` (all that is produced) or `net` (what is left after own use) for energy."""


class ServiceLevels(Frozen):
    """ODCS `slaProperties` in plain units."""

    frequency_s: int | None = None
    latency_s: int | None = None
    completeness_pct: Decimal | None = None
    retention_days: int | None = None


class Terms(Frozen):
    """What the contributor allows; columns' openness stands on the columns."""

    licence: str
    """SPDX identifier."""
    default: Openness = Openness.PRIVATE
    attribution: str | None = None
    embargo: str | None = None
    purposes: tuple[str, ...] = ()
    recipients: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    protected_unit: str | None = None
    """Column that names the person or customer to protect; set means personal data."""
    minimum_units: int | None = None
    """Fewest protected units behind a published cell (public; p and k never stand in a contract)."""


class Contact(Frozen):
    """Somebody that the contract names and that a program can write to."""

    address: str
    """E-mail address, or the URL of a webhook."""
    is_webhook: bool = False
    scope: str | None = None
    """What it is for, as ODCS says: `interactive`, `announcements`, `issues`, `notifications`; None: all."""
    language: str = "fr"
    """`fr` or `en`."""


class Waiver(Frozen):
    """Someone in charge accepts that a rule is broken, for a time and a reason (`contracts/waivers`)."""

    rule: str
    table: str | None = None
    """By its name or the sender's; None: any."""
    column: str | None = None
    """None: any."""
    accepted_by: str
    """Id of an actor of the pool."""
    name: str = ""
    """The actor's name, for people."""
    start: date | None = None
    """First local day on which it holds; None: always did."""
    until: date
    """Last local day on which it holds."""
    reason: dict[str, str]
    """By language."""

    def is_in_force(self, day: date) -> bool:
        """Whether it holds on a local day."""
        return (self.start is None or self.start <= day) and day <= self.until


class Contract(Frozen):
    """A contributor's contract merged with the standard it is based on."""

    id: str
    """Also the feed's name: unique in the pool, safe in paths and Dagster keys."""
    version: str
    status: str
    name: str
    label: dict[str, str] = Field(default_factory=dict)
    description: str | None = None
    domain: str
    contributor: str
    tenant: str | None = None
    based_on: str | None = None
    """`<standard>@<major>`."""
    tables: tuple[Table, ...]
    rules: tuple[DeliveryRule, ...] = ()
    delivery: Delivery
    population: Population | None = None
    service_levels: ServiceLevels = ServiceLevels()
    quarantine_tolerance_pct: Decimal = Decimal(2)
    """Share of quarantined rows above which a delivery is rejected."""
    server: Server
    terms: Terms
    support: tuple[str, ...] = ()
    """E-mail addresses of the contributor's contacts."""
    contacts: tuple[Contact, ...] = ()
    """The same and webhooks, each with what it is for and its language."""
    origin_note: dict[str, str] = Field(default_factory=dict)
    """Where the data were really measured, by language; shown wherever the feed is."""
    timezone: str = "UTC"
    """The pool's time zone: local days are counted in it."""
    not_checked: tuple[NotChecked, ...] = ()
    """What the contract says beyond what the gates look at."""
    waivers: tuple[Waiver, ...] = ()
    """The pool's waivers for this feed; no part of the contract's own digest."""
    file: Path | None = None
    digest: str
    """SHA-256 of the resolved contract's canonical JSON: part of every gate's cache key."""

    def table(self, name: str) -> Table:
        """Return the table of that name; KeyError if there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
