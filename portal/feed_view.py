"""A feed's page and a contributor's page in one language: history, quality, promises.

Here: from verdicts to what the pages show. Not here: scores (`quality_view`), HTML (`templates/`),
files (`feed_page`, `contributor_page`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from contracts.model import Contract, DeliveryMode
from contracts.promises import Due, Level, list_due, measure_levels
from contracts.quarantine_tally import Tally
from contracts.verdict import Status, Verdict
from portal.calendar_view import Mark, Week, caption_of, lay_weeks, mark_delivery, sum_up
from portal.index_view import feed_facts, last_day_due, last_delivery, name_actor
from portal.language import Language
from portal.masking import mask_verdict
from portal.quality_view import Explained, Strip, draw_quality, explain_quality
from portal.quarantine_view import TallyRow, WaiverRow, lay_tallies, lay_waivers, name_states
from portal.report_view import in_language
from portal.sentences import headline

if TYPE_CHECKING:
    from contracts.pool import Pool

WEEKS_SHOWN = 13
"""Weeks of the calendar shown at once; older ones are folded."""
CHANGES_SHOWN = 30
"""Changes of score shown; the page's JSON has all of them."""
LATE_SHOWN = 12
DELIVERIES_SHOWN = 200
DELIVERIES_DRAWN = 180
"""Bars of a strip: more can't be told apart on a screen."""


@dataclass(frozen=True)
class LevelRow:
    """One promise beside its measure, in words."""

    name: str
    promised: str
    measured: str
    kept: str
    status: str
    """`accepted` where the promise was always kept, `accepted_with_warnings` else, `missing` unmeasured."""


@dataclass(frozen=True)
class FeedPage:
    """All that a feed's page says."""

    id: str
    label: str
    pool: str
    contributor: str
    contributor_id: str
    status: str
    last: Mark | None
    last_sentence: str
    weeks: tuple[Week, ...]
    older: tuple[Week, ...]
    caption: str
    summary: str
    deliveries: tuple[Mark, ...]
    deliveries_hidden: int
    strips: tuple[Strip, ...]
    changes: tuple[Explained, ...]
    changes_hidden: int
    levels: tuple[LevelRow, ...]
    late: tuple[str, ...]
    late_hidden: int
    late_note: str
    missing: tuple[str, ...]
    state_names: tuple[str, ...]
    tallies: tuple[TallyRow, ...]
    open_rows: int
    waivers: tuple[WaiverRow, ...]
    facts: tuple[tuple[str, str], ...]
    support: tuple[str, ...]
    origin_note: str


def compose_feed(
    pool: Pool,
    contract: Contract,
    verdicts: Sequence[Verdict],
    language: Language,
    *,
    now: datetime,
    tallies: Sequence[Tally] = (),
) -> FeedPage:
    """Return a feed's page.

    Args:
        pool: the feed's pool.
        contract: the feed's contract.
        verdicts: the feed's, within a period in order of arrival.
        language: of every word.
        now: UTC, injected: what is due by then and did not come is late.
        tallies: the feed's kept rows, by rule.
    """
    mine = [mask_verdict(v, contract) for v in verdicts]
    is_periodic = contract.delivery.mode is DeliveryMode.PERIODIC
    last_day = last_day_due(pool, mine)
    weeks = lay_weeks(contract, mine, last_day, language) if is_periodic else ()
    last = last_delivery(mine)
    due = list_due(contract, mine, now)
    late = [d for d in due if d.is_late and d.available_at is not None]
    changes = explain_quality(mine, contract, language)
    return FeedPage(
        id=contract.id,
        label=in_language(contract.label, language, contract.name),
        pool=in_language(pool.title, language, pool.id),
        contributor=name_actor(pool, contract.contributor, language),
        contributor_id=contract.contributor,
        status=last.status.value if last else "missing",
        last=mark_delivery(last, contract, language) if last else None,
        last_sentence=headline(last, contract, language) if last else language.say("Nothing delivered yet."),
        weeks=weeks[-WEEKS_SHOWN:],
        older=weeks[:-WEEKS_SHOWN],
        caption=caption_of(weeks, mine, last_day, language),
        summary=sum_up(weeks, language) if is_periodic else "",
        deliveries=tuple(
            mark_delivery(v, contract, language) for v in list(reversed(mine))[:DELIVERIES_SHOWN]
        ),
        deliveries_hidden=max(0, len(mine) - DELIVERIES_SHOWN),
        strips=draw_quality(mine[-DELIVERIES_DRAWN:], contract, language),
        changes=changes[:CHANGES_SHOWN],
        changes_hidden=max(0, len(changes) - CHANGES_SHOWN),
        levels=tuple(_level_row(level, language) for level in measure_levels(contract, mine, now)),
        late=tuple(_say_late(d, contract, language) for d in list(reversed(late))[:LATE_SHOWN]),
        late_hidden=max(0, len(late) - LATE_SHOWN),
        late_note=_late_note(due, language),
        missing=tuple(language.day(d.day) for d in due if d.is_missing),
        state_names=name_states(language),
        tallies=lay_tallies(tallies, contract, language),
        open_rows=sum(t.open_rows for t in tallies),
        waivers=lay_waivers(contract, now.astimezone(ZoneInfo(pool.timezone)).date(), language),
        facts=feed_facts(contract, last, language),
        support=contract.support,
        origin_note=in_language(contract.origin_note, language, ""),
    )


