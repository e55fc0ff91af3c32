"""The pool's index: contributors, feeds and days as a calendar of verdicts, in French and English.

Here: writing the pages. Not here: what they say (`index_view`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from contracts.layout import Home
from contracts.verdict import Verdict
from contracts.verdicts import write_atomically
from portal.index_view import compose_index, list_concerns
from portal.language import CODES, Language, speak
from portal.pages import LANGUAGE_NAMES, lay_out
from portal.quarantine_view import WaiverRow, lay_waivers
from portal.report_view import in_language

if TYPE_CHECKING:
    from contracts.pool import Pool

CATALOGUE_FILES = ("catalog.ttl", "catalog.jsonld", "datapackage.json")
_CURRENT = "../../published/current"


def write_index(pool: Pool, verdicts: Sequence[Verdict], home: Home, *, now: datetime | None = None) -> Path:
    """Write `index.fr.html`, `index.en.html` and `index.html`, which offers both; return the last.

    Call it after publication, so that it links to the catalogue. Same verdicts, same bytes.

    Args:
        pool: whose contracts are shown, in their order.
        verdicts: all of them, within a period in order of arrival as `contracts.verdicts.load_all` gives.
        home: pages go to `home.pages`.
        now: UTC, injected; by default the pool's own clock. It says which waivers are in force.
    """
    moment = now or pool.now
    published = [(f, f"{_CURRENT}/{f}") for f in CATALOGUE_FILES if (home.published / "current" / f).exists()]
    titles = {}
    for code in CODES:
        language = speak(code)
        titles[code] = in_language(pool.title, language, pool.id)
        contributors = compose_index(pool, verdicts, language)
        page = lay_out(
            "index.html.j2",
            code,
            title=titles[code],
            contributors=contributors,
            concerns=list_concerns(contributors),
            notice=in_language(pool.notices, language, ""),
            weekdays=language.weekdays(),
            published=published,
            waivers=_waivers(pool, moment, language) if moment else (),
        )
        write_atomically(home.pages / f"index.{code}.html", page)
    door = lay_out("door.html.j2", CODES[0], titles=titles, names=LANGUAGE_NAMES)
    write_atomically(home.pages / "index.html", door)
    return home.pages / "index.html"


def _waivers(pool: Pool, now: datetime, language: Language) -> tuple[WaiverRow, ...]:
    today = now.astimezone(ZoneInfo(pool.timezone)).date()
    return tuple(row for contract in pool.contracts for row in lay_waivers(contract, today, language))
