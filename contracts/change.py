"""One difference between two versions of a contract, whom it breaks, and the version it asks for.

Here: the type, and semantic versions. Not here: finding differences (`diff` and its neighbours).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Audience(StrEnum):
    """Who relies on a contract."""

    CONTRIBUTOR = "contributor"
    """A file that was good may now be refused, or rows of it."""
    POOL = "pool"
    """Tables, keys or meanings change under the pool's own models."""
    REUSERS = "re-users"
    """Those who read what is published lose something they were promised."""


class Level(IntEnum):
    """The part of a semantic version that a difference raises."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        code: what happened, in snake_case: `column_dropped`, `limit_stricter`.
        key: where: `reading.power_w`, `terms.licence`.
        words: what happened, as a sentence without capital or full stop.
        breaks: whom it breaks; nobody is an empty tuple.
        readers: datasets and indicators that read the column or feed, where re-users are broken.
        level: what it asks of the version.
    """

    code: str
    key: str
    words: str
    breaks: tuple[Audience, ...] = ()
    readers: tuple[str, ...] = ()
    level: Level = Level.MINOR


Readers = Callable[[str | None, str | None], tuple[str, ...]]
"""Names the datasets that read a table's column; a table without column: any of it; neither: the feed."""


def nobody_reads(table: str | None, column: str | None) -> tuple[str, ...]:
    """Stand in where no pool is at hand."""
    del table, column
    return ()


def breaking(code: str, key: str, words: str, *audiences: Audience, readers: tuple[str, ...] = ()) -> Change:
    """Return a change that breaks somebody: a new major version."""
    return Change(code, key, words, audiences, readers, Level.MAJOR)


def harmless(code: str, key: str, words: str) -> Change:
    """Return a change of the promise that breaks nobody: a new minor version."""
    return Change(code, key, words)


def wording(key: str, words: str) -> Change:
    """Return a change of texts only: a new patch version."""
    return Change("wording", key, words, level=Level.PATCH)


def level_of(changes: Iterable[Change]) -> Level:
    """Return the highest level that any change asks for."""
    return max((change.level for change in changes), default=Level.NONE)


def next_version(version: str, level: Level) -> str:
    """Return the semantic version that follows (semver.org 2.0.0); below 1.0.0 the minor part breaks."""
    major, minor, patch = parse_version(version)
    if level is Level.NONE:
        return version
    if level is Level.MAJOR:
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    return f"{major}.{minor + 1}.0" if level is Level.MINOR else f"{major}.{minor}.{patch + 1}"


def honours(old: str, new: str, level: Level) -> bool:
    """Whether a new version says at least as much as the changes ask for."""
    return parse_version(new) >= parse_version(next_version(old, level))


def parse_version(version: str) -> tuple[int, int, int]:
    """Return the three numbers of a version that `runnable` has checked."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch
