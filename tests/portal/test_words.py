"""Small words that a reader trips over: plurals, date models, names of a notice's fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.model import Dimension, Severity
from contracts.pool import load_pool
from contracts.verdict import Outcome, RuleResult
from portal.language import speak
from portal.notice_fields import name_field, order_fields
from portal.rule_texts import words_of

POOL = Path(__file__).parents[2] / "pools" / "porto-alegre"
NOTICE = ("match1", "stopId1", "stopName1", "tripCsvRowNumber", "tripId")


@pytest.fixture(scope="module")
def pool():
    return load_pool(POOL)


def broken(rule, **more):
    return RuleResult(
        rule=rule,
        table="reading",
        severity=Severity.ERROR,
        dimension=Dimension.CONFORMITY,
        outcome=Outcome.FAILED,
        **more,
    )


@pytest.mark.parametrize(
    ("column", "title"),
    [("prm", "Colonne manquante"), ("prm, horodate", "Colonnes manquantes")],
)
def test_missing_columns_agree_in_number(pool, column, title):
    result = broken("missing_column", column=column, source=column)
    words = words_of(result, pool.contract("enerflux-readings"), speak("fr"))
    assert words.title.startswith(title)
    assert ("ne sont pas" in words.explanation) == ("," in column)


@pytest.mark.parametrize(("code", "model"), [("fr", "(jj/mm/aaaa)"), ("en", "(dd/mm/yyyy)")])
def test_a_date_model_is_spelt_as_the_reader_spells_it(pool, code, model):
    result = broken("wrong_date_format", column="start_at", observed="03/06/2019 00:00 (dd/mm/yyyy)")
    words = words_of(result, pool.contract("enerflux-readings"), speak(code))
    assert f"03/06/2019 00:00 {model}" in words.explanation


def test_a_notice_speaks_of_the_senders_columns_and_of_no_coordinates(pool):
    contract, french = pool.contract("eptc-gtfs"), speak("fr")
    heads = [name_field(name, contract, french) for name in order_fields(NOTICE, contract)]
    assert heads == ["Ligne de trips.txt", "Arrêt (1)", "stop_id (1)", "trip_id"]


def test_names_of_other_formats_stand_as_their_sender_wrote_them(pool):
    contract = pool.contract("velia-bins")
    assert order_fields(["fillingLevel", "match"], contract) == ["fillingLevel", "match"]
    assert name_field("fillingLevel", contract, speak("fr")) == "fillingLevel"
