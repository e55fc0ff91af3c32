"""The index shows every contributor, feed and day, and never a status by colour alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contracts.layout import Home
from contracts.pool import load_pool
from contracts.verdict import Status
from portal.contract_pages import write_contract_pages
from portal.feed_page import write_feed_pages
from portal.index import write_index
from portal.index_view import compose_index, list_concerns
from portal.language import speak
from portal.reports import write_report
from portal.rule_pages import write_rule_pages

ROOT = Path(__file__).parents[2]
READINGS = "enerflux-readings"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def pool():
    return load_pool(ROOT / "pools" / "porto-alegre")


def on(verdict, pool, feed, period, delivery_id):
    contract = pool.contract(feed)
    arrival = verdict.arrival.model_copy(
        update={
            "feed": feed,
            "contributor": contract.contributor,
            "period": period,
            "delivery_id": delivery_id,
        }
    )
    return verdict.model_copy(update={"arrival": arrival, "contract_version": contract.version})


@pytest.fixture
def verdicts(pool, clean_day, half_day, colours):
    return [
        on(clean_day, pool, READINGS, "2019-05-26", "26"),
        on(half_day, pool, READINGS, "2019-05-27", "27bad"),
        on(clean_day, pool, READINGS, "2019-05-27", "27good"),
        on(half_day, pool, READINGS, "2019-05-29", "29bad"),
        on(colours, pool, "eptc-gtfs", None, "eptc"),
    ]


def feeds(pool, verdicts, code="fr"):
    return {f.id: f for c in compose_index(pool, verdicts, speak(code)) for f in c.feeds}


def cells(feed):
    return {c.words.partition("\N{NARROW NO-BREAK SPACE}")[0]: c for w in feed.weeks for c in w.cells}


def test_every_contributor_and_feed_of_the_pool_is_there(home, pool, verdicts):
    page = write_index(pool, verdicts, home).with_name("index.fr.html").read_text("utf-8")
    for contract in pool.contracts:
        assert contract.label["fr"] in page
        assert contract.support[0] in page
    assert "EPTC, bus" in page


def test_a_day_sent_again_shows_both_verdicts_in_order_of_arrival(pool, verdicts):
    day = cells(feeds(pool, verdicts)[READINGS])["27 mai 2019"]
    assert [m.status for m in day.marks] == [Status.REJECTED, Status.ACCEPTED]


def test_a_feed_stands_as_its_last_days_last_delivery_does(pool, verdicts):
    assert feeds(pool, verdicts[:3])[READINGS].status == Status.ACCEPTED
    assert feeds(pool, verdicts)[READINGS].status == Status.REJECTED


def test_a_missing_day_is_shown_as_missing_and_listed(pool, verdicts):
    day = cells(feeds(pool, verdicts)[READINGS])["28 mai 2019"]
    assert day.is_due
    assert day.marks == ()
    concerns = list_concerns(compose_index(pool, verdicts, speak("en")))
    words = [c.words for c in concerns if c.feed == "Half-hour readings"]
    assert "28 May 2019: nothing received" in words
    assert "29 May 2019: refused" in words
    assert not [w for w in words if w.startswith("27 May")], "a day mended by a re-delivery waits for nothing"


def test_days_before_the_feed_and_after_the_pools_clock_are_not_due(pool, verdicts):
    found = cells(feeds(pool, verdicts)[READINGS])
    due = [day for day, cell in found.items() if cell.is_due]
    assert due[0] == "13 mai 2019"
    assert due[-1] == "9 juin 2019"


def test_every_mark_leads_to_a_report_that_exists(home, pool, verdicts):
    for verdict in verdicts:
        contract = pool.contract(verdict.arrival.feed)
        write_report(verdict, contract, home, pool_title=pool.title, previous=None, quarantine=None)
    write_feed_pages(pool, verdicts, home, now=NOW)
    write_contract_pages(pool, verdicts, home)
    write_rule_pages(pool, home)
    for code in ("fr", "en"):
        page = write_index(pool, verdicts, home).with_name(f"index.{code}.html").read_text("utf-8")
        links = [a for a in re.findall(r'href="([^"#]+)"', page) if not a.startswith("mailto:")]
        assert len(links) > len(verdicts)
        assert all((home.pages / link).is_file() for link in links)


def test_reports_lead_back_to_the_index_and_to_the_other_language(home, pool, verdicts):
    write_index(pool, verdicts, home)
    write_feed_pages(pool, verdicts, home, now=NOW)
    write_contract_pages(pool, verdicts, home)
    contract = pool.contract(READINGS)
    page = write_report(verdicts[0], contract, home, pool_title=pool.title, previous=None, quarantine=None)
    links = [a for a in re.findall(r'href="([^"#]+)"', page.read_text("utf-8")) if ":" not in a]
    assert {"../../index.fr.html", "26.en.html", "26.json"} <= set(links)
    assert all((page.parent / link).is_file() for link in links)


class Marks(HTMLParser):
    """Texts and shapes of the calendars' links."""

    def __init__(self):
        super().__init__()
        self.texts, self.open = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "a" and "title" in dict(attrs):
            self.open = True
            self.texts.append("")

    def handle_endtag(self, tag):
        self.open = self.open and tag != "a"

    def handle_data(self, data):
        if self.open:
            self.texts[-1] += data


