"""The first sentence names the cause, not its consequences."""

from __future__ import annotations

import pytest

from contracts.model import Dimension, Severity
from contracts.verdict import Outcome, RuleResult, Status
from portal.language import speak
from portal.sentences import headline, rank_problems

THIN = "\N{NARROW NO-BREAK SPACE}"


def broken(rule, observed=None, expected=None, **more):
    fields = {
        "rule": rule,
        "table": "reading",
        "severity": Severity.ERROR,
        "dimension": Dimension.COMPLETENESS,
        "outcome": Outcome.FAILED,
        "observed": observed,
        "expected": expected,
    }
    return RuleResult(**{**fields, **more})


def series(seen, rows):
    return {
        "series_incomplete.series_expected": 410,
        "series_incomplete.series_seen": seen,
        "series_incomplete.rows": rows,
        "series_incomplete.rows_expected": 19680,
    }


@pytest.fixture
def refuse(half_day):
    def make(*rules, profile=None, **changes):
        return half_day.model_copy(
            update={"status": Status.REJECTED, "rules": rules, "profile": profile or {}, **changes}
        )

    return make


def french(verdict, contract):
    return headline(verdict, contract, speak("fr")).replace(THIN, " ")


def test_a_header_without_rows_is_an_empty_file_and_nothing_else(refuse, contract):
    verdict = refuse(
        broken("series_incomplete", "0.0 % (0 / 19680)", "≥ 80 %"),
        broken("stale_delivery", "–", "≥ 2019-05-27T23:00-03:00"),
        broken("row_count", "0", "≥ 1"),
        profile=series(0, 0),
        rows_landed=0,
        rows_accepted=0,
    )
    assert french(verdict, contract) == "Livraison refusée : le fichier ne contient aucune ligne."
    assert rank_problems(verdict, contract)[0].rule == "row_count"


def test_another_days_file_is_called_by_its_name(refuse, contract):
    verdict = refuse(
        broken("series_incomplete", "0.0 % (0 / 19680)", "≥ 80 %"),
        broken("quarantine_above_tolerance", "100 % (22323 / 22323)", "≤ 2 %"),
        broken("wrong_period", "0 % (0 / 22323)", "2019-05-27: ≥ 99 %"),
        profile={**series(0, 0), "wrong_period.rows": 0, "wrong_period.rows_dated": 22323},
    )
    assert french(verdict, contract) == "Livraison refusée : aucune ligne n’est du 27 mai 2019."


def test_hours_missing_everywhere_are_not_blamed_on_one_silent_meter(refuse, contract):
    verdict = refuse(
        broken("series_incomplete", "74.6 % (14686 / 19680)", "≥ 80 %"),
        broken("stale_delivery", "2019-05-27T17:30-03:00", "≥ 2019-05-27T23:00-03:00"),
        profile=series(409, 14686),
    )
    assert french(verdict, contract) == (
        "Livraison refusée : il manque 4 994 des 19 680 relevés attendus ; "
        "les données s’arrêtent au 27 mai 2019, 17:30."
    )


def test_too_many_faulty_rows_name_the_rule_behind_them_which_comes_first_to_fix(refuse, contract):
    verdict = refuse(
        broken("type_mismatch", None, "number W", column="power_w", checked_rows=11368, failed_rows=1137),
        broken("quarantine_above_tolerance", "10.0 % (1137 / 11368)", "≤ 2 %"),
        rows_quarantined=1137,
        rows_accepted=10231,
    )
    said = french(verdict, contract)
    assert said.startswith("Livraison refusée : 10 % des lignes sont fautives (1 137 sur 11 368), plus que")
    assert "« puissance_w »" in said
    assert rank_problems(verdict, contract)[0].rule == "type_mismatch"


def test_too_few_trips_are_counted_by_kind_of_day(refuse, gtfs_contract):
    verdict = refuse(
        broken("service_days_missing", "weekday 790, sunday 5", "weekday ≥ 2374, sunday ≥ 5", table=None)
    )
    assert french(verdict, gtfs_contract) == (
        "Livraison refusée : 790 courses un jour de semaine au lieu de 2 374."
    )


def test_a_cut_document_is_a_cut_transfer(refuse, contract):
    reason = "the JSON array does not end: the file was cut in transfer or while it was written"
    verdict = refuse(broken("not_the_promised_shape", "[{…", "[{…}]", reason=reason))
    assert french(verdict, contract) == (
        "Livraison refusée : le fichier s’arrête avant sa fin : le transfert a été coupé."
    )


def test_one_silent_meter_is_singular(refuse, contract):
    verdict = refuse(broken("series_incomplete"), profile=series(409, 409 * 48))
    assert french(verdict, contract) == (
        "Livraison refusée : 1 des 410 compteurs en service n’a rien envoyé le 27 mai 2019."
    )


def test_a_refusal_without_reason_given_is_still_a_sentence(refuse, contract):
    assert french(refuse(), contract) == "Livraison refusée."


def test_what_spoils_nothing_is_never_the_first_thing_to_fix(contract, clean_day):
    warnings = (
        broken("unknown_column", column="note", severity=Severity.WARNING, outcome=Outcome.WARNING),
        broken(
            "mixed_case_recommended_field", failed_rows=9, severity=Severity.WARNING, outcome=Outcome.WARNING
        ),
        broken("invalid_color", failed_rows=2, severity=Severity.WARNING, outcome=Outcome.WARNING),
    )
    verdict = clean_day.model_copy(update={"status": Status.ACCEPTED_WITH_WARNINGS, "rules": warnings})
    assert rank_problems(verdict, contract)[0].rule == "invalid_color"


def test_warnings_beside_rows_set_aside_are_named_too(contract, faulty_day):
    frozen = broken("frozen_series", "3 / 157", "≤ 0", severity=Severity.WARNING, outcome=Outcome.WARNING)
    both = faulty_day.model_copy(update={"rules": (*faulty_day.rules, frozen)})
    assert "À surveiller aussi : " not in french(faulty_day, contract)
    assert french(both, contract).startswith(french(faulty_day, contract) + " À surveiller aussi : ")
