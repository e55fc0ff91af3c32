"""The lake holds every row that was put aside and what became of it; rows that entered are loaded once."""

from __future__ import annotations

import pytest

from contracts.replay import release
from tests.contracts.quarantine_toys import Toys, toys
from warehouse.lake import Lake
from warehouse.load import load_delivery
from warehouse.quarantine import record_quarantine
from warehouse.records import record_verdicts

ROWS = (("aa", "1", "me"), ("bb", "11", "Maria Silva"), ("B!", "2", "me"))


@pytest.fixture
def home(tmp_path):
    return Toys(tmp_path)


@pytest.fixture
def lake(home):
    with Lake.open(home.home, None) as lake:
        yield lake


def rows_of(lake, query):
    return lake.cursor().execute(query).fetchall()


def test_the_table_says_of_each_row_where_it_stands_why_and_what_became_of_it(home, lake):
    verdict = home.deliver(*ROWS)
    release(home.ward(), verdict, "toy", [1], actor="maker", reason="right")
    assert record_quarantine(lake, [toys()], home.home)
    found = rows_of(
        lake,
        "SELECT contributor, feed, delivery_id, contract_version, table_name, position, line, rules,"
        " original, state, reason, actor FROM pool.quarantine ORDER BY position",
    )
    name = verdict.arrival.delivery_id
    assert found == [
        (
            *("maker", "toys", name, "1.0.0", "toy", 1, 3, ["value_above_maximum(level)"]),
            *('{"ref":"bb","level":"11","watcher":"Mari…"}', "released", "right", "maker"),
        ),
        (
            *("maker", "toys", name, "1.0.0", "toy", 2, 4, ["pattern_mismatch(id)"]),
            *('{"ref":"B!","level":"2","watcher":"m…"}', "open", None, None),
        ),
    ]


def test_recording_the_quarantine_again_commits_nothing(home, lake):
    home.deliver(*ROWS)
    assert record_quarantine(lake, [toys()], home.home)
    before = lake.snapshot()
    assert not record_quarantine(lake, [toys()], home.home)
    assert lake.snapshot() == before


def test_a_pool_without_quarantine_has_an_empty_table(home, lake):
    record_quarantine(lake, [toys()], home.home)
    assert rows_of(lake, "SELECT count(*) FROM pool.quarantine") == [(0,)]


def test_a_released_row_is_loaded_once_and_counted_apart(home, lake):
    verdict = home.deliver(*ROWS)
    assert load_delivery(lake, toys(), verdict, home.home).rows == 1
    release(home.ward(), verdict, "toy", [1, 2], actor="maker", reason="right")
    assert load_delivery(lake, toys(), verdict, home.home).rows == 3
    assert not load_delivery(lake, toys(), verdict, home.home).changed
    found = rows_of(lake, "SELECT id, level::INTEGER, delivery_id FROM toys.toy ORDER BY level")
    name = verdict.arrival.delivery_id
    assert found == [("aa", 1, name), ("B!", 2, name), ("bb", 11, name)]


def test_landed_stays_accepted_and_quarantined_when_rows_are_released(home, lake):
    from types import SimpleNamespace

    verdict = home.deliver(*ROWS)
    release(home.ward(), verdict, "toy", [1], actor="maker", reason="right")
    load_delivery(lake, toys(), verdict, home.home)
    record_verdicts(lake, SimpleNamespace(actors=(), contracts=(toys(),)), [verdict])
    query = (
        "SELECT rows_landed, rows_accepted, rows_quarantined, rows_released, rows_loaded FROM pool.delivery"
    )
    assert rows_of(lake, query) == [(3, 1, 2, 1, 2)]
