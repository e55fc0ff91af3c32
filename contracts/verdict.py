"""What the gates say of a delivery: small frozen results that travel as JSON between rooms.

Here: delivery, rule result, verdict. Not here: how they are computed (`record_gate`,
`delivery_gate`) or shown (`portal/`).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field

from contracts.model import Dimension, Frozen, Severity, Waiver

TRY = "try:"
"""How the source of a file that was only tried begins; its name follows."""


class Status(StrEnum):
    """A delivery's verdict."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    REJECTED = "rejected"


class Outcome(StrEnum):
    """What became of one rule: `failed` is the contributor's, `error` is ours."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class Arrival(Frozen):
    """One arrival of a feed, as landing's sidecar keeps it."""

    delivery_id: str
    """First 16 hex digits of SHA-256 over feed, period and the bytes' own SHA-256."""
    contributor: str
    feed: str
    period: str | None
    """ISO day of a periodic feed, None of a snapshot."""
    sha256: str
    size: int
    source: str
    """URL or path the bytes came from."""
    received_at: datetime
    """UTC, from the injected clock."""
    published_at: datetime | None = None
    """UTC, when the sender made it available (HTTP Last-Modified, file mtime)."""
    headers: dict[str, str] = Field(default_factory=dict)

    @property
    def is_try(self) -> bool:
        """Whether the bytes were only tried: judged like a delivery, and no delivery of the pool."""
        return self.source.startswith(TRY)


class Example(Frozen):
    """One failing row, as its sender would find it."""

    position: int
    """0-based row number in the table."""
    line: int | None = None
    """1-based line in the sender's file, where the format has lines."""
    value: str | None = None
    """Text as sent; masked if the column is personal."""
    key: dict[str, str | None] = Field(default_factory=dict)
    """Primary key as sent, personal columns masked."""


class Waived(Frozen):
    """Who accepts that the rule is broken, until when and why."""

    accepted_by: str
    """Id of an actor of the pool."""
    name: str = ""
    """The actor's name, for people."""
    until: date
    """Last local day on which it holds."""
    reason: dict[str, str]
    """By language."""

    @classmethod
    def of(cls, waiver: Waiver) -> Waived:
        """Return what a result says of the waiver that covers it."""
        return cls(accepted_by=waiver.accepted_by, name=waiver.name, until=waiver.until, reason=waiver.reason)


class RuleResult(Frozen):
    """What one rule found in one delivery. Counts are never capped, examples are."""

    rule: str
    """Id of the rule catalogue, snake_case."""
    table: str | None = None
    column: str | None = None
    source: str | None = None
    """The column's name in the sender's file."""
    severity: Severity
    dimension: Dimension
    outcome: Outcome
    checked_rows: int = 0
    failed_rows: int = 0
    observed: str | None = None
    """What was found, for rules on a delivery (`56.3 %`)."""
    expected: str | None = None
    """What was promised (`>= 95 %`, `semicolon`, `0..1`)."""
    reason: str | None = None
    """Why it was skipped, or what crashed; or the reader's words for `unreadable`."""
    examples: tuple[Example, ...] = ()
    waiver: Waived | None = None
    """Set where someone in charge accepts it: counted and shown, and no part of the verdict."""


class TableCount(Frozen):
    """Rows of one table: landed = accepted + quarantined."""

    table: str
    landed: int
    accepted: int
    quarantined: int


class Verdict(Frozen):
    """The whole judgement of one delivery under one contract version."""

    arrival: Arrival
    contract_version: str
    contract_digest: str
    reference_digest: str
    """SHA-256 over the registers used; what past it was compared with stands in the profile."""
    engine_version: str
    waiver_digest: str = ""
    """SHA-256 over the waivers in force on the day it came; empty for none."""
    status: Status
    rows_landed: int
    rows_accepted: int
    rows_quarantined: int
    tables: tuple[TableCount, ...] = ()
    rules: tuple[RuleResult, ...] = ()
    profile: dict[str, Any] = Field(default_factory=dict)
    """The delivery profile that gate 2 judged, JSON values only."""
    folder: str | None = None
    """Folder under accepted/ and quarantine/: `<feed>/<period or snapshot>/<delivery_id>@<version>`."""

    @property
    def is_accepted(self) -> bool:
        """Whether the rows may go on."""
        return self.status is not Status.REJECTED

    @property
    def quarantined_pct(self) -> Decimal:
        """Share of landed rows in quarantine, per cent."""
        if not self.rows_landed:
            return Decimal(0)
        return Decimal(100) * self.rows_quarantined / self.rows_landed
