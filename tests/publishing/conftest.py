"""What the tests of publishing share: a small lake of real feeds, and one publication of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import lakes

from contracts.layout import Home
from publishing.publish import Publication, publish

DAYS = ["2019-05-13", "2019-05-14", "2019-05-15", "2019-05-20"]


@pytest.fixture(scope="session")
def pool():
    return lakes.bundled_pool()


@pytest.fixture(scope="session")
def filled(pool, tmp_path_factory):
    """A lake of all domains, and its verdicts."""
    lake = lakes.empty_lake()
    verdicts = lakes.fill_energy(lake, pool, DAYS)
    verdicts += lakes.fill_waste(lake, pool, ["2019-05-13", "2019-05-15", "2019-06-09"])
    verdicts += lakes.fill_territory(lake, pool)
    verdicts += lakes.fill_mobility(lake, pool, tmp_path_factory.mktemp("gtfs"))
    lakes.fill_indicators(lake, pool, tmp_path_factory.mktemp("indicators"))
    return lake, verdicts


@pytest.fixture(scope="session")
def published(pool, filled, tmp_path_factory) -> Publication:
    lake, verdicts = filled
    home = Home(tmp_path_factory.mktemp("home"))
    return publish(lake, pool, home, verdicts, code_version="test")
