"""Differences of two contracts that no gate and no reader of data will notice: texts, people, links.

Here: what is left when promises and rules are compared. Not here: those (`diff` and its neighbours).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.change import Audience, Change, breaking, harmless, wording
from contracts.document import document_of, to_plain
from contracts.model import Contract

_SECTIONS = (
    "name", "tenant", "dataProduct", "description", "authoritativeDefinitions", "tags", "support", "team",
    "roles", "contractCreatedTs", "slaDefaultElement",
)  # fmt: skip
_TEXTS = (
    "description", "businessName", "dataGranularityDescription", "transformDescription", "examples", "tags",
    "authoritativeDefinitions", "transformSourceObjects", "encryptedName", "criticalDataElement",
    "partitioned", "partitionKeyPosition", "id",
)  # fmt: skip


def compare_wording(old: Contract, new: Contract) -> Iterator[Change]:
    """Yield what changed in texts, contacts and links, in the price, and in what is not checked here."""
    before, after = _plain(old), _plain(new)
    for section in _SECTIONS:
        if before.get(section) != after.get(section):
            yield wording(section, "says something else")
    if before.get("price") != after.get("price"):
        yield breaking("price_changed", "price", "the price is another", Audience.REUSERS)
    if (old.label, old.origin_note) != (new.label, new.origin_note):
        yield wording("label", "is named or explained in other words")
    yield from _compare_texts(before, after)
    yield from _compare_unchecked(old, new)


def _plain(contract: Contract) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(document_of(contract).tree)
    return plain


def _compare_texts(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    """Texts of tables and columns that both versions have."""
    old, new = _items(before), _items(after)
    for key in (k for k in old if k in new):
        if any(old[key].get(text) != new[key].get(text) for text in _TEXTS) or _label(old[key]) != _label(
            new[key]
        ):
            yield wording(key, "is described in other words")


def _items(tree: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Tables and columns by dotted name."""
    found: dict[str, dict[str, Any]] = {}
    for table in tree.get("schema") or ():
        found[table["name"]] = table
        for prop in table.get("properties") or ():
            found[f"{table['name']}.{prop['name']}"] = prop
    return found


def _label(item: dict[str, Any]) -> object:
    return next((c["value"] for c in item.get("customProperties") or () if c["property"] == "label"), None)


def _compare_unchecked(old: Contract, new: Contract) -> Iterator[Change]:
    """Promises that are written and not checked here are still promises."""
    before = {(n.key, n.detail) for n in old.not_checked}
    after = {(n.key, n.detail) for n in new.not_checked}
    for key, detail in sorted(after - before):
        yield harmless("not_checked_added", key, f"written, and not checked here: {detail}")
    for key, detail in sorted(before - after):
        yield harmless("not_checked_removed", key, f"no longer written: {detail}")
