"""A feed's page shows its past and why it changed; a contributor's page shows what waits for it."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from contracts.model import Waiver
from contracts.pool import load_pool
from contracts.quarantine_states import RowState
from contracts.quarantine_tally import Tally
from contracts.verdict import Status, Waived
from portal.contract_pages import write_contract_pages
from portal.feed_page import write_feed_pages
from portal.feed_view import compose_contributor, compose_feed, say_seconds
from portal.index import write_index
from portal.language import speak
from portal.report_view import compose
from portal.reports import write_report

ROOT = Path(__file__).parents[2]
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
READINGS = "enerflux-readings"
THIN = "\N{NARROW NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def pool():
    return load_pool(ROOT / "pools" / "porto-alegre")


def on(verdict, pool, feed, period, delivery_id):
    contract = pool.contract(feed)
    changes = {
        "feed": feed,
        "contributor": contract.contributor,
        "period": period,
        "delivery_id": delivery_id,
    }
    arrival = verdict.arrival.model_copy(update=changes)
    return verdict.model_copy(update={"arrival": arrival, "contract_version": contract.version})


@pytest.fixture
def verdicts(pool, clean_day, faulty_day, half_day, colours):
    return [
        on(clean_day, pool, READINGS, "2019-05-19", "19"),
        on(faulty_day, pool, READINGS, "2019-05-20", "20"),
        on(half_day, pool, READINGS, "2019-05-27", "27bad"),
        on(clean_day, pool, READINGS, "2019-05-27", "27good"),
        on(half_day, pool, READINGS, "2019-05-29", "29bad"),
        on(colours, pool, "eptc-gtfs", None, "eptc"),
    ]


def view(pool, verdicts, code="fr", feed=READINGS):
    mine = [v for v in verdicts if v.arrival.feed == feed]
    return compose_feed(pool, pool.contract(feed), mine, speak(code), now=NOW)


def test_every_change_of_score_names_the_rules_and_both_counts(pool, verdicts):
    changes = view(pool, verdicts).changes
    (accuracy,) = [c for c in changes if c.delivery_id == "20" and c.dimension == "Exactitude"]
    assert accuracy.is_worse
    assert any("puissance_w" in why and "0 ligne, puis 50 lignes" in why for why in accuracy.why)
    assert all(change.why for change in changes)


def test_the_page_json_keeps_every_explanation_in_both_languages(home, pool, verdicts):
    write_feed_pages(pool, verdicts, home, now=NOW)
    stored = json.loads((home.pages / READINGS / "feed.json").read_text("utf-8"))
    assert stored["format"] == "regie-feed/1"
    assert len(stored["fr"]["changes"]) == len(stored["en"]["changes"]) == 2
    assert all(c["why"] and c["delivery_id"] for c in stored["fr"]["changes"])


def test_every_link_of_every_page_leads_somewhere(home, pool, verdicts):
    for verdict in verdicts:
        contract = pool.contract(verdict.arrival.feed)
        write_report(verdict, contract, home, pool_title=pool.title, previous=None, quarantine=None)
    write_feed_pages(pool, verdicts, home, now=NOW)
    write_contract_pages(pool, verdicts, home)
    write_index(pool, verdicts, home)
    pages = [*home.pages.glob("*/index.*.html"), *home.pages.glob("contributor-*.html")]
    pages += list(home.pages.glob("*/*/*.html"))
    assert len(pages) == 2 * (len(pool.contracts) + 5 + len(verdicts))
    for page in pages:
        links = re.findall(r'href="([^"#]+)"', page.read_text("utf-8"))
        local = [a for a in links if not a.startswith(("mailto:", "http"))]
        assert local
        assert [a for a in local if not (page.parent / a).is_file()] == [], page


def test_days_due_that_never_came_are_named_missing(pool, verdicts):
    page = view(pool, verdicts)
    assert "13 mai 2019" in page.missing
    assert "20 mai 2019" not in page.missing
    assert page.late_note.startswith("28 périodes étaient dues")


def test_what_was_promised_stands_beside_what_was_measured(pool, verdicts):
    rows = {row.name: row for row in view(pool, verdicts, "en").levels}
    assert rows["Frequency"].promised == "every 1 day"
    assert rows["Frequency"].kept == "4 of 27"
    assert rows["Completeness"].promised == "at least 95%"
    assert rows["Frequency"].status == "accepted_with_warnings"


def test_a_feed_nobody_delivered_yet_has_a_page_that_says_so(pool):
    page = view(pool, [], "en")
    assert page.status == "missing"
    assert page.last_sentence == "Nothing delivered yet."
    assert page.strips == ()


def test_a_contributor_sees_first_what_is_still_refused(pool, verdicts):
    pages = [view(pool, verdicts)]
    page = compose_contributor(pool, "enerflux", pages, speak("fr"))
    assert [mark.words for _, mark in page.to_do] == [f"29 mai 2019{THIN}: refusée"]
    assert page.email == "donnees@enerflux.example"


def test_the_same_verdicts_give_the_same_pages(home, pool, verdicts):
    write_feed_pages(pool, verdicts, home, now=NOW)
    before = {p: p.read_bytes() for p in home.pages.rglob("*") if p.is_file()}
    write_feed_pages(pool, verdicts, home, now=NOW)
    assert before == {p: p.read_bytes() for p in home.pages.rglob("*") if p.is_file()}


def test_pages_load_nothing_from_elsewhere(home, pool, verdicts):
    for page in write_feed_pages(pool, verdicts, home, now=NOW):
        text = page.read_text("utf-8")
        assert "<script" not in text
        assert not re.search(r'(src|url\()\s*=?\s*["\']?http', text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(30, "30 s"), (120, "2 min"), (3600, "1 h"), (5400, "90 min"), (86_400, "1 day"), (90_000, "25 h")],
)
def test_a_duration_is_said_in_a_unit_that_does_not_hide_it(seconds, said):
    from decimal import Decimal

    assert say_seconds(Decimal(seconds), speak("en")) == said


def with_waiver(pool, feed, **more):
    fields = {
        "rule": "invalid_color",
        "table": "routes.txt",
        "accepted_by": "pool-porto-alegre",
        "name": "Pool de dados",
        "until": date(2019, 6, 30),
        "reason": {"fr": "Couleurs refaites cet été", "en": "New colours come in summer"},
    }
    contract = pool.contract(feed).model_copy(update={"waivers": (Waiver(**(fields | more)),)})
    contracts = tuple(contract if c.id == feed else c for c in pool.contracts)
    return pool.model_copy(update={"contracts": contracts})


def waived_colours(pool, colours):
    waiver = pool.contract("eptc-gtfs").waivers[0]
    rules = tuple(r.model_copy(update={"waiver": Waived.of(waiver)}) for r in colours.rules)
    verdict = colours.model_copy(update={"rules": rules, "status": Status.ACCEPTED})
    return on(verdict, pool, "eptc-gtfs", None, "eptc")


def test_what_is_accepted_for_now_is_on_the_feeds_the_contributors_and_the_pools_page(home, pool, colours):
    pool = with_waiver(pool, "eptc-gtfs")
    verdicts = [waived_colours(pool, colours)]
    write_feed_pages(pool, verdicts, home, now=NOW)
    write_index(pool, verdicts, home)
    said = f"Accepté par Pool de dados jusqu’au 30 juin 2019{THIN}: Couleurs refaites cet été"
    for page in ("eptc-gtfs/index.fr.html", "contributor-eptc.fr.html", "index.fr.html"):
        text = (home.pages / page).read_text("utf-8")
        assert said in text, page
        assert "En vigueur" in text


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"until": date(2019, 6, 9)}, "Over: the rule speaks again"),
        ({"until": date(2019, 6, 10)}, "In force"),
        ({"start": date(2019, 6, 11)}, "To come"),
    ],
)
def test_a_waiver_is_said_to_hold_only_while_it_does(pool, more, state):
    changed = with_waiver(pool, "eptc-gtfs", **more)
    page = view(changed, [], "en", "eptc-gtfs")
    assert [w.state for w in page.waivers] == [state]


def test_the_report_says_who_accepts_the_fault_and_never_asks_to_fix_it_first(pool, colours):
    pool = with_waiver(pool, "eptc-gtfs")
    verdict = waived_colours(pool, colours)
    report = compose(verdict, pool.contract("eptc-gtfs"), speak("fr"), pool_title={}, previous=None)
    (problem,) = report.problems
    assert (problem.level, problem.level_word) == ("info", "Accepté pour l’instant")
    assert problem.waived.startswith("Accepté par Pool de dados jusqu’au 30 juin 2019")
    assert "115" in problem.found
    assert report.first_anchor == ""
    assert report.sentence.startswith("Livraison acceptée")
    assert "accepté pour l’instant" in report.sentence


def test_a_report_with_one_waived_fault_asks_to_fix_the_other_first(pool, faulty_day):
    contract = pool.contract(READINGS)
    by = Waived(accepted_by="third", until=date(2019, 6, 30), reason={"en": "known"})
    rules = tuple(
        r.model_copy(update={"waiver": by}) if r.rule == "value_below_minimum" and r.failed_rows else r
        for r in faulty_day.rules
    )
    report = compose(
        faulty_day.model_copy(update={"rules": rules}), contract, speak("en"), pool_title={}, previous=None
    )
    assert [p.rule for p in report.problems][-1] == "value_below_minimum"
    assert report.problems[0].rule == "duplicate_key"
    assert report.first_anchor == "p1"


def test_kept_rows_are_counted_by_rule_and_state(pool):
    tallies = (
        Tally("value_below_minimum", "reading", "power_w", {RowState.OPEN: 50, RowState.FIXED: 2}),
        Tally("duplicate_key", "reading", None, {RowState.RELEASED: 30}),
    )
    page = compose_feed(pool, pool.contract(READINGS), [], speak("en"), now=NOW, tallies=tallies)
    assert page.state_names == ("Open", "Waived", "Fixed", "Released", "Expired")
    assert [row.counts for row in page.tallies] == [("50", "0", "2", "0", "0"), ("0", "0", "0", "30", "0")]
    assert "puissance_w" in page.tallies[0].title
    assert page.open_rows == 50
    line = compose_contributor(pool, "enerflux", [page], speak("en")).feeds[0]
    assert line.open_rows == "50"
