"""Feeds' pages and their contributors': one of each in French and English, a feed's content as JSON.

Here: writing them at their stable addresses. Not here: what they say (`feed_view`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.layout import Home
from contracts.quarantine_tally import Tally, tally_feed
from contracts.verdict import Verdict
from contracts.verdicts import write_atomically
from portal.contributor_page import write_contributors
from portal.feed_view import FeedPage, compose_feed
from portal.language import CODES, speak
from portal.pages import lay_out
from portal.quality_view import explain_quality

if TYPE_CHECKING:
    from contracts.model import Contract
    from contracts.pool import Pool

FORMAT = "regie-feed/1"


def write_feed_pages(pool: Pool, verdicts: Sequence[Verdict], home: Home, *, now: datetime) -> list[Path]:
    """Write `<feed>/index.{fr,en}.html`, `<feed>/feed.json` and `contributor-<id>.{fr,en}.html`.

    Same verdicts, same clock, same bytes. Returns the feeds' French pages.

    Args:
        pool: whose contracts are shown.
        verdicts: all of them, within a period in order of arrival.
        home: pages go to `home.pages`.
        now: UTC, injected.
    """
    by_feed: dict[str, list[Verdict]] = {contract.id: [] for contract in pool.contracts}
    for verdict in verdicts:
        by_feed.setdefault(verdict.arrival.feed, []).append(verdict)
    tallies = _tallies(pool, home)
    pages = {
        code: [
            compose_feed(pool, c, by_feed[c.id], speak(code), now=now, tallies=tallies[c.id])
            for c in pool.contracts
        ]
        for code in CODES
    }
    for code, views in pages.items():
        for view in views:
            page = lay_out("feed.html.j2", code, f=view, weekdays=speak(code).weekdays())
            write_atomically(home.pages / view.id / f"index.{code}.html", page)
    for place, contract in enumerate(pool.contracts):
        views_of = {code: pages[code][place] for code in CODES}
        text = _as_json(contract, by_feed[contract.id], views_of)
        write_atomically(home.pages / contract.id / "feed.json", text)
    write_contributors(pool, pages, home)
    return [home.pages / contract.id / f"index.{CODES[0]}.html" for contract in pool.contracts]


def _tallies(pool: Pool, home: Home) -> dict[str, tuple[Tally, ...]]:
    import duckdb

    with duckdb.connect(config={"threads": 2, "memory_limit": "500MB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        return {contract.id: tally_feed(con, home, contract) for contract in pool.contracts}


def _as_json(contract: Contract, verdicts: Sequence[Verdict], pages: Mapping[str, FeedPage]) -> str:
    """The page's content and every change of score with its explanation, in both languages."""
    content: dict[str, Any] = {"format": FORMAT, "feed": contract.id}
    for code, page in pages.items():
        facts = asdict(page)
        for strip in facts["strips"]:
            del strip["svg"]
        facts["changes"] = [asdict(c) for c in explain_quality(verdicts, contract, speak(code))]
        content[code] = facts
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
