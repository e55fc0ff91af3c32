"""Two versions of a contract compared: every difference, whom it breaks, the version it asks for.

Here: the comparison as a whole, tables, and how deliveries come. Not here: columns (`diff_columns`),
rules (`diff_rules`), what is promised to others (`diff_promises`), or judging data anew (`replay`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.change import (
    Audience,
    Change,
    Level,
    Readers,
    breaking,
    harmless,
    honours,
    level_of,
    next_version,
    nobody_reads,
)
from contracts.diff_columns import compare_columns
from contracts.diff_promises import compare_promises
from contracts.diff_rules import compare_delivery_rules, compare_row_rules
from contracts.diff_wording import compare_wording
from contracts.model import Contract, Table


@dataclass(frozen=True)
class Comparison:
    """What lies between two versions of a contract."""

    old: str
    new: str
    """Versions as written."""
    changes: tuple[Change, ...]

    @property
    def level(self) -> Level:
        """What the changes together ask of the version."""
        return level_of(self.changes)

    @property
    def proposed(self) -> str:
        """The version that the changes ask for."""
        return next_version(self.old, self.level)

    @property
    def is_honoured(self) -> bool:
        """Whether the new file's version says what the changes do."""
        return honours(self.old, self.new, self.level)


def compare_contracts(old: Contract, new: Contract, readers: Readers = nobody_reads) -> Comparison:
    """Return every difference between two contracts of one feed, breaking ones first.

    `readers` names the datasets that read a table's column: those whose re-users a change breaks.
    """
    changes = [
        *_compare_identity(old, new, readers),
        *_compare_arrival(old, new, readers),
        *_compare_tables(old, new, readers),
        *compare_delivery_rules(old, new),
        *compare_promises(old, new, readers),
    ]
    changes += compare_wording(old, new)
    ordered = sorted(dict.fromkeys(changes), key=lambda c: -c.level)
    return Comparison(old.version, new.version, tuple(ordered))


def _compare_identity(old: Contract, new: Contract, readers: Readers) -> Iterator[Change]:
    """What names the feed and its tables: another name is another feed."""
    for key in ("id", "contributor", "domain"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield breaking(
                f"{key}_changed", key, f"`{before}` became `{after}`: names of tables or identifiers change",
                Audience.POOL, Audience.REUSERS, readers=readers(None, None),
            )  # fmt: skip
    if old.timezone != new.timezone:
        yield breaking(
            "timezone_changed", "timezone", f"local days are counted in {new.timezone}, not {old.timezone}",
            Audience.CONTRIBUTOR, Audience.POOL, Audience.REUSERS, readers=readers(None, None),
        )  # fmt: skip
    if old.based_on != new.based_on:
        yield harmless("standard_changed", "basedOn", f"based on {new.based_on}, no longer on {old.based_on}")
    if old.status != new.status:
        words = f"{old.status} became {new.status}"
        if new.status == "retired":
            yield breaking(
                "retired", "status", words, Audience.POOL, Audience.REUSERS, readers=readers(None, None)
            )
        else:
            yield harmless("status_changed", "status", words)


def _compare_arrival(old: Contract, new: Contract, readers: Readers) -> Iterator[Change]:
    """How and where deliveries come, and how their bytes are written."""
    for key in ("mode", "period", "step_s", "stamp"):
        before, after = getattr(old.delivery, key), getattr(new.delivery, key)
        if before != after:
            yield breaking(
                f"{key}_changed", f"delivery.{key}", f"{before} became {after}: rows mean something else",
                Audience.CONTRIBUTOR, Audience.POOL, Audience.REUSERS, readers=readers(None, None),
            )  # fmt: skip
    if old.delivery.starts_on != new.delivery.starts_on:
        yield harmless(
            "start_changed",
            "delivery.startsOn",
            f"the first day is {new.delivery.starts_on}, not {old.delivery.starts_on}",
        )
    if old.server.wire_format != new.server.wire_format:
        yield breaking(
            "format_changed", "server.wireFormat",
            f"{new.server.wire_format} is wanted, not {old.server.wire_format}", Audience.CONTRIBUTOR,
        )  # fmt: skip
    for key, before in old.server.dialect.model_dump().items():
        after = getattr(new.server.dialect, key)
        if before != after:
            yield breaking(
                "dialect_changed",
                f"server.dialect.{key}",
                f"{after!r} is wanted, not {before!r}",
                Audience.CONTRIBUTOR,
            )
    if (old.server.location, old.server.type) != (new.server.location, new.server.type):
        yield harmless("server_moved", "server.location", f"fetched from {new.server.location}")
    if new.server.max_bytes < old.server.max_bytes:
        yield breaking(
            "size_lowered", "server.maxBytes",
            f"at most {new.server.max_bytes:,} bytes, not {old.server.max_bytes:,}", Audience.CONTRIBUTOR,
        )  # fmt: skip
    elif new.server.max_bytes > old.server.max_bytes:
        yield harmless("size_raised", "server.maxBytes", f"up to {new.server.max_bytes:,} bytes")
    before, after = old.quarantine_tolerance_pct, new.quarantine_tolerance_pct
    if after < before:
        yield breaking(
            "tolerance_lowered", "tolerance", f"at most {after} % of the rows may be bad, not {before} %",
            Audience.CONTRIBUTOR,
        )  # fmt: skip
    elif after > before:
        yield harmless(
            "tolerance_raised", "tolerance", f"up to {after} % of the rows may be bad, not {before} %"
        )


def _compare_tables(old: Contract, new: Contract, readers: Readers) -> Iterator[Change]:
    """Tables that came, went or stayed."""
    before = {t.name: t for t in old.tables}
    after = {t.name: t for t in new.tables}
    for name in before.keys() - after.keys():
        yield breaking(
            "table_dropped",
            name,
            "the table is gone",
            Audience.POOL,
            Audience.REUSERS,
            readers=readers(name, None),
        )
    for name in after.keys() - before.keys():
        if after[name].is_optional:
            yield harmless("table_added", name, "a new table, which a delivery may leave out")
        else:
            yield breaking(
                "table_added", name, "a new table, which every delivery must hold", Audience.CONTRIBUTOR
            )
    for name in (t.name for t in old.tables if t.name in after):
        yield from _compare_table(before[name], after[name], readers)


def _compare_table(old: Table, new: Table, readers: Readers) -> Iterator[Change]:
    if old.source != new.source:
        yield breaking(
            "table_renamed",
            new.name,
            f"read from `{new.source}`, no longer from `{old.source}`",
            Audience.CONTRIBUTOR,
        )
    if old.is_optional and not new.is_optional:
        yield breaking(
            "table_required", new.name, "every delivery must now hold the table", Audience.CONTRIBUTOR
        )
    elif new.is_optional and not old.is_optional:
        yield breaking(
            "table_optional", new.name, "a delivery may now come without the table", Audience.REUSERS,
            readers=readers(new.name, None),
        )  # fmt: skip
    if old.key != new.key:
        yield breaking(
            "key_changed", new.name, f"a row is named by {_list(new.key)}, no longer by {_list(old.key)}",
            Audience.CONTRIBUTOR, Audience.POOL, Audience.REUSERS, readers=readers(new.name, None),
        )  # fmt: skip
    yield from compare_columns(old, new, readers)
    yield from compare_row_rules(old, new)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{n}`" for n in names) or "nothing"
