"""A contract's page says in both languages what the contract says, and nothing it keeps is lost."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.layout import Home
from contracts.pool import load_pool
from contracts.resolve import load_contract
from contracts.verdict import Arrival, Status, Verdict
from portal.contract_pages import write_contract_page, write_contract_pages
from portal.contract_rules_view import rules_of_delivery
from portal.language import CODES, speak

ROOT = Path(__file__).parents[2]
POOL = ROOT / "pools" / "porto-alegre"
WHOLE = ROOT / "tests" / "contracts" / "documents" / "everything.yaml"


@pytest.fixture(scope="module")
def pool():
    return load_pool(POOL)


def read(home: Home, feed: str, code: str) -> str:
    """The page's text as a person reads it."""
    page = (home.pages / feed / f"contract.{code}.html").read_text(encoding="utf-8")
    words = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)))
    return " ".join(words.split())


def test_every_contract_of_the_pool_has_a_page_in_both_languages(pool, tmp_path):
    home = Home(tmp_path)
    pages = write_contract_pages(pool, (), home)
    assert [p.parent.name for p in pages] == [c.id for c in pool.contracts]
    for contract in pool.contracts:
        for code in CODES:
            words = read(home, contract.id, code)
            assert contract.version in words
            for column in (c for t in contract.tables for c in t.columns if c.derived is None):
                assert column.source in words, (contract.id, column.name)
            for address in contract.support:
                assert address in words


def test_rules_limits_and_terms_are_said_in_words(pool, tmp_path):
    write_contract_pages(pool, (), Home(tmp_path))
    french = read(Home(tmp_path), "enerflux-readings", "fr")
    thin = "\N{NARROW NO-BREAK SPACE}"
    for words in (
        "un fichier par jour",
        "Premier jour 13 mai 2019",
        "Entre deux mesures 30 minutes",
        "Séparateur point-virgule (;)",
        "prm Identifiant du compteur (sur une personne) du texte jamais vide 14 chiffres personne d’autre",
        "consumption, production",
        "calculée par le pool",
        "Séries incomplètes : ≥ 80 %, signalé sous 95 % (À corriger".replace(" :", f"{thin}:").replace(
            " %", f"{thin}%"
        ),
        f"Puissance impossible pour le segment du compteur{thin}: C5 ≤ 36{thin}000, C4 ≤ 250{thin}000",
        "seulement des sommes sur au moins 10 valeurs de meter_id",
    ):
        assert words.replace(thin, " ") in french.replace(thin, " "), words
    english = read(Home(tmp_path), "velia-bins", "en")
    assert "Not before 1 day after delivery" in english
    assert "Recipients (members) city, operators" in english


def test_every_section_of_a_whole_document_is_shown(tmp_path):
    home = Home(tmp_path)
    write_contract_page(load_contract(WHOLE), home)
    words = read(home, "acme-everything", "en")
    for shown in (
        "Show every key of the standard.",
        "Nothing here was measured.",
        "Read it as a test.",
        "energy, half: hour",
        "https://acme.example/readings_{period}.csv",
        "data@acme.example",
        "owner Ada (until 2026-06-30)",
        "Team grace",
        "steward (read)",
        "9.95 EUR gigabyte",
        "privacy-statement",
        "canonical",
        "1 day",
    ):
        assert shown in words, shown


def test_what_no_gate_looks_at_is_listed_on_the_page(tmp_path):
    contract = load_contract(WHOLE)
    write_contract_page(contract, Home(tmp_path))
    words = read(Home(tmp_path), contract.id, "fr")
    assert "Non vérifié ici" in words
    assert len(contract.not_checked) == 12
    for item in contract.not_checked:
        assert f"{item.key}: {' '.join(item.detail.split())}" in words


def test_a_contract_that_is_wholly_checked_says_nothing_of_it(pool, tmp_path):
    write_contract_pages(pool, (), Home(tmp_path))
    assert "Non vérifié ici" not in read(Home(tmp_path), "velia-bins", "fr")


def test_the_versions_that_judged_deliveries_are_named_the_newest_first(pool, tmp_path):
    def judged(version: str, day: int) -> Verdict:
        arrival = Arrival(
            delivery_id=f"{day:016x}",
            contributor="velia",
            feed="velia-bins",
            period=f"2019-05-{day}",
            sha256="0" * 64,
            size=1,
            source="x",
            received_at=datetime(2019, 5, day, tzinfo=UTC),
        )
        return Verdict(
            arrival=arrival,
            contract_version=version,
            contract_digest="d",
            reference_digest="r",
            engine_version="1",
            status=Status.ACCEPTED,
            rows_landed=1,
            rows_accepted=1,
            rows_quarantined=0,
        )

    verdicts = [judged("0.9.0", 13), judged("0.9.0", 14), judged("1.0.0", 15), judged("0.10.0", 16)]
    write_contract_pages(pool, verdicts, Home(tmp_path))
    words = read(Home(tmp_path), "velia-bins", "en")
    assert (
        words.index("1.0.0: in force, 1 delivery")
        < words.index("0.10.0: 1 delivery")
        < words.index("0.9.0: 2 deliveries")
    )


def test_no_rule_is_left_without_a_name(pool):
    for code in CODES:
        for contract in pool.contracts:
            for rule in rules_of_delivery(contract, speak(code)):
                assert re.search(r"\w$|[)”»%]$", rule.title), (contract.id, rule.id, rule.title)


def test_the_same_contract_gives_the_same_page_and_its_words_cannot_be_markup(tmp_path):
    text = WHOLE.read_text(encoding="utf-8").replace("Show every key", "<script>alert(1)</script> {{ 7*7 }}")
    text = text.replace('url: "https://acme.example/contract"', 'url: "javascript:alert(1)"')
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    page = write_contract_page(load_contract(path), Home(tmp_path / "one")).read_bytes()
    assert write_contract_page(load_contract(path), Home(tmp_path / "two")).read_bytes() == page
    assert b"<script>" not in page
    assert b"{{ 7*7 }}" in page
    assert b"javascript:" not in page
