"""Charts as inline SVG: the same bytes each time, readable without colour, styled by the page.

Here: shapes and their text alternatives. Not here: colours (`templates/style.css`) or tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from portal.language import Language

_WIDTH, _HEIGHT = 600, 28
_LEAST_SEEN = 6
"""A part that exists is never drawn thinner than this."""


def draw_counts(accepted: int, quarantined: int, language: Language, *, is_loaded: bool) -> str:
    """Return a bar of accepted and quarantined rows; empty if no row was read.

    Rows that passed in a refused delivery are drawn hollow: they went no further.
    """
    total = accepted + quarantined
    if not total:
        return ""
    aside = _part(quarantined, total)
    part = "good" if is_loaded else "held"
    words = language.say(
        "{accepted} rows accepted, {quarantined} in quarantine",
        accepted=language.number(accepted),
        quarantined=language.number(quarantined),
    )
    return (
        f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(words)}" '
        f'preserveAspectRatio="none">'
        f'<rect class="{part}" x="0" y="0" width="{_WIDTH - aside}" height="{_HEIGHT}"/>'
        f'<rect class="aside" x="{_WIDTH - aside}" y="0" width="{aside}" height="{_HEIGHT}"/></svg>'
    )


def _part(count: int, total: int) -> int:
    if not count:
        return 0
    return min(_WIDTH, max(_LEAST_SEEN, round(_WIDTH * count / total)))


def draw_strip(shares: Sequence[tuple[str, float | None]], words: str) -> str:
    """Return one thin bar a delivery, its height the share in quarantine; None leaves a gap.

    Args:
        shares: (label, per cent) in order of days.
        words: the text alternative.
    """
    top = max([s for _, s in shares if s is not None] or [0]) or 1
    bars = "".join(_bar(i, label, share, top) for i, (label, share) in enumerate(shares))
    width = max(1, len(shares)) * 10
    return (
        f'<svg class="strip" viewBox="0 0 {width} 30" role="img" aria-label="{escape(words)}">{bars}'
        f'<line x1="0" y1="29.5" x2="{width}" y2="29.5"/></svg>'
    )


def _bar(place: int, label: str, share: float | None, top: float) -> str:
    if share is None:
        return ""
    height = round(26 * share / top, 1)
    if share and height < 1:
        height = 1.0
    return (
        f'<rect class="aside" x="{place * 10 + 1}" y="{29 - height}" width="8" height="{height}">'
        f"<title>{escape(label)}</title></rect>"
    )
