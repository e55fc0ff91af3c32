"""The pool's index in one language: contributors, their feeds, and a calendar of verdicts.

Here: from verdicts to days and marks. Not here: HTML (`templates/index.html.j2`), files (`index`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from contracts.model import Contract, DeliveryMode
from contracts.verdict import Status, Verdict
from portal.calendar_view import Mark, Week, caption_of, day_of, lay_weeks, mark_delivery, sum_up
from portal.charts import draw_strip
from portal.language import Language
from portal.masking import mask_verdict
from portal.report_view import in_language, received
from portal.sentences import headline

if TYPE_CHECKING:
    from contracts.pool import Pool

WEEKS_SHOWN = 13
"""Weeks of a calendar shown at once; older ones are folded."""


@dataclass(frozen=True)
class FeedView:
    """One feed: what it is, how its last delivery went, and all its days."""

    id: str
    label: str
    facts: tuple[tuple[str, str], ...]
    support: tuple[str, ...]
    origin_note: str
    status: str
    summary: str
    last: Mark | None
    last_sentence: str
    weeks: tuple[Week, ...]
    older: tuple[Week, ...]
    deliveries: tuple[Mark, ...]
    strip: str
    strip_note: str
    caption: str


@dataclass(frozen=True)
class ContributorView:
    """One contributor and its feeds."""

    name: str
    id: str
    feeds: tuple[FeedView, ...]
    origin_note: str
    """Said once where all its feeds share it; else each feed says its own."""


@dataclass(frozen=True)
class Concern:
    """One day of a feed that still lacks good data."""

    feed: str
    status: str
    words: str
    address: str
    """Of the report, or of the feed's calendar where nothing was received."""


def compose_index(pool: Pool, verdicts: Sequence[Verdict], language: Language) -> tuple[ContributorView, ...]:
    """Return contributors in the order of the pool's contracts, each with its feeds.

    Verdicts of one period keep the order given, the one that counts last: the store knows it better
    than times of arrival do (a known good file that comes back counts again).
    """
    last_day = last_day_due(pool, verdicts)
    by_contributor: dict[str, list[FeedView]] = {}
    for contract in pool.contracts:
        mine = [mask_verdict(v, contract) for v in verdicts if v.arrival.feed == contract.id]
        by_contributor.setdefault(contract.contributor, []).append(
            _view_feed(contract, mine, last_day, language)
        )
    return tuple(
        _view_contributor(contributor, name_actor(pool, contributor, language), feeds)
        for contributor, feeds in by_contributor.items()
    )


def _view_contributor(contributor: str, name: str, feeds: Sequence[FeedView]) -> ContributorView:
    notes = {f.origin_note for f in feeds}
    if len(notes) > 1:
        return ContributorView(name, contributor, tuple(feeds), "")
    return ContributorView(name, contributor, tuple(replace(f, origin_note="") for f in feeds), notes.pop())


def list_concerns(contributors: Sequence[ContributorView]) -> tuple[Concern, ...]:
    """Return the days whose last delivery is refused or missing, and feeds in that state, feed by feed."""
    concerns: list[Concern] = []
    for feed in (f for c in contributors for f in c.feeds):
        cells = [c for w in (*feed.older, *feed.weeks) for c in w.cells if c.is_due]
        for cell in cells:
            if not cell.marks:
                concerns.append(Concern(feed.label, "missing", cell.words, f"#{feed.id}"))
            elif cell.marks[-1].status == Status.REJECTED:
                last = cell.marks[-1]
                concerns.append(Concern(feed.label, last.status, last.words, last.address))
        if not cells and feed.status in (Status.REJECTED, "missing"):
            words = feed.last.words if feed.last else feed.last_sentence
            address = feed.last.address if feed.last else f"#{feed.id}"
            concerns.append(Concern(feed.label, feed.status, words, address))
    return tuple(concerns)


def name_actor(pool: Pool, contributor: str, language: Language) -> str:
    """Return the contributor's name as people know it, else its id."""
    actor = next((a for a in pool.actors if a.id == contributor), None)
    return in_language(actor.label, language, actor.name) if actor else contributor


def last_day_due(pool: Pool, verdicts: Sequence[Verdict]) -> date | None:
    """Return the last day that could be due: yesterday by the pool's clock, or the last day delivered."""
    days = [d for d in (day_of(v) for v in verdicts) if d]
    if pool.now:
        days.append(pool.now.astimezone(ZoneInfo(pool.timezone)).date() - timedelta(days=1))
    return max(days, default=None)


def _view_feed(
    contract: Contract, verdicts: Sequence[Verdict], last_day: date | None, language: Language
) -> FeedView:
    is_periodic = contract.delivery.mode is DeliveryMode.PERIODIC
    weeks = lay_weeks(contract, verdicts, last_day, language) if is_periodic else ()
    last = last_delivery(verdicts)
    strip, strip_note = _strip(verdicts, language) if is_periodic else ("", "")
    undated = [v for v in verdicts if not is_periodic or day_of(v) is None]
    return FeedView(
        id=contract.id,
        label=in_language(contract.label, language, contract.name),
        facts=feed_facts(contract, last, language),
        support=contract.support,
        origin_note=in_language(contract.origin_note, language, ""),
        status=last.status.value if last else "missing",
        summary=sum_up(weeks, language) if is_periodic else "",
        last=mark_delivery(last, contract, language) if last else None,
        last_sentence=headline(last, contract, language) if last else language.say("Nothing delivered yet."),
        weeks=weeks[-WEEKS_SHOWN:],
        older=weeks[:-WEEKS_SHOWN],
        deliveries=tuple(mark_delivery(v, contract, language) for v in reversed(undated)),
        strip=strip,
        strip_note=strip_note,
        caption=caption_of(weeks, verdicts, last_day, language),
    )


def last_delivery(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the newest period's newest delivery; of a feed sent whole, the newest one."""
    newest = max((v.arrival.period or "" for v in verdicts), default="")
    return next((v for v in reversed(verdicts) if (v.arrival.period or "") == newest), None)


def feed_facts(contract: Contract, last: Verdict | None, language: Language) -> tuple[tuple[str, str], ...]:
    """Return what stands of a feed at a glance, label and value."""
    facts = []
    if last:
        facts.append((language.say("Last delivery"), _when(last, contract, language)))
    facts.append((language.say("Contract"), language.say("version {version}", version=contract.version)))
    if contract.based_on:
        facts.append((language.say("Standard"), contract.based_on))
    facts.append((language.say("Licence"), contract.terms.licence))
    return tuple(facts)


def _when(verdict: Verdict, contract: Contract, language: Language) -> str:
    moment = language.moment(received(verdict), contract.timezone)
    day = day_of(verdict)
    if day is None:
        return language.say("received {when}", when=moment)
    return language.say("{day}, received {when}", day=language.day(day), when=moment)


def _strip(verdicts: Sequence[Verdict], language: Language) -> tuple[str, str]:
    """Share of rows in quarantine by day, the last delivery of each; a day without rows is a gap."""
    newest = {day: v for v in verdicts if (day := day_of(v)) is not None}
    if not any(v.rows_quarantined for v in newest.values()):
        return "", ""
    shares = [
        (
            language.say(
                "{when}: {verdict}", when=language.day(day), verdict=language.share(v.quarantined_pct)
            ),
            float(v.quarantined_pct) if v.rows_landed else None,
        )
        for day, v in sorted(newest.items())
    ]
    top = language.share(max(v.quarantined_pct for v in newest.values()))
    note = language.say("Rows in quarantine, day by day; at most {top}", top=top)
    return draw_strip(shares, note), note
