"""The bundled pool's own contracts read the bundled feeds."""

from __future__ import annotations

import gzip
import json

import pytest

from connectors.formats import UnreadableError
from contracts.pool import load_pool
from tests.connectors.conftest import FEEDS, ROOT

CONTRACTS = {contract.id: contract for contract in load_pool(ROOT / "pools" / "porto-alegre").contracts}


def files_of(feed):
    pattern = CONTRACTS[feed].server.location.replace("{base}/", "").replace("{period}", "*")
    return sorted(FEEDS.glob(pattern))


@pytest.mark.parametrize(
    ("feed", "unknown", "notes"),
    [
        ("enerflux-meters", set(), set()),
        ("velia-containers", set(), set()),
        ("velia-collections", set(), set()),
        ("ipea-population", set(), set()),
        ("ipea-places", set(), set()),
        ("eptc-gtfs", {"trip_time"}, set()),
        ("trensurb-gtfs", set(), {"header_blanks_stripped"}),
    ],
)
def test_a_snapshot_is_read_whole(con, read, feed, unknown, notes):
    contract, (path,) = CONTRACTS[feed], files_of(feed)
    tables = read(contract, path)
    strange, noted = set(), set()
    for name, raw in tables.items():
        assert con.execute(f"SELECT count(*) FROM ({raw.sql})").fetchone() == (raw.rows,)
        assert raw.unread_lines == ()
        strange |= set(raw.header) - {column.source for column in contract.table(name).columns}
        noted |= set(raw.notes)
    assert (strange, noted) == (unknown, notes)


def test_every_day_of_readings_but_one_has_all_its_lines(read):
    for path in files_of("enerflux-readings"):
        if "2019-06-03" in path.name:
            with pytest.raises(UnreadableError):
                read(CONTRACTS["enerflux-readings"], path)
            continue
        raw = read(CONTRACTS["enerflux-readings"], path)["reading"]
        assert raw.rows == gzip.decompress(path.read_bytes()).count(b"\n") - 1


def test_every_day_of_observations_has_all_its_entities(read):
    for path in files_of("velia-bins"):
        raw = read(CONTRACTS["velia-bins"], path)["fill_observation"]
        assert raw.rows == len(json.loads(gzip.decompress(path.read_bytes())))
