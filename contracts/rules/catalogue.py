"""The rule catalogue: what each rule id means, in French and English, for the people who read reports.

Here: loading `catalogue.yaml`. Not here: judging, or filling its texts with a result's values (`portal/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML

from contracts.model import Dimension, Frozen, Severity
from contracts.verdict import RuleResult

CATALOGUE = Path(__file__).with_name("catalogue.yaml")
LANGUAGES = ("fr", "en")
GTFS_FALLBACK = "gtfs_notice"
RULE_FALLBACK = "contract_rule"
PLACEHOLDERS = frozenset({"rule", "table", "column", "expected", "observed", "count", "checked", "reason"})
"""Names that stand in braces in the texts."""


class Texts(Frozen):
    """What one language says of a rule, with placeholders for a result's values (see PLACEHOLDERS)."""

    title: str
    explanation: str
    cause: str
    remedy: str
    """Addressed to the contributor."""
    fate: str
    """What became of the data."""


class Entry(Frozen):
    """One rule id with its usual dimension and severity (a contract may state others)."""

    dimension: Dimension
    severity: Severity
    fr: Texts
    en: Texts

    def texts(self, language: str) -> Texts:
        """Return the texts in `fr` or `en`; KeyError for another language."""
        return {"fr": self.fr, "en": self.en}[language]


def load_catalogue() -> Mapping[str, Entry]:
    """Return the catalogue by rule id; ValueError names the entry that is not well formed."""
    return {**_load(CATALOGUE), **_ADDED}


def add_entries(entries: Mapping[str, Entry]) -> None:
    """Add texts to the catalogue for the life of the process: those of a kind that registers itself."""
    _ADDED.update(entries)


def entry_for(result: RuleResult) -> Entry:
    """Return the entry of a result's rule, or the general one for its family."""
    return load_catalogue()[entry_id(result)]


def entry_id(result: RuleResult) -> str:
    """Return the catalogue's id for a result: its rule's, or that of the general entry for its family.

    Contracts may name rules of their own, and GTFS has more notices than have texts here.
    """
    if result.rule in load_catalogue():
        return result.rule
    is_notice = result.table is not None and result.table.endswith((".txt", ".geojson"))
    return GTFS_FALLBACK if is_notice else RULE_FALLBACK


@lru_cache(maxsize=4)
def _load(path: Path) -> Mapping[str, Entry]:
    raw = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    entries: dict[str, Entry] = {}
    for rule, body in raw.items():
        if rule.startswith("_"):  # shared texts
            continue
        try:
            entries[rule] = Entry.model_validate(body, strict=False)
        except ValidationError as problem:
            raise ValueError(f"{path.name}: {rule}: {problem}") from problem
    return entries


_ADDED: dict[str, Entry] = {}
