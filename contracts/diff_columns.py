"""Columns of two versions of a table compared.

Here: what came, went, was renamed, retyped, tightened, loosened, closed. Not here: rules between
columns (`diff_rules`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from contracts.change import Audience, Change, Readers, breaking, harmless
from contracts.model import Column, Openness, Table
from contracts.units import has_fixed_unit

_ALL = (Audience.CONTRIBUTOR, Audience.POOL, Audience.REUSERS)
_WIDTH = list(Openness)
_LIMITS = (
    ("minimum", 1),
    ("exclusive_minimum", 1),
    ("min_length", 1),
    ("maximum", -1),
    ("exclusive_maximum", -1),
    ("max_length", -1),
)
"""Limits, and the direction in which each becomes stricter."""
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_DECIMAL = re.compile(r"^DECIMAL\((\d+),(\d+)\)$")


def compare_columns(old: Table, new: Table, readers: Readers) -> Iterator[Change]:
    """Yield the differences between the columns of two versions of a table."""
    before = {c.name: c for c in old.columns}
    after = {c.name: c for c in new.columns}
    dropped = [c for c in old.columns if c.name not in after]
    added = [c for c in new.columns if c.name not in before]
    for column in list(dropped):
        twin = _twin(column, added)
        if twin is not None:
            dropped.remove(column)
            added.remove(twin)
            yield breaking(
                "column_renamed", f"{old.name}.{column.name}", f"is now called `{twin.name}`",
                Audience.POOL, Audience.REUSERS, readers=readers(old.name, column.name),
            )  # fmt: skip
            yield from _compare_column(new.name, column.model_copy(update={"name": twin.name}), twin, readers)
    for column in dropped:
        yield breaking(
            "column_dropped", f"{old.name}.{column.name}", "the column is gone",
            Audience.POOL, Audience.REUSERS, readers=readers(old.name, column.name),
        )  # fmt: skip
    for column in added:
        yield _added(new.name, column)
    for name in (c.name for c in old.columns if c.name in after):
        if before[name] != after[name]:
            yield from _compare_column(new.name, before[name], after[name], readers)


def _twin(column: Column, added: list[Column]) -> Column | None:
    """The new column that is read from the same one of the file: the old one under another name."""
    if column.derived is not None:
        return None
    same = [c for c in added if c.derived is None and c.source == column.source]
    return same[0] if same and same[0].logical_type is column.logical_type else None


def _added(table: str, column: Column) -> Change:
    key = f"{table}.{column.name}"
    if column.derived is not None:
        return harmless("column_added", key, "a new column, computed from others")
    if column.required or column.is_expected:
        words = "and without empty cells" if column.required else "even if empty"
        return breaking(
            "column_added", key, f"a new column, which every file must have {words}", Audience.CONTRIBUTOR
        )
    return harmless("column_added", key, "a new column, which a file may leave out")


def _compare_column(table: str, old: Column, new: Column, readers: Readers) -> Iterator[Change]:
    key = f"{table}.{new.name}"
    read = readers(table, old.name)
    yield from _compare_type(key, old, new, read)
    yield from _compare_presence(key, old, new, read)
    yield from _compare_limits(key, old, new)
    yield from _compare_values(key, old, new)
    yield from _compare_writing(key, old, new, read)
    yield from _compare_openness(key, old, new, read)


def _compare_type(key: str, old: Column, new: Column, read: tuple[str, ...]) -> Iterator[Change]:
    if (old.logical_type, old.physical_type) == (new.logical_type, new.physical_type):
        return
    words = f"{old.physical_type} became {new.physical_type}"
    if old.logical_type is new.logical_type and _is_wider(old.physical_type, new.physical_type):
        yield harmless("type_widened", key, words)
    else:
        yield breaking("column_retyped", key, words, *_ALL, readers=read)


def _compare_presence(key: str, old: Column, new: Column, read: tuple[str, ...]) -> Iterator[Change]:
    if new.required and not old.required:
        yield breaking("required_added", key, "may no longer be empty", Audience.CONTRIBUTOR)
    if old.required and not new.required:
        yield breaking("required_dropped", key, "may now be empty", Audience.REUSERS, readers=read)
    if (old.derived is None) != (new.derived is None):
        if new.derived is None and new.is_expected:
            words = f"was computed, and is now read from `{new.source}`, which every file must have"
            yield breaking("column_from_file", key, words, Audience.CONTRIBUTOR)
        else:
            yield breaking(
                "column_derived", key, f"is computed in another way: {new.derived or new.source}",
                Audience.POOL, Audience.REUSERS, readers=read,
            )  # fmt: skip
    elif old.derived != new.derived:
        yield breaking(
            "derivation_changed", key, f"is computed by `{new.derived}`, no longer by `{old.derived}`",
            Audience.POOL, Audience.REUSERS, readers=read,
        )  # fmt: skip
    elif new.is_expected and not old.is_expected:
        yield breaking("column_expected", key, "every file must now have the column", Audience.CONTRIBUTOR)
    elif old.is_expected and not new.is_expected:
        yield harmless("column_not_expected", key, "a file may now come without the column")
    if new.unique and not old.unique:
        yield breaking("unique_added", key, "may no longer repeat", Audience.CONTRIBUTOR)
    elif old.unique and not new.unique:
        yield harmless("unique_dropped", key, "may now repeat")


def _compare_limits(key: str, old: Column, new: Column) -> Iterator[Change]:
    for name, direction in _LIMITS:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        words = f"{name.replace('_', ' ')} {_show(before)} became {_show(after)}"
        if after is None or (before is not None and (after - before) * direction < 0):
            yield harmless("limit_looser", key, words)
        else:
            yield breaking("limit_stricter", key, words, Audience.CONTRIBUTOR)


def _compare_values(key: str, old: Column, new: Column) -> Iterator[Change]:
    if old.pattern != new.pattern:
        words = f"pattern {_show(old.pattern)} became {_show(new.pattern)}"
        if new.pattern is None:
            yield harmless("limit_looser", key, words)
        else:
            yield breaking("limit_stricter", key, words, Audience.CONTRIBUTOR)
    if old.valid_values == new.valid_values:
        return
    if new.valid_values is None:
        yield harmless("limit_looser", key, "any value is allowed")
        return
    gone = [v for v in old.valid_values or () if v not in new.valid_values]
    came = [v for v in new.valid_values if v not in (old.valid_values or ())]
    if old.valid_values is None or gone:
        words = (
            f"no longer allowed: {', '.join(gone)}" if gone else f"only these are allowed: {', '.join(came)}"
        )
        yield breaking("limit_stricter", key, words, Audience.CONTRIBUTOR)
    if old.valid_values is not None and came:
        yield harmless("limit_looser", key, f"also allowed: {', '.join(came)}")


def _compare_writing(key: str, old: Column, new: Column, read: tuple[str, ...]) -> Iterator[Change]:
    """How a value is written in the file, and what it then means."""
    if old.derived is None and new.derived is None and old.source != new.source:
        words = f"is read from `{new.source}`, no longer from `{old.source}`"
        yield breaking("source_renamed", key, words, Audience.CONTRIBUTOR)
    for name in ("date_format", "timezone"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            words = f"{name.replace('_', ' ')} {_show(before)} became {_show(after)}"
            yield breaking("writing_changed", key, words, Audience.CONTRIBUTOR)
    if (old.unit, old.scale or Decimal(1)) != (new.unit, new.scale or Decimal(1)):
        words = f"the file's unit {_show(old.unit)} became {_show(new.unit)}"
        audiences = (Audience.CONTRIBUTOR,) if has_fixed_unit(new.name) else _ALL
        yield breaking(
            "unit_changed", key, words, *audiences, readers=read if Audience.REUSERS in audiences else ()
        )
    if old.is_namespaced != new.is_namespaced:
        words = f"identifiers are {'now' if new.is_namespaced else 'no longer'} prefixed by the contributor"
        yield breaking("namespace_changed", key, words, Audience.POOL, Audience.REUSERS, readers=read)


def _compare_openness(key: str, old: Column, new: Column, read: tuple[str, ...]) -> Iterator[Change]:
    before, after = _WIDTH.index(old.openness), _WIDTH.index(new.openness)
    words = f"{old.openness} became {new.openness}"
    if after > before:
        yield breaking("column_closed", key, words, Audience.REUSERS, readers=read)
    elif after < before:
        yield harmless("column_opened", key, words)
    if old.classification != new.classification:
        words = f"classification {_show(old.classification)} became {_show(new.classification)}"
        if new.classification == "personal" and new.openness is not Openness.PRIVATE:
            yield breaking("became_personal", key, words, Audience.REUSERS, readers=read)
        else:
            yield harmless("classification_changed", key, words)


def _is_wider(old: str, new: str) -> bool:
    """Whether every value of the old type is one of the new."""
    if old in _INTEGERS and new in _INTEGERS:
        return _INTEGERS.index(new) > _INTEGERS.index(old)
    before, after = _DECIMAL.match(old), _DECIMAL.match(new)
    if before is None or after is None:
        return False
    digits, scale = int(before[1]), int(before[2])
    more, finer = int(after[1]), int(after[2])
    return finer >= scale and more - finer >= digits - scale


def _show(value: object) -> str:
    return "none" if value is None else f"`{value}`"
