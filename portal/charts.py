"""Charts as inline SVG: the same bytes each time, readable without colour, styled by the page.

Here: shapes and their text alternatives. Not here: colours (`templates/style.css`) or tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portal.language import Language

if TYPE_CHECKING:
    from markupsafe import Markup

_WIDTH, _HEIGHT = 600, 28
_LEAST_SEEN = 6
"""A part that exists is never drawn thinner than this."""
_STEP, _TALLEST, _GROUND = 10, 26, 29


def draw_counts(accepted: int, quarantined: int, language: Language, *, is_loaded: bool) -> Markup:
    """Return a bar of accepted and quarantined rows; empty if no row was read.

    Rows that passed in a refused delivery are drawn hollow: they went no further.
    """
    from markupsafe import Markup

    total = accepted + quarantined
    if not total:
        return Markup("")
    aside = _part(quarantined, total)
    words = language.say(
        "{accepted} rows accepted, {quarantined} in quarantine",
        accepted=language.number(accepted),
        quarantined=language.number(quarantined),
    )
    return Markup(
        '<svg class="bar" viewBox="0 0 {width} {height}" role="img" aria-label="{words}" '
        'preserveAspectRatio="none">'
        '<rect class="{part}" x="0" y="0" width="{rest}" height="{height}"/>'
        '<rect class="aside" x="{rest}" y="0" width="{aside}" height="{height}"/></svg>'
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        words=words,
        part="good" if is_loaded else "held",
        rest=_WIDTH - aside,
        aside=aside,
    )


def _part(count: int, total: int) -> int:
    if not count:
        return 0
    return min(_WIDTH, max(_LEAST_SEEN, round(_WIDTH * count / total)))


def draw_strip(shares: Sequence[tuple[str, float | None]], words: str) -> Markup:
    """Return one thin bar a delivery, its height the share in quarantine; None leaves a gap.

    Args:
        shares: (label, per cent) in order of days.
        words: the text alternative.
    """
    from markupsafe import Markup

    top = max([s for _, s in shares if s is not None] or [0]) or 1
    bars = Markup("").join(_bar(i, label, share, top) for i, (label, share) in enumerate(shares))
    return Markup(
        '<svg class="strip" viewBox="0 0 {width} 30" role="img" aria-label="{words}" '
        'preserveAspectRatio="none">{bars}<line x1="0" y1="29.5" x2="{width}" y2="29.5"/></svg>'
    ).format(width=max(1, len(shares)) * _STEP, words=words, bars=bars)


def _bar(place: int, label: str, share: float | None, top: float) -> Markup:
    from markupsafe import Markup

    if not share:
        return Markup("")
    height = max(1.0, round(_TALLEST * share / top, 1))
    return Markup(
        '<rect class="aside" x="{x}" y="{y}" width="8" height="{height}"><title>{label}</title></rect>'
    ).format(x=place * _STEP + 1, y=round(_GROUND - height, 1), height=height, label=label)


def draw_scores(scores: Sequence[tuple[str, float | None, bool]], floor: float, words: str) -> Markup:
    """Return one thin bar a delivery, full at 100 per cent; None leaves a gap.

    Args:
        scores: (label, per cent, whether the delivery was refused) in order of time.
        floor: the score at which a bar has no height.
        words: the text alternative.
    """
    from markupsafe import Markup

    bars = Markup("").join(_score(i, *score, floor) for i, score in enumerate(scores))
    return Markup(
        '<svg class="strip" viewBox="0 0 {width} 30" role="img" aria-label="{words}" '
        'preserveAspectRatio="none">{bars}<line x1="0" y1="29.5" x2="{width}" y2="29.5"/></svg>'
    ).format(width=max(1, len(scores)) * _STEP, words=words, bars=bars)


def _score(place: int, label: str, score: float | None, is_refused: bool, floor: float) -> Markup:
    from markupsafe import Markup

    if score is None:
        return Markup("")
    height = max(1.0, round(_TALLEST * (score - floor) / (100 - floor), 1))
    return Markup(
        '<rect class="{part}" x="{x}" y="{y}" width="8" height="{height}"><title>{label}</title></rect>'
    ).format(
        part="refused" if is_refused else "kept",
        x=place * _STEP + 1,
        y=round(_GROUND - height, 1),
        height=height,
        label=label,
    )