def say_seconds(seconds: Decimal, language: Language) -> str:
    """Return a duration in the largest whole unit that does not hide it: `2 d`, `6 h`, `90 min`."""
    if seconds >= 2 * 86_400 or (seconds and seconds % 86_400 == 0):
        return language.count("{n} day", "{n} days", round(seconds / 86_400))
    if seconds >= 2 * 3_600 or (seconds and seconds % 3_600 == 0):
        return language.say("{n} h", n=language.number(round(seconds / 3_600)))
    if seconds >= 60:  # noqa: PLR2004 - seconds of a minute
        return language.say("{n} min", n=language.number(round(seconds / 60)))
    return language.say("{n} s", n=language.number(round(seconds)))


def _level_row(level: Level, language: Language) -> LevelRow:
    if level.cases == 0 or level.median is None:
        measured, kept, status = language.say("not measured yet"), "", "missing"
    else:
        say = language.share if level.name == "completeness" else lambda value: say_seconds(value, language)
        worst = language.day(level.worst_on) if level.worst_on else ""
        measured = language.say(
            "{middle} as a rule; worst {worst}, {when}",
            middle=say(level.median),
            worst=say(level.worst or Decimal(0)),
            when=worst,
        )
        kept = language.say("{n} of {all}", n=language.number(level.kept), all=language.number(level.cases))
        status = "accepted" if level.kept == level.cases else "accepted_with_warnings"
    return LevelRow(_name_level(level, language), _promise(level, language), measured, kept, status)


def _name_level(level: Level, language: Language) -> str:
    words = {
        "frequency": language.say("Frequency"),
        "latency": language.say("Delay after the period's end"),
        "completeness": language.say("Completeness"),
    }
    return words[level.name]


def _promise(level: Level, language: Language) -> str:
    if level.name == "frequency":
        return language.say("every {time}", time=say_seconds(level.promised, language))
    if level.name == "latency":
        return language.say("at most {time}", time=say_seconds(level.promised, language))
    return language.say("at least {share}", share=language.share(level.promised))


def _say_late(due: Due, contract: Contract, language: Language) -> str:
    came = language.moment(due.available_at or due.due_at, contract.timezone)
    wanted = language.moment(due.due_at, contract.timezone)
    return language.say("{day}: due {due}, there {came}", day=language.day(due.day), due=wanted, came=came)


def _late_note(due: Sequence[Due], language: Language) -> str:
    if not due:
        return language.say("This feed is sent whole: no day is due, only a rhythm is promised.")
    late = sum(d.is_late and d.available_at is not None for d in due)
    missing = sum(d.is_missing for d in due)
    return language.say(
        "{all} periods were due: {late} late, {missing} missing.",
        all=language.number(len(due)),
        late=language.number(late),
        missing=language.number(missing),
    )


@dataclass(frozen=True)
class FeedLine:
    """One feed on its contributor's page."""

    id: str
    label: str
    status: str
    sentence: str
    summary: str
    scores: tuple[tuple[str, str], ...]
    kept: str
    open_rows: str
    waivers: tuple[WaiverRow, ...]


@dataclass(frozen=True)
class ContributorPage:
    """All that a contributor's page says."""

    id: str
    name: str
    pool: str
    email: str
    homepage: str
    to_do: tuple[tuple[str, Mark], ...]
    feeds: tuple[FeedLine, ...]


def compose_contributor(
    pool: Pool, contributor: str, pages: Sequence[FeedPage], language: Language
) -> ContributorPage:
    """Return a contributor's page from its feeds' pages: what waits for it first, then each feed."""
    actor = next((a for a in pool.actors if a.id == contributor), None)
    return ContributorPage(
        id=contributor,
        name=name_actor(pool, contributor, language),
        pool=in_language(pool.title, language, pool.id),
        email=(actor.email or "") if actor else "",
        homepage=(actor.homepage or "") if actor else "",
        to_do=tuple((page.label, mark) for page in pages for mark in _refused(page)),
        feeds=tuple(_line(page, language) for page in pages),
    )


def _refused(page: FeedPage) -> list[Mark]:
    """The last deliveries of days, or of a feed sent whole, that are refused."""
    cells = [c for w in (*page.older, *page.weeks) for c in w.cells if c.is_due and c.marks]
    marks = [c.marks[-1] for c in cells] if cells else [page.last] if page.last else []
    return [m for m in marks if m.status == Status.REJECTED]


def _line(page: FeedPage, language: Language) -> FeedLine:
    kept = [f"{row.name}{language.say(': ')}{row.kept}" for row in page.levels if row.kept]
    return FeedLine(
        id=page.id,
        label=page.label,
        status=page.status,
        sentence=page.last_sentence,
        summary=page.summary,
        scores=tuple((strip.name, strip.now) for strip in page.strips),
        kept=", ".join(kept),
        open_rows=language.number(page.open_rows) if page.open_rows else "",
        waivers=page.waivers,
    )
