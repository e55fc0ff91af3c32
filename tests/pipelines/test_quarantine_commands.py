"""The quarantine worked through from the command line, on the home that the demonstration left."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contracts import verdicts
from contracts.layout import Home
from contracts.pool import load_pool
from contracts.promises import list_due
from tests.pipelines.conftest import POOL, run_regie

DAY = "2019-05-20"


@pytest.fixture
def worked(played_home: Path, tmp_path: Path):
    """The command line on a copy of the played home, so that others find theirs as it was."""
    home = tmp_path / "home"
    shutil.copytree(played_home, home, symlinks=True)
    return lambda *arguments: run_regie(home, *arguments)


def ask(regie, *arguments):
    done = regie(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def counts(regie):
    query = (
        "SELECT rows_landed, rows_accepted, rows_quarantined, rows_released, rows_loaded FROM pool.delivery"
        f" WHERE feed = 'enerflux-readings' AND period = DATE '{DAY}'"
    )
    [row] = ask(regie, "sql", "--json", query)
    return tuple(row.values())


def test_every_row_of_may_20_waits_in_the_lake_and_on_the_feeds_page(played, played_home):
    query = (
        "SELECT state, count(*) AS n, count(DISTINCT position) AS rows FROM pool.quarantine"
        f" WHERE feed = 'enerflux-readings' AND period = DATE '{DAY}' GROUP BY state"
    )
    assert ask(played, "sql", "--json", query) == [{"state": "open", "n": 102, "rows": 102}]
    masked = "SELECT count(*) AS n FROM pool.quarantine WHERE original LIKE '%30000000007919%'"
    assert ask(played, "sql", "--json", masked) == [{"n": 0}]
    pages = played_home / "reports" / "pages"
    assert "quarantine" in (pages / "enerflux-readings" / "index.fr.html").read_text("utf-8")
    [csv] = (pages / "enerflux-readings" / DAY).glob("*.quarantine.csv")
    assert len(csv.read_text("utf-8").splitlines()) == 103
    assert csv.name in csv.with_name(csv.name.replace("quarantine.csv", "fr.html")).read_text("utf-8")


def test_the_pages_and_the_lake_agree_on_what_was_late(played, played_home):
    """Two routes: SQL over `pool.delivery`, and the portal's own reading of verdicts."""
    pool = load_pool(POOL)
    query = (
        "SELECT feed, period::VARCHAR AS day, epoch(due_at)::BIGINT AS due, is_late"
        " FROM pool.expected_delivery"
    )
    told = {(r["feed"], r["day"]): (r["due"], r["is_late"]) for r in ask(played, "sql", "--json", query)}
    found = {
        (contract.id, due.day.isoformat()): (int(due.due_at.timestamp()), due.is_late)
        for contract in pool.contracts
        for due in list_due(contract, verdicts.load_all(Home(played_home), contract.id), pool.now)
    }
    assert len(found) == 56
    assert found == told


def test_rows_that_someone_in_charge_releases_are_loaded_and_counted_apart(worked):
    assert counts(worked) == (22409, 22307, 102, 0, 22307)
    [row] = ask(worked, "quarantine", "list", "--period", DAY, "--limit", "1", "--json")
    place = (row["delivery_id"], "--row", str(row["position"]), "--reason", "checked by phone")
    stranger = worked("quarantine", "release", *place, "--actor", "velia")
    assert stranger.returncode == 2
    assert "answers for enerflux-readings" in stranger.stderr
    assert counts(worked) == (22409, 22307, 102, 0, 22307)
    done = worked("quarantine", "release", *place, "--actor", "enerflux")
    assert (done.returncode, done.stdout.strip()) == (0, "1 of 1 rows entered."), done.stderr
    assert counts(worked) == (22409, 22307, 102, 1, 22308)
    assert worked("quarantine", "release", *place, "--actor", "enerflux").returncode == 1
    shown = ask(worked, "quarantine", "show", row["delivery_id"][:6], "--json")
    assert shown["rows"][0]["state"] == "released"
    assert shown["rows"][0]["actor"] == "enerflux"


def test_a_replay_under_a_looser_contract_moves_what_passes_into_the_lake(worked, tmp_path):
    pool = tmp_path / "pool"
    shutil.copytree(POOL, pool, ignore=shutil.ignore_patterns("feeds"))
    contract = pool / "contracts" / "enerflux-readings.yaml"
    text = contract.read_text("utf-8").replace("version: 1.0.0", "version: 1.1.0", 1)
    plain = "{name: power_w, physicalName: puissance_w}"
    assert plain in text
    loose = "{name: power_w, physicalName: puissance_w, logicalTypeOptions: {minimum: -10}}"
    contract.write_text(text.replace(plain, loose), "utf-8")
    done = worked("quarantine", "replay", "enerflux-readings", "--period", DAY, "--json")
    assert [row["entered"] for row in json.loads(done.stdout)] == [0]
    arguments = ("--pool", str(pool), "quarantine", "replay", "enerflux-readings", "--period", DAY, "--json")
    assert [row["entered"] for row in ask(worked, *arguments)] == [50]
    assert counts(worked) == (22409, 22307, 102, 50, 22357)
    assert [row["entered"] for row in ask(worked, *arguments)] == [0]
