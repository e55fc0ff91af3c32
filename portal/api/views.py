"""What the server's pages and answers hold: forms, results, refusals.

Here: from a result to a page or to JSON. Not here: the reports themselves (`portal/reports`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.model import Contract, DeliveryMode
from portal.api.desk import Desk
from portal.api.results import Item, Progress, Result
from portal.api.words import RefusalError, ServerLanguage, speak
from portal.language import CODES
from portal.pages import LANGUAGE_NAMES, environment
from portal.report_view import in_language, status_word

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
REPORTS = "/reports/pages"


@dataclass(frozen=True)
class Feed:
    """A feed to choose."""

    id: str
    label: str
    contributor: str


@dataclass(frozen=True)
class Line:
    """One file of a result, said."""

    name: str
    status: str
    word: str
    sentence: str
    counts: str
    report: str


def lay_out(template: str, language: ServerLanguage, **content: object) -> str:
    """Return a page of the server in that language."""
    other = next(c for c in CODES if c != language.code)
    return (
        _environment()
        .get_template(template)
        .render(
            code=language.code,
            other=other,
            other_name=LANGUAGE_NAMES[other],
            _=language.say,
            ngettext=language.count,
            **content,
        )
    )


def door(desk: Desk, language: ServerLanguage) -> str:
    """Return the first page: where everything is."""
    return lay_out(
        "home.html.j2",
        language,
        title=in_language(desk.pool.title, language, desk.pool.id),
        notice=in_language(desk.pool.notices, language, ""),
        has_index=(desk.home.pages / f"index.{language.code}.html").is_file(),
        has_data=(desk.home.published / "current" / "datapackage.json").is_file(),
    )


def choose_feed(desk: Desk, language: ServerLanguage, act: str) -> str:
    """Return the page on which a feed is chosen; `act` is `try` or `deposit`."""
    feeds = [
        Feed(c.id, in_language(c.label, language, c.name), _contributor(desk, c, language))
        for c in desk.pool.contracts
    ]
    return lay_out("choose.html.j2", language, act=act, feeds=feeds)


def form(desk: Desk, contract: Contract, language: ServerLanguage, act: str) -> str:
    """Return the form by which files are tried or deposited."""
    return lay_out(
        "form.html.j2",
        language,
        act=act,
        feed=contract.id,
        label=in_language(contract.label, language, contract.name),
        contributor=_contributor(desk, contract, language),
        is_periodic=contract.delivery.mode is DeliveryMode.PERIODIC,
        megabytes=language.number(contract.server.max_bytes / 1_000_000),
        keep=desk.keep_days,
    )


def result_page(desk: Desk, contract: Contract, result: Result, secret: str, language: ServerLanguage) -> str:
    """Return the page of a result, finished or not."""
    return lay_out(
        "result.html.j2",
        language,
        act="deposit" if result.is_deposit else "try",
        secret=secret,
        feed=contract.id,
        label=in_language(contract.label, language, contract.name),
        is_done=result.is_done,
        done=sum(i.progress in (Progress.DONE, Progress.REFUSED) for i in result.items),
        lines=[_line(item, result, secret, language) for item in result.items],
        is_accepted=any(i.status is not None and i.status != "rejected" for i in result.items),
        expires=language.moment(result.expires_at, desk.pool.timezone),
    )


def refusal_page(refusal: RefusalError, language: ServerLanguage) -> str:
    """Return the page of a refused request."""
    return lay_out("refusal.html.j2", language, words=refusal.words(language))


def refusal_json(refusal: RefusalError) -> dict[str, Any]:
    """Return a refused request's answer to a program."""
    return {"problem": refusal.problem, "detail": {code: refusal.words(speak(code)) for code in CODES}}


def as_json(result: Result, secret: str) -> dict[str, Any]:
    """Return a result's answer to a program; addresses are those of this server."""
    return {
        "format": "regie-result/1",
        "feed": result.feed,
        "is_deposit": result.is_deposit,
        "is_done": result.is_done,
        "files": [_file_json(item, result, secret) for item in result.items],
        "result": f"/results/{secret}",
        "expires_at": result.expires_at.isoformat(),
        "note": {code: _note(result, speak(code)) for code in CODES},
    }


def report_base(result: Result, secret: str) -> str:
    """Return where a result's reports are: a deposit's stay with the pool's, a try's go with it."""
    return REPORTS if result.is_deposit else f"/results/{secret}/pages"


def _file_json(item: Item, result: Result, secret: str) -> dict[str, Any]:
    told: dict[str, Any] = {"file": item.name, "progress": item.progress.value}
    if item.progress is Progress.REFUSED:
        return told | {
            "problem": item.problem["id"],
            "detail": {code: item.problem[code] for code in CODES},
        }
    if item.status is None:
        return told
    base = f"{report_base(result, secret)}/{item.report}"
    return told | {
        "period": item.period,
        "verdict": item.status.value,
        "is_accepted": item.status != "rejected",
        "is_new": item.is_new,
        "delivery": item.delivery_id,
        "rows": {
            "landed": item.rows_landed,
            "accepted": item.rows_accepted,
            "quarantined": item.rows_quarantined,
        },
        "sentence": item.sentence,
        "report": {code: f"{base}.{code}.html" for code in CODES} | {"json": f"{base}.json"},
    }


def _note(result: Result, language: ServerLanguage) -> str:
    if not result.is_deposit:
        return language.say("This was a try: nothing was deposited, and the pool is as it was.")
    if any(i.status is not None and i.status != "rejected" for i in result.items):
        return language.say("Accepted files are used from the pool's next run on.")
    return language.say("Nothing of this is used: the last good data stay.")


def _line(item: Item, result: Result, secret: str, language: ServerLanguage) -> Line:
    if item.progress is Progress.REFUSED:
        return Line(item.name, "rejected", language.say("Not taken"), item.problem[language.code], "", "")
    if item.status is None:
        words = {Progress.WAITING: language.say("Waiting"), Progress.JUDGING: language.say("Being checked")}
        return Line(item.name, "missing", words[item.progress], "", "", "")
    counts = language.say(
        "{landed} rows received, {accepted} accepted, {quarantined} set aside",
        landed=language.number(item.rows_landed),
        accepted=language.number(item.rows_accepted),
        quarantined=language.number(item.rows_quarantined),
    )
    if not item.rows_landed:
        counts = ""
    page = f"{report_base(result, secret)}/{item.report}.{language.code}.html"
    word = status_word(item.status, language)
    return Line(item.name, item.status.value, word, item.sentence[language.code], counts, page)


def _contributor(desk: Desk, contract: Contract, language: ServerLanguage) -> str:
    actor = next((a for a in desk.pool.actors if a.id == contract.contributor), None)
    return in_language(actor.label, language, actor.name) if actor else contract.contributor


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import ChoiceLoader, FileSystemLoader

    pages = environment()
    loader = ChoiceLoader([FileSystemLoader(TEMPLATES), *([pages.loader] if pages.loader else [])])
    return pages.overlay(loader=loader)
