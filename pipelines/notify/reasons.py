"""The closed catalogue of reasons for which somebody is written to.

Here: each reason, who wants to hear of it, and how soon again. Not here: finding them (`causes`).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from contracts.model import Contact, Frozen


class Reason(StrEnum):
    """Why somebody is written to; there is no other reason."""

    REJECTED = "rejected"
    QUALITY_FELL = "quality_fell"
    LATE = "late"
    EXPIRES_SOON = "expires_soon"
    CONTRACT_CHANGED = "contract_changed"
    FIXED = "fixed"


AHEAD = (Reason.EXPIRES_SOON, Reason.CONTRACT_CHANGED)
"""What is announced; the rest are issues of deliveries that came or did not."""
COOL_OFF = {
    Reason.REJECTED: timedelta(hours=1),
    Reason.QUALITY_FELL: timedelta(days=1),
    Reason.LATE: timedelta(days=1),
    Reason.EXPIRES_SOON: timedelta(days=7),
    Reason.CONTRACT_CHANGED: timedelta(hours=1),
    Reason.FIXED: timedelta(0),
}
"""How long the same reason for the same feed rests; what comes meanwhile is gathered into one letter."""


class Cause(Frozen):
    """One thing to tell, said in both languages.

    Attributes:
        reason: of the catalogue.
        feed: contract id.
        period: ISO day, None for a feed delivered whole.
        mark: what makes it another cause than the last: a delivery, a version.
        title: feed and day, by language.
        words: one or two sentences, by language.
        report: the report's page below the reports' address, without language and ending.
    """

    reason: Reason
    feed: str
    period: str | None
    mark: str
    title: dict[str, str]
    words: dict[str, str]
    report: str | None = None

    @property
    def key(self) -> str:
        """What is never told twice to one contact."""
        return f"{self.reason.value} {self.feed} {self.period or 'snapshot'} {self.mark}"


def wants(contact: Contact, reason: Reason) -> bool:
    """Whether a contact is there for this reason, by the scope that the contract gives it."""
    if contact.scope in (None, "notifications"):
        return True
    return contact.scope == ("announcements" if reason in AHEAD else "issues")
