"""A contract as a page for people, in one language: promise, columns, rules, terms, people, versions.

Here: what the page says. Not here: its rules (`contract_rules_view`), HTML
(`templates/contract.html.j2`), files (`contract_pages`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from contracts.document import Document
from contracts.model import (
    Column,
    Contract,
    DeliveryMode,
    Table,
    WireFormat,
)
from contracts.odcs import TeamMember
from contracts.verdict import Verdict
from portal.contract_rules_view import RuleView, limits_of_column, rules_of_delivery, rules_of_table
from portal.contract_words import (
    name_decimal_mark,
    name_openness,
    name_status,
    name_type,
    name_unchecked,
    say_embargo,
    say_presence,
    say_span,
)
from portal.language import Language
from portal.report_view import in_language

Fact = tuple[str, str]
_DAY = 86_400


@dataclass(frozen=True)
class ColumnView:
    """One column, as its sender and its readers need it."""

    source: str
    """Name in the file; empty for a column that is computed."""
    label: str
    type: str
    presence: str
    limits: tuple[str, ...]
    openness: str
    note: str


@dataclass(frozen=True)
class TableView:
    """One table of a delivery."""

    source: str
    label: str
    note: str
    key: str
    columns: tuple[ColumnView, ...]
    rules: tuple[RuleView, ...]


@dataclass(frozen=True)
class Link:
    """An address with what it is."""

    label: str
    address: str
    note: str


@dataclass(frozen=True)
class VersionView:
    """A version that judged deliveries, or is to."""

    version: str
    note: str


@dataclass(frozen=True)
class ContractPage:
    """All that one page says."""

    id: str
    title: str
    contributor: str
    version: str
    purpose: str
    facts: tuple[Fact, ...]
    promises: tuple[Fact, ...]
    writing: tuple[Fact, ...]
    tables: tuple[TableView, ...]
    rules: tuple[RuleView, ...]
    terms: tuple[Fact, ...]
    unchecked: tuple[Fact, ...]
    people: tuple[Fact, ...]
    support: tuple[Fact, ...]
    links: tuple[Link, ...]
    versions: tuple[VersionView, ...]
    origin_note: str


def compose_contract(
    contract: Contract,
    document: Document,
    language: Language,
    *,
    contributor: str,
    verdicts: Sequence[Verdict],
) -> ContractPage:
    """Return a contract's page.

    Args:
        contract: as the gates use it.
        document: all that its file and its standard say.
        language: the reader's.
        contributor: its name for people.
        verdicts: all of the feed, in order; they tell which versions there were.
    """
    typed = document.typed
    return ContractPage(
        id=contract.id,
        title=in_language(contract.label, language, contract.name),
        contributor=contributor,
        version=language.say("version {version}", version=contract.version),
        purpose=typed.description.purpose or "",
        facts=_facts(contract, document, language),
        promises=_promises(contract, language),
        writing=_writing(contract, language),
        tables=tuple(_table(t, contract, language) for t in contract.tables),
        rules=rules_of_delivery(contract, language),
        terms=_terms(contract, language),
        unchecked=tuple(
            (name_unchecked(n.kind, language), f"{n.key}: {n.detail}") for n in contract.not_checked
        ),
        people=_people(document, language),
        support=tuple((s.channel, s.description or s.scope or s.tool or "") for s in typed.support),
        links=_links(document),
        versions=_versions(contract, verdicts, language),
        origin_note=in_language(contract.origin_note, language, ""),
    )


def _facts(contract: Contract, document: Document, language: Language) -> tuple[Fact, ...]:
    described = document.typed.description
    facts = [
        (language.say("Feed"), contract.id),
        (language.say("Contract"), language.say("version {version}", version=contract.version)),
        (language.say("State"), name_status(contract.status, language)),
        (language.say("Standard"), contract.based_on or ""),
        (language.say("Limits of the data"), described.limitations or ""),
        (language.say("Use"), described.usage or ""),
        (language.say("Keywords"), ", ".join(document.typed.tags)),
    ]
    return tuple((label, value) for label, value in facts if value)


def _promises(contract: Contract, language: Language) -> tuple[Fact, ...]:
    """How deliveries come, how often, how soon, how complete."""
    levels, delivery = contract.service_levels, contract.delivery
    is_periodic = delivery.mode is DeliveryMode.PERIODIC
    coming = language.say("one file a day") if is_periodic else language.say("the whole feed each time")
    facts = [(language.say("Deliveries"), coming)]
    if delivery.starts_on:
        facts.append((language.say("First day"), language.day(date.fromisoformat(delivery.starts_on))))
    for label, seconds in (
        (language.say("How often"), levels.frequency_s),
        (language.say("At the latest after"), levels.latency_s),
        (language.say("Between two observations"), delivery.step_s),
    ):
        if seconds is not None:
            facts.append((label, say_span(seconds, language)))
    if levels.completeness_pct is not None:
        facts.append((language.say("Completeness"), language.measure(f"≥ {levels.completeness_pct} %")))
    if levels.retention_days is not None:
        facts.append((language.say("Kept for"), say_span(levels.retention_days * _DAY, language)))
    tolerated = language.measure(f"≤ {contract.quarantine_tolerance_pct} %")
    facts.append((language.say("Rows that may be wrong"), tolerated))
    return tuple(facts)


def _writing(contract: Contract, language: Language) -> tuple[Fact, ...]:
    """How the file is written, and where it is fetched."""
    server, dialect = contract.server, contract.server.dialect
    formats = {
        WireFormat.DELIMITED: language.say("text in columns (CSV)"),
        WireFormat.GTFS: "GTFS",
        WireFormat.NGSI_LD: "NGSI-LD",
    }
    facts = [
        (language.say("Address"), server.location),
        (language.say("Format"), formats[server.wire_format]),
    ]
    if server.wire_format is WireFormat.DELIMITED:
        facts += [
            (language.say("Separator"), language.symbol(dialect.delimiter)),
            (language.say("Decimal mark"), name_decimal_mark(dialect.decimal, language)),
            (language.say("Encoding"), dialect.encoding),
        ]
    if dialect.compression:
        facts.append((language.say("Compression"), dialect.compression))
    facts.append((language.say("Local time of"), contract.timezone))
    return tuple(facts)


def _table(table: Table, contract: Contract, language: Language) -> TableView:
    keys = [c.source if c.derived is None else c.name for c in table.columns if c.primary_key]
    return TableView(
        source=table.source,
        label=in_language(table.label, language, table.name),
        note=language.say("A delivery may come without it.") if table.is_optional else "",
        key=", ".join(keys),
        columns=tuple(_column(c, table, contract, language) for c in table.columns),
        rules=rules_of_table(table, contract, language),
    )


def _column(column: Column, table: Table, contract: Contract, language: Language) -> ColumnView:
    note = language.say("about a person") if column.classification == "personal" else ""
    return ColumnView(
        source=column.source if column.derived is None else "",
        label=in_language(column.label, language, column.name),
        type=name_type(column, language),
        presence=say_presence(column, language),
        limits=limits_of_column(column, table, contract, language),
        openness=name_openness(column.openness, language),
        note=note,
    )


def _terms(contract: Contract, language: Language) -> tuple[Fact, ...]:
    terms = contract.terms
    facts = [
        (language.say("Licence"), terms.licence),
        (language.say("To be mentioned"), terms.attribution or ""),
        (language.say("Without other word, seen by"), name_openness(terms.default, language)),
        (language.say("Not before"), say_embargo(terms.embargo, language)),
        (language.say("Purposes"), ", ".join(terms.purposes)),
    ]
    facts += [
        (language.say("Recipients ({group})", group=group), ", ".join(names))
        for group, names in terms.recipients.items()
    ]
    if terms.protected_unit is not None and terms.minimum_units is not None:
        protected = language.say(
            "only sums over at least {n} of {unit}", n=terms.minimum_units, unit=terms.protected_unit
        )
        facts.append((language.say("Protection of persons"), protected))
    return tuple((label, value) for label, value in facts if value)


def _people(document: Document, language: Language) -> tuple[Fact, ...]:
    """Team, roles and price, where the contract names them."""
    typed = document.typed
    members = typed.team if isinstance(typed.team, tuple) else typed.team.members if typed.team else ()
    facts = [(m.role or language.say("Team"), _member(m, language)) for m in members]
    facts += [(language.say("Role"), f"{r.role} ({r.access})" if r.access else r.role) for r in typed.roles]
    if typed.price is not None and typed.price.price_amount is not None:
        amount = language.number(typed.price.price_amount)
        price = " ".join(filter(None, (amount, typed.price.price_currency, typed.price.price_unit)))
        facts.append((language.say("Price"), price))
    return tuple(facts)


def _member(member: TeamMember, language: Language) -> str:
    """Name a member, with the day it left if it did."""
    name = member.name or member.username
    return language.say("{name} (until {day})", name=name, day=member.date_out) if member.date_out else name


def _links(document: Document) -> tuple[Link, ...]:
    found = (*document.typed.authoritative_definitions, *document.typed.description.authoritative_definitions)
    return tuple(
        Link(d.type, d.url, d.description or "") for d in found if d.url.startswith(("http://", "https://"))
    )


def _versions(contract: Contract, verdicts: Sequence[Verdict], language: Language) -> tuple[VersionView, ...]:
    """The version in force, and those that judged deliveries, the newest first."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.contract_version] = counts.get(verdict.contract_version, 0) + 1
    counts.setdefault(contract.version, 0)
    order = sorted(counts, key=lambda v: [int(p) for p in v.split(".")], reverse=True)
    views = []
    for version in order:
        count = counts[version]
        note = (
            language.count("{n} delivery judged by it", "{n} deliveries judged by it", count) if count else ""
        )
        in_force = language.say("in force") if version == contract.version else ""
        views.append(VersionView(version, ", ".join(part for part in (in_force, note) if part)))
    return tuple(views)
