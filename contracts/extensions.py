"""Our own `customProperties`: what ODCS 3.1 has no key for, typed as strictly as the rest.

Here: the shapes and how they are read from a list of `{property, value}`. Not here: what they do.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
)

from contracts.located import LocatedMap, iterate_maps
from contracts.model import Dimension, Openness, Severity, WireFormat
from contracts.odcs import Section
from contracts.shape import KeyPath, Problems, read_section, value_at

Extension = TypeVar("Extension", bound=Section)


def _to_decimal(value: object) -> object:
    """Take numbers as written, so that 0.1 stays 0.1; a text is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is wanted")
    return Decimal(str(value))


def _to_day(value: str) -> str:
    """Take a day that the calendar has."""
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("a day of the calendar is wanted, such as 2019-05-13") from None
    return value


def _to_separator(value: str) -> str:
    """Take what DuckDB's reader can split lines at."""
    if len(value) != 1 or not (value == "\t" or (value.isascii() and value.isprintable())) or value.isalnum():
        raise ValueError("one ASCII sign is wanted, such as ; or a tab")
    return value


def _to_quote(value: str) -> str:
    """Take what DuckDB's reader knows quoted cells by."""
    return value and _to_separator(value)


ExactNumber = Annotated[Decimal, BeforeValidator(_to_decimal)]
Percent = Annotated[ExactNumber, Field(ge=0, le=100)]
Words = dict[Literal["fr", "en"], StrictStr]
Word = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
IsoDay = Annotated[
    str, StringConstraints(strict=True, pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_to_day)
]
Separator = Annotated[StrictStr, AfterValidator(_to_separator)]
Quote = Annotated[StrictStr, AfterValidator(_to_quote)]
Duration = Annotated[str, StringConstraints(strict=True, pattern=r"^P(\d+D|\d+W|\d+M|\d+Y|T\d+H|T\d+M)$")]


class DeliveryTerms(Section):
    """How deliveries come."""

    mode: Literal["snapshot", "periodic"]
    period: Literal["P1D"] | None = None
    starts_on: IsoDay | None = None
    step_s: Annotated[StrictInt, Field(gt=0, le=86_400)] | None = Field(default=None, alias="stepS")
    stamp: Literal["interval_start", "interval_end"] = "interval_start"


class PopulationTerms(Section):
    """Whom the series of a feed stand for, and what their production counts."""

    coverage: Literal["all", "sample"]
    size: Annotated[StrictInt, Field(gt=0)] | None = None
    of: Annotated[StrictInt, Field(gt=0)] | None = None
    production: Literal["gross", "net"] | None = None


class Tolerance(Section):
    """How much may be wrong before a delivery is rejected."""

    quarantined: Percent


class DataTerms(Section):
    """What the contributor allows."""

    licence: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9.+-]+$")]
    default: Openness = Openness.PRIVATE
    columns: dict[StrictStr, Openness] = Field(default_factory=dict)
    attribution: StrictStr | None = None
    embargo: Duration | None = None
    purposes: tuple[StrictStr, ...] = ()
    recipients: dict[StrictStr, tuple[StrictStr, ...]] = Field(default_factory=dict)
    protected_unit: Word | None = None
    minimum_units: Annotated[StrictInt, Field(ge=1)] | None = None


class RuleOnDelivery(Section):
    """A delivery rule as written; its parameters are typed by kind (`rule_kinds`)."""

    id: Word
    kind: StrictStr
    parameters: dict[str, Any] = Field(default_factory=dict)
    severity: Severity = Severity.ERROR
    dimension: Dimension | None = None


class ContractExtensions(Section):
    """customProperties of a whole contract."""

    contributor: StrictStr | None = None
    based_on: StrictStr | None = None
    label: Words = Field(default_factory=dict)
    timezone: StrictStr | None = None
    delivery: DeliveryTerms | None = None
    population: PopulationTerms | None = None
    tolerance: Tolerance | None = None
    terms: DataTerms | None = None
    origin_note: Words = Field(default_factory=dict)
    delivery_rules: tuple[RuleOnDelivery, ...] = ()


class DialectTerms(Section):
    """How delimited text is written."""

    delimiter: Separator = ","
    decimal: Literal[".", ","] = "."
    quote: Quote = '"'
    encoding: Literal["utf-8", "latin-1", "iso-8859-15", "windows-1252", "utf-16"] = "utf-8"
    compression: Literal["gzip"] | None = None
    null_values: tuple[StrictStr, ...] = ("",)


class ServerExtensions(Section):
    """customProperties of a server."""

    wire_format: WireFormat
    dialect: DialectTerms = DialectTerms()
    max_bytes: Annotated[StrictInt, Field(gt=0)] = 500_000_000


class TableExtensions(Section):
    """customProperties of a table."""

    optional: StrictBool = False
    label: Words = Field(default_factory=dict)


class ColumnExtensions(Section):
    """customProperties of a column."""

    unit: StrictStr | None = None
    scale: Annotated[ExactNumber, Field(gt=0)] | None = None
    namespaced: StrictBool = False
    date_format: StrictStr | None = None
    timezone: StrictStr | None = None
    label: Words = Field(default_factory=dict)
    expected: StrictBool | None = None


class RelationshipExtensions(Section):
    """customProperties of a relationship."""

    rule: Word = "unknown_reference"
    severity: Severity = Severity.ERROR


def read_extensions(model: type[Extension], problems: Problems, at: KeyPath) -> Extension | None:
    """Type the `customProperties` of the section at a key path; faults are noted at their own lines."""
    owner = value_at(problems.tree, at)
    items = owner.get("customProperties") if isinstance(owner, dict) else None
    values = LocatedMap(owner.place) if isinstance(owner, LocatedMap) else {}
    where: dict[str, int] = {}
    for index, item in iterate_maps(items):
        name = item.get("property")
        if not isinstance(name, str):
            continue
        if name in where:
            problems.add((*at, "customProperties", index), f"`{name}` is given twice", "keep one of them")
        where[name] = index
        values[name] = item.get("value")
        if isinstance(values, LocatedMap):
            values.places[name] = item.place
    inner = Problems(values, problems.file)
    section = read_section(model, values, inner)
    for path, found in zip(inner.paths, inner.found, strict=True):
        problems.add(_outer_path(at, path, where), found.problem, found.fix)
    return section


def _outer_path(at: KeyPath, path: KeyPath, where: dict[str, int]) -> KeyPath:
    """Turn a path among the gathered values to one in the file."""
    name = str(path[0]) if path else ""
    if name not in where:
        return (*at, "customProperties", name)
    rest = path[1:]
    known = (*at, "customProperties", where[name])
    return (*known, "value", *rest) if rest else known
