"""The rule catalogue: every rule that can be emitted speaks French and English."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from string import Formatter

import pytest

from contracts.pool import load_pool
from contracts.rules.catalogue import LANGUAGES, PLACEHOLDERS, Texts, entry_for, load_catalogue
from contracts.rules.delivery_rules import delivery_rules
from contracts.verdict import Outcome, RuleResult

ROOT = Path(__file__).parents[2]
NOTICES = ROOT.parent / "shared" / "gtfs_notices.csv"
COLUMN_RULES = (
    "type_mismatch",
    "missing_value",
    "pattern_mismatch",
    "value_below_minimum",
    "value_above_maximum",
    "value_not_allowed",
    "length_out_of_range",
    "duplicate_key",
    "unknown_reference",
    "malformed_line",
)


def result_of(rule: str, **values: object) -> RuleResult:
    fixed = {"severity": "error", "dimension": "conformity", "outcome": Outcome.FAILED}
    return RuleResult.model_validate({"rule": rule, **fixed, **values})


def rules_of_the_bundled_contracts() -> set[str]:
    contracts = load_pool(ROOT / "pools" / "porto-alegre").contracts
    rows = {rule.id for c in contracts for table in c.tables for rule in table.rules}
    return rows | {keyed.rule.id for c in contracts for keyed in delivery_rules(c)}


def findings_in_the_readers() -> set[str]:
    """Ids that the formats' readers give, read from their source: the first argument of ReadFinding."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "connectors").rglob("*.py")]
    return {rule for text in sources for rule in re.findall(r'ReadFinding\(\s*"([a-z_]+)"', text)}


def test_every_rule_of_the_bundled_contracts_has_texts() -> None:
    assert rules_of_the_bundled_contracts() - set(load_catalogue()) == set()


def test_every_column_rule_has_texts() -> None:
    assert set(COLUMN_RULES) - set(load_catalogue()) == set()


def test_every_finding_of_a_reader_has_texts() -> None:
    found = findings_in_the_readers()
    assert {"unreadable", "wrong_separator", "missing_column"} <= found
    assert found - set(load_catalogue()) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_name_only_values_that_a_result_can_have(language: str) -> None:
    for rule, entry in load_catalogue().items():
        for name in Texts.model_fields:
            fields = {f for _, f, _, _ in Formatter().parse(getattr(entry.texts(language), name)) if f}
            assert fields <= PLACEHOLDERS, (rule, language, name)


def test_each_language_says_its_own_words() -> None:
    for rule, entry in load_catalogue().items():
        same = [name for name in Texts.model_fields if getattr(entry.fr, name) == getattr(entry.en, name)]
        assert same == [], rule


def test_french_has_no_breaking_space_before_its_high_punctuation() -> None:
    for rule, entry in load_catalogue().items():
        for name in Texts.model_fields:
            assert not re.search(r" [:;?!»]", getattr(entry.fr, name)), (rule, name)


def test_notices_have_the_severity_of_the_canonical_validator() -> None:
    if not NOTICES.exists():
        pytest.skip("the list of canonical notices lies beside the project only: shared/gtfs_notices.csv")
    with NOTICES.open(encoding="utf-8") as lines:
        canonical = {row["code"]: row["severity"].lower() for row in csv.DictReader(lines)}
    # These codes are ours as well, and there our severity holds.
    ours = {*COLUMN_RULES, *findings_in_the_readers(), "unknown_column"}
    differing = {
        code: (entry.severity.value, canonical[code])
        for code, entry in load_catalogue().items()
        if code in canonical and code not in ours and entry.severity != canonical[code]
    }
    assert differing == {}
    assert len(set(load_catalogue()) & set(canonical)) >= 36


def test_a_contracts_own_rule_and_an_unlisted_notice_read_in_general_words() -> None:
    own = entry_for(result_of("my_rule"))
    notice = entry_for(result_of("pathway_loop", table="pathways.txt"))
    assert own.fr.title.startswith("Règle du contrat")
    assert notice.fr.title.startswith("Avis GTFS")
