"""Contributors' pages: all the feeds of one contributor, and what waits for it.

Here: writing them. Not here: what they say (`feed_view`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from contracts.layout import Home
from contracts.verdicts import write_atomically
from portal.feed_view import FeedPage, compose_contributor
from portal.language import speak
from portal.pages import lay_out

if TYPE_CHECKING:
    from contracts.pool import Pool


def write_contributors(pool: Pool, pages: Mapping[str, Sequence[FeedPage]], home: Home) -> None:
    """Write `contributor-<id>.{fr,en}.html` for every contributor that has a contract.

    Args:
        pool: whose actors are named.
        pages: the feeds' pages by language.
        home: pages go to `home.pages`.
    """
    for code, views in pages.items():
        for contributor in dict.fromkeys(view.contributor_id for view in views):
            mine = [view for view in views if view.contributor_id == contributor]
            page = compose_contributor(pool, contributor, mine, speak(code))
            text = lay_out("contributor.html.j2", code, c=page)
            write_atomically(home.pages / f"contributor-{contributor}.{code}.html", text)


def contributor_address(contributor: str, code: str) -> str:
    """Return the page's address relative to the pool's index."""
    return quote(f"contributor-{contributor}.{code}.html")