def test_status_is_said_in_words_and_drawn_in_shapes(home, pool, verdicts):
    page = write_index(pool, verdicts, home).with_name("index.en.html").read_text("utf-8")
    marks = Marks()
    marks.feed(page)
    assert "27 May 2019: refused" in marks.texts
    assert "27 May 2019: accepted" in marks.texts
    shapes = {
        status: re.search(rf'<svg class="mark {status}"[^>]*>(.*?)</svg>', page)[1]
        for status in ("accepted", "accepted_with_warnings", "rejected", "missing")
    }
    assert len(set(shapes.values())) == 4


def test_origin_of_the_data_is_told_at_the_top(home, pool, verdicts):
    write_index(pool, verdicts, home)
    for code in ("fr", "en"):
        assert pool.notices[code][:40] in (home.pages / f"index.{code}.html").read_text("utf-8").replace(
            "&#39;", "'"
        )


def test_the_catalogue_is_linked_once_it_is_published(home, pool, verdicts):
    page = write_index(pool, verdicts, home).with_name("index.fr.html")
    assert "catalog.ttl" not in page.read_text("utf-8")
    (home.published / "current").mkdir(parents=True)
    (home.published / "current" / "catalog.ttl").write_text("")
    write_index(pool, verdicts, home)
    assert 'href="../../published/current/catalog.ttl"' in page.read_text("utf-8")


def test_the_same_verdicts_give_the_same_index(tmp_path, pool, verdicts):
    homes = [Home(tmp_path / "a"), Home(tmp_path / "b")]
    for home in homes:
        write_index(pool, verdicts, home)
    names = ["index.html", "index.fr.html", "index.en.html"]
    first, second = ([(h.pages / n).read_bytes() for n in names] for h in homes)
    assert first == second


def test_a_pool_without_any_delivery_has_an_index(home, pool):
    page = write_index(pool, [], home).with_name("index.fr.html").read_text("utf-8")
    assert "Aucune livraison pour l’instant." in page


def test_a_long_history_is_folded(pool, clean_day):
    from datetime import date

    days = [date(2019, 5, 13) + timedelta(days=i) for i in range(200)]
    verdicts = [on(clean_day, pool, READINGS, d.isoformat(), f"d{i}") for i, d in enumerate(days)]
    feed = feeds(pool, verdicts)[READINGS]
    assert len(feed.weeks) == 13
    assert len(feed.older) == 29 - 13


def test_a_hostile_contract_stays_text_in_the_index(home, pool, verdicts):
    hostile = '"><script>alert(1)</script>{{ 7*7 }}{n}'
    contract = pool.contract(READINGS).model_copy(
        update={
            "label": {"fr": hostile, "en": hostile},
            "support": (hostile,),
            "origin_note": {"en": hostile},
        }
    )
    others = tuple(c for c in pool.contracts if c.id != READINGS)
    changed = pool.model_copy(update={"contracts": (contract, *others), "title": {"fr": hostile}})
    write_index(changed, verdicts, home)
    for name in ("index.html", "index.fr.html", "index.en.html"):
        page = (home.pages / name).read_text("utf-8")
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "49" not in re.findall(r"\{\{ 7\*7 \}\}|49", page)
