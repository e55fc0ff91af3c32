"""Reports say what happened, in words a contributor can act on."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import duckdb
import pytest

from contracts.layout import Home
from contracts.model import Dimension, Severity
from contracts.verdict import Example, Outcome, RuleResult, Status
from portal.language import speak
from portal.reports import write_report
from portal.sentences import headline, rank_problems

TITLE = {"fr": "Pool de Porto Alegre", "en": "Porto Alegre pool"}
THIN = "\N{NARROW NO-BREAK SPACE}"


def keep_a_row(path):
    """A quarantine of one row, as the record gate writes it."""
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT 0::BIGINT AS position, 2::BIGINT AS line,"
            " [{'rule': 'value_below_minimum', 'column': 'power_w'}] AS rules, '1.1.0' AS contract_version,"
            " {'prm': '30000000007919', 'horodate': '2019-05-20T00:00:00-03:00', 'sens': 'consumption',"
            " 'puissance_w': '-5'} AS original, NULL::VARCHAR AS raw_line)"
            f" TO '{path}' (FORMAT parquet)"
        )


def write(verdict, contract, home, previous=None, quarantine=None):
    page = write_report(verdict, contract, home, pool_title=TITLE, previous=previous, quarantine=quarantine)
    stem = page.name.removesuffix(".fr.html")
    return (
        page.read_text("utf-8"),
        page.with_name(f"{stem}.en.html").read_text("utf-8"),
        json.loads(page.with_name(f"{stem}.json").read_text("utf-8")),
    )


def test_a_report_stands_at_its_stable_address(home, contract, half_day):
    page = write_report(half_day, contract, home, pool_title=TITLE, previous=None, quarantine=None)
    assert page.relative_to(home.pages).as_posix() == "enerflux-readings/2019-05-27/27aaaaaaaaaaaaaa.fr.html"


def test_a_feed_sent_whole_has_its_report_under_snapshot(home, gtfs_contract, colours):
    page = write_report(colours, gtfs_contract, home, pool_title=TITLE, previous=None, quarantine=None)
    assert page.parent.relative_to(home.pages).as_posix() == "eptc-gtfs/snapshot"


def test_half_the_meters_absent_is_said_in_the_first_sentence(contract, half_day):
    said = headline(half_day, contract, speak("fr")).replace(THIN, " ")
    assert said == "Livraison refusée : 207 des 415 compteurs en service n’ont rien envoyé le 27 mai 2019."
    said = headline(half_day, contract, speak("en"))
    assert said == "Delivery refused: 207 of the 415 meters in service sent nothing on 27 May 2019."


def test_a_changed_format_is_said_as_one_event(contract, changed_format):
    said = headline(changed_format, contract, speak("fr")).replace(THIN, " ")
    assert said == (
        "Livraison refusée, car le format du fichier a changé : séparateur virgule (,) "
        "au lieu de point-virgule (;) ; colonnes promises introuvables : prm, horodate, puissance_w."
    )


def test_a_clean_day_says_so_and_lists_nothing_to_fix(home, contract, clean_day):
    french, english, content = write(clean_day, contract, home)
    assert f"Livraison acceptée{THIN}: les 22{THIN}282 lignes respectent le contrat." in french
    assert "Delivery accepted: all 22,282 rows keep the contract." in english
    assert content["fr"]["problems"] == []
    assert "À corriger en premier" not in french


def test_a_faulty_day_counts_every_rule_and_what_became_of_its_rows(home, contract, faulty_day):
    french, _, content = write(faulty_day, contract, home)
    counts = {r["rule"]: r["failed_rows"] for r in content["verdict"]["rules"] if r["failed_rows"]}
    assert counts == {
        "value_below_minimum": 50,
        "power_above_segment_ceiling": 13,
        "pattern_mismatch": 10,
        "duplicate_key": 30,
    }
    assert f"102 lignes sur 22{THIN}409 sont mises de côté" in french
    assert f"22{THIN}409 lignes reçues = 22{THIN}307 acceptées + 102 en quarantaine (0,46{THIN}%)" in french
    assert "5 exemples sur 50" in french


def test_what_frees_most_rows_is_to_fix_first(contract, faulty_day):
    ranked = [r.rule for r in rank_problems(faulty_day, contract)]
    assert ranked == [
        "value_below_minimum",
        "duplicate_key",
        "power_above_segment_ceiling",
        "pattern_mismatch",
    ]


def test_what_refused_a_delivery_comes_before_faulty_rows(contract, half_day, faulty_day):
    both = half_day.model_copy(update={"rules": faulty_day.rules + half_day.rules})
    assert rank_problems(both, contract)[0].rule == "series_incomplete"


def test_colours_are_a_reservation_with_file_field_and_value(home, gtfs_contract, colours):
    french, _, content = write(colours, gtfs_contract, home)
    problem = content["fr"]["problems"][0]
    assert problem["level"] == "warning"
    assert ["Table", "routes.txt"] in problem["where"]
    assert ["Champ", "route_text_color"] in problem["where"]
    assert problem["examples"][0] == ["2", "0"]
    assert "5 exemples sur 115" in french


def test_personal_columns_are_masked_even_if_the_gate_forgot(home, contract, faulty_day):
    pages = write(faulty_day, contract, home)
    for text in (pages[0], pages[1], json.dumps(pages[2])):
        assert "30000000007919" not in text
        assert "12AB" not in text
    assert "##xx" in pages[0]
    assert "-5" in pages[0]


def test_a_line_that_could_not_be_split_shows_no_personal_text(home, contract, faulty_day):
    torn = RuleResult(
        rule="malformed_line",
        table="reading",
        severity=Severity.ERROR,
        dimension=Dimension.CONFORMITY,
        outcome=Outcome.FAILED,
        checked_rows=2,
        failed_rows=1,
        examples=(Example(position=0, line=2, value="30000000007919;cut"),),
    )
    page, _, _ = write(faulty_day.model_copy(update={"rules": (torn,)}), contract, home)
    assert "30000000007919" not in page
    assert "##############;xxx" in page


def test_a_file_judged_outside_a_pool_links_to_no_index(home, contract, clean_day):
    page = write_report(clean_day, contract, home, pool_title={}, previous=None, quarantine=None)
    assert "index." not in page.read_text("utf-8")


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}{x}%s'


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_hostile_values_stay_text(home, contract, faulty_day):
    bad = faulty_day.rules[1].model_copy(
        update={
            "column": "power_w",
            "source": HOSTILE,
            "observed": HOSTILE,
            "reason": HOSTILE,
            "examples": (Example(position=0, line=2, value=HOSTILE, key={HOSTILE: HOSTILE}),),
        }
    )
    arrival = faulty_day.arrival.model_copy(update={"source": "/tmp/" + HOSTILE.replace("/", "")})  # noqa: S108
    open_contract = contract.model_copy(
        update={
            "label": {"fr": HOSTILE, "en": HOSTILE},
            "support": (HOSTILE,),
            "origin_note": {"fr": HOSTILE},
        }
    )
    verdict = faulty_day.model_copy(update={"rules": (bad,), "arrival": arrival})
    for page in write(verdict, open_contract, home)[:2]:
        tags = Tags()
        tags.feed(page)
        assert not [t for t, _ in tags.found if t in ("script", "img")]
        assert not [a for _, attrs in tags.found for a in attrs if a.startswith("on")]
        assert "&lt;script&gt;" in page
        assert "{{ 7*7 }}" in page


def test_pages_need_no_other_file_and_no_script(home, contract, faulty_day):
    for page in write(faulty_day, contract, home)[:2]:
        tags = Tags()
        tags.feed(page)
        assert not [t for t, _ in tags.found if t in ("script", "img", "iframe", "object", "embed", "link")]
        addresses = [a["href"] for t, a in tags.found if t == "a"]
        assert all(not re.match(r"[a-z]+:", a) or a.startswith("mailto:") for a in addresses)
        assert "url(" not in page
        assert "@import" not in page


@pytest.mark.parametrize("code", ["fr", "en"])
def test_headings_are_in_order_and_tables_have_scopes(home, contract, faulty_day, code):
    page = write(faulty_day, contract, home)[0 if code == "fr" else 1]
    tags = Tags()
    tags.feed(page)
    levels = [int(t[1]) for t, _ in tags.found if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in a for t, a in tags.found if t == "th")
    assert ("html", {"lang": code}) in tags.found
    assert next(a["href"] for t, a in tags.found if t == "a") == "#main"


def test_the_same_verdict_gives_the_same_bytes_in_two_homes(tmp_path, contract, faulty_day, clean_day):
    written = []
    for name in ("one", "two"):
        home = Home(tmp_path / name)
        quarantine = home.quarantine / "enerflux-readings/2019-05-20/0123456789abcdef"
        quarantine.mkdir(parents=True)
        keep_a_row(quarantine / "reading.parquet")
        write(faulty_day, contract, home, previous=clean_day, quarantine=quarantine)
        written.append(
            {p.relative_to(home.root): p.read_bytes() for p in home.pages.rglob("*") if p.is_file()}
        )
    assert written[0] == written[1]
    assert len(written[0]) == 4


def test_where_the_bytes_were_fetched_changes_no_page(tmp_path, contract, faulty_day):
    elsewhere = faulty_day.arrival.model_copy(
        update={"source": "http://10.0.0.9:9999/readings_2019-05-20.csv.gz", "headers": {"Date": "today"}}
    )
    written = []
    for name, verdict in {
        "here": faulty_day,
        "there": faulty_day.model_copy(update={"arrival": elsewhere}),
    }.items():
        home = Home(tmp_path / name)
        write(verdict, contract, home)
        written.append([p.read_bytes() for p in sorted(home.pages.rglob("*.*"))])
    assert written[0] == written[1]


def test_the_comparison_names_what_appeared_and_what_went(home, contract, faulty_day, clean_day):
    _, _, worse = write(faulty_day, contract, home, previous=clean_day)
    _, _, better = write(clean_day, contract, home, previous=faulty_day)
    assert len(worse["fr"]["appeared"]) == 4
    assert worse["fr"]["vanished"] == []
    assert better["en"]["vanished"] == worse["en"]["appeared"]
    rows = {c["what"]: (c["before"], c["now"]) for c in worse["fr"]["changes"]}
    assert rows["Lignes reçues"] == (f"22{THIN}282", f"22{THIN}409")


def test_a_file_that_cannot_be_read_mends_nothing(home, contract, changed_format, faulty_day):
    _, _, content = write(changed_format, contract, home, previous=faulty_day)
    assert content["fr"]["vanished"] == []


def test_our_own_crash_is_never_told_as_their_fault(home, contract, clean_day):
    crash = clean_day.rules[0].model_copy(update={"outcome": Outcome.ERROR, "reason": "ZeroDivisionError"})
    french, _, content = write(clean_day.model_copy(update={"rules": (crash,)}), contract, home)
    assert "Une panne de notre côté, pas du vôtre" in french
    assert content["fr"]["problems"] == []


def test_skipped_checks_say_what_they_need(home, contract, faulty_day):
    french, english, _ = write(faulty_day, contract, home)
    assert "1 contrôle non effectué" in french
    assert "demande 7 livraisons acceptées par le passé, il y en a 6" in french
    assert "needs 7 accepted deliveries of the past, has 6" in english


def test_a_million_faulty_rows_make_a_small_page(home, contract, faulty_day):
    many = tuple(Example(position=i, line=i + 2, value="x" * 5000) for i in range(20_000))
    flood = faulty_day.rules[1].model_copy(
        update={"failed_rows": 1_000_000, "checked_rows": 1_000_000, "examples": many}
    )
    french, _, content = write(faulty_day.model_copy(update={"rules": (flood,)}), contract, home)
    assert len(french.encode()) < 100_000
    assert f"5 exemples sur 1{THIN}000{THIN}000" in french
    assert len(json.dumps(content)) < 100_000


def test_a_delivery_is_dated_in_the_pools_time_zone(home, contract, clean_day):
    french, english, _ = write(clean_day, contract, home)
    assert "10 juin 2019 à 06:00" in french
    assert "10 June 2019 at 06:00" in english


def test_a_refused_delivery_says_that_nothing_was_loaded(home, contract, half_day):
    french, _, _ = write(half_day, contract, home)
    assert f"Rien n’a été chargé{THIN}: aucune des 11{THIN}368 lignes ne va plus loin." in french


def test_an_information_changes_no_verdict(contract, clean_day, colours):
    told = colours.rules[0].model_copy(update={"severity": Severity.INFO})
    verdict = clean_day.model_copy(update={"rules": (told,)})
    assert verdict.status is Status.ACCEPTED
    assert headline(verdict, contract, speak("en")).startswith("Delivery accepted: all")


def test_no_problem_of_a_refused_delivery_says_that_data_are_used(home, contract, half_day, faulty_day):
    warning = half_day.rules[-1].model_copy(
        update={"rule": "volume_out_of_range", "severity": Severity.WARNING, "outcome": Outcome.WARNING}
    )
    rules = (*half_day.rules, *faulty_day.rules, warning)
    _, _, content = write(half_day.model_copy(update={"rules": rules}), contract, home)
    fates = {p["rule"]: p["fate"] for p in content["en"]["problems"]}
    assert fates["volume_out_of_range"] == fates["series_incomplete"]
    assert "refused" in fates["value_below_minimum"]
    assert not [f for f in fates.values() if "are used" in f]
