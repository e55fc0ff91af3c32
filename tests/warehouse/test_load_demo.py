"""The real feeds load whole, in one commit a feed, and again changes nothing."""

from __future__ import annotations

from warehouse.load import load_deliveries


def test_the_readings_of_all_days_are_in_the_lake_with_their_provenance(demo, loaded) -> None:
    expected = sum(verdict.rows_accepted for verdict in demo.verdicts["enerflux-readings"])
    con = loaded.cursor()
    row = con.execute("""
        SELECT
            count(*), count(DISTINCT period), count(DISTINCT delivery_id), any_value(contributor),
            any_value(feed)
        FROM energy.reading
    """).fetchone()
    assert row == (expected, 27, 27, "enerflux", "enerflux-readings")
    assert con.execute("SELECT bool_and(meter_id LIKE 'enerflux:%') FROM energy.reading").fetchone() == (
        True,
    )
    assert con.execute("SELECT count(*) FROM energy.reading WHERE period = '2019-05-20'").fetchone() == (
        22307,
    )


def test_loading_the_feeds_again_commits_nothing(demo, loaded) -> None:
    before = loaded.snapshot()
    for feed, contract in demo.contracts.items():
        again = load_deliveries(loaded, contract, demo.verdicts[feed], demo.home)
        assert not again.changed
        assert again.rows == sum(verdict.rows_accepted for verdict in demo.verdicts[feed])
    assert loaded.snapshot() == before
