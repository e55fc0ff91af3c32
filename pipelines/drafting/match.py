"""Which column of a file is which of a standard, by name and by what stands in it.

Here: scores and the best assignment. Not here: looking at values (`observe`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from contracts.model import Column, LogicalType
from pipelines.drafting.observe import Observed

_WORDS = {
    "prm": "meter id", "pdl": "meter id", "compteur": "meter", "horodate": "start at",
    "horodatage": "start at", "timestamp": "start at", "datetime": "start at", "debut": "start",
    "sens": "direction", "puissance": "power", "energie": "energy", "qualite": "quality",
    "identifiant": "id", "code": "id", "conteneur": "container", "bac": "container", "bin": "container",
    "capacite": "capacity", "flux": "stream", "tournee": "round", "remplissage": "fill level",
    "niveau": "level", "tension": "voltage", "pile": "battery", "latitude": "lat", "longitude": "lon",
    "lng": "lon", "long": "lon", "souscrite": "subscribed", "collecte": "collected", "masse": "mass",
    "poids": "mass", "weight": "mass", "lieu": "place", "maille": "cell", "populacao": "population",
    "emplois": "jobs", "ecoles": "schools",
}  # fmt: skip
"""Words of files, and what standards call them."""
TRUTHS = frozenset({"true", "false", "0", "1", "t", "f", "yes", "no"})
_LEAST = 0.55
_SURE = 0.85


@dataclass(frozen=True)
class Match:
    """A column of the file, and the standard's column it seems to be."""

    source: str
    column: str
    score: float
    """0 to 1; below 0.85 it is a guess that wants a look."""

    @property
    def is_sure(self) -> bool:
        """Whether name and values leave little doubt."""
        return self.score >= _SURE


def match_columns(found: Sequence[Observed], columns: Sequence[Column]) -> tuple[Match, ...]:
    """Return the best pairs, each column used once, in the standard's order."""
    scores = sorted(
        ((_score(one, column), one.name, column.name) for one in found for column in columns),
        key=lambda s: (-s[0], s[1], s[2]),
    )
    pairs: dict[str, Match] = {}
    taken: set[str] = set()
    for score, source, name in scores:
        if score >= _LEAST and source not in taken and name not in pairs:
            pairs[name] = Match(source, name, score)
            taken.add(source)
    return tuple(pairs[c.name] for c in columns if c.name in pairs)


def plain_name(name: str) -> str:
    """Return a name as a column of ours may be called: small letters, digits, underscores."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", bare).strip("_") or "column"
    return words if words[0].isalpha() else f"c_{words}"


def _score(found: Observed, column: Column) -> float:
    """Mix of likeness of names and fit of values; values that can't be the column's end it."""
    fit = _fit(found, column)
    if found.values and fit < 0.5:  # noqa: PLR2004 - half of the values
        return 0.0
    likeness = _likeness(found.name, column)
    telling = 0.35 if _is_telling(column) else 0.1
    return min(
        1.0, likeness * (1 - telling) + fit * telling + (0.3 if fit == 1 and _is_telling(column) else 0)
    )


def _likeness(name: str, column: Column) -> float:
    one = _translated(name)
    names = {column.name, column.source}
    best = max(SequenceMatcher(None, one, _translated(other)).ratio() for other in names)
    if one in {_translated(n) for n in names}:
        return 1.0
    # `id` alone is the identifier of whatever the file is about.
    return max(best, 0.8) if one == "id" and column.primary_key and column.name.endswith("_id") else best


def _translated(name: str) -> str:
    return " ".join(_WORDS.get(word, word) for word in plain_name(name).split("_"))


def _is_telling(column: Column) -> bool:
    """Whether values of this column are unlike those of others."""
    return bool(column.valid_values or column.pattern) or column.logical_type in (
        LogicalType.TIMESTAMP,
        LogicalType.DATE,
        LogicalType.BOOLEAN,
    )


def _fit(found: Observed, column: Column) -> float:
    """Share of values that the column could hold."""
    if column.valid_values is not None:
        allowed = set(column.valid_values)
        return found.share(lambda v: v in allowed)
    if column.pattern is not None:
        pattern = re.compile(column.pattern)
        return found.share(pattern.search)
    if column.logical_type is LogicalType.STRING:
        return 0.9 if found.numbers < 1 else 0.7
    if column.logical_type in (LogicalType.NUMBER, LogicalType.INTEGER):
        return found.numbers if column.logical_type is LogicalType.NUMBER else found.integers
    if column.logical_type is LogicalType.BOOLEAN:
        return found.share(lambda v: v.lower() in TRUTHS)
    return found.share(looks_like_moment)


def looks_like_moment(value: str) -> bool:
    """Whether a text reads as a day or an instant."""
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return re.match(r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}", value) is not None
    return "-" in value or ":" in value
