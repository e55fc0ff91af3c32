"""A feed's page shows its past and why it changed; a contributor's page shows what waits for it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.pool import load_pool
from portal.feed_page import write_feed_pages
from portal.feed_view import compose_contributor, compose_feed, say_seconds
from portal.index import write_index
from portal.language import speak
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
    return compose_feed(pool, pool.contract(feed), mine, speak(code), NOW)


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
