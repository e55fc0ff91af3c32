"""Causes as a letter in the contact's language, or as JSON for a webhook.

Here: the words. Not here: which causes (`causes`), or sending (`mail`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.notify.reasons import Cause, Reason
from portal.api.words import N_, speak
from portal.language import CODES

SUBJECTS = {
    Reason.REJECTED: N_("{title}: refused, a correction is wanted"),
    Reason.QUALITY_FELL: N_("{title}: more rows set aside than usual"),
    Reason.LATE: N_("{title}: nothing has come yet"),
    Reason.EXPIRES_SOON: N_("{title}: the timetable ends soon"),
    Reason.CONTRACT_CHANGED: N_("{title}: the contract has changed"),
    Reason.FIXED: N_("{title}: corrected"),
}
FORMAT = "regie-notification/1"


@dataclass(frozen=True)
class Sender:
    """In whose name letters are written.

    Attributes:
        pool: the pool's id.
        titles: its name by language.
        address: whom to answer.
        portal: where pages are served, without a slash at its end.
    """

    pool: str
    titles: dict[str, str]
    address: str
    portal: str


@dataclass(frozen=True)
class Letter:
    """A mail's subject and text."""

    subject: str
    text: str


def write_letter(causes: Sequence[Cause], code: str, sender: Sender) -> Letter:
    """Return one letter for all causes, the ones that need something done first."""
    language, pool = speak(code), sender.titles.get(code) or sender.pool
    ordered = sorted(causes, key=lambda c: (list(Reason).index(c.reason), c.feed, c.period or ""))
    if len(ordered) == 1:
        subject = _subject(ordered[0], code)
    else:
        subject = language.count("{n} message about your data", "{n} messages about your data", len(ordered))
    parts = [language.say("Hello,"), *(_part(cause, code, sender) for cause in ordered)]
    parts += [_try_first(ordered, code, sender)] if any(c.reason is Reason.REJECTED for c in ordered) else []
    parts.append(
        language.say("{pool} writes to you because the contract of this feed names you.", pool=pool)
        + "\n"
        + language.say("Questions: {address}", address=sender.address)
    )
    return Letter(f"[{pool}] {subject}", "\n\n".join(parts) + "\n")


def write_json(causes: Sequence[Cause], sender: Sender) -> bytes:
    """Return the same for a program, in both languages."""
    told = [
        {
            "reason": cause.reason.value,
            "feed": cause.feed,
            "period": cause.period,
            "title": cause.title,
            "words": cause.words,
            "report": {code: _address(cause, code, sender) for code in CODES} if cause.report else None,
        }
        for cause in causes
    ]
    content = {"format": FORMAT, "pool": sender.pool, "causes": told}
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def _subject(cause: Cause, code: str) -> str:
    return speak(code).say(SUBJECTS[cause.reason], title=cause.title[code])


def _part(cause: Cause, code: str, sender: Sender) -> str:
    lines = [f"* {_subject(cause, code)}", cause.words[code]]
    if cause.report:
        lines.append(speak(code).say("Report: {address}", address=_address(cause, code, sender)))
    return "\n".join(lines)


def _try_first(causes: Sequence[Cause], code: str, sender: Sender) -> str:
    feeds = dict.fromkeys(cause.feed for cause in causes if cause.reason is Reason.REJECTED)
    addresses = "\n".join(f"{sender.portal}/try/{feed}?lang={code}" for feed in feeds)
    return speak(code).say("You can try the corrected file before you send it:") + "\n" + addresses


def _address(cause: Cause, code: str, sender: Sender) -> str:
    return f"{sender.portal}/reports/pages/{cause.report}.{code}.html"
