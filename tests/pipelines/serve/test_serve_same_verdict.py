"""One validator, one verdict: a file tried and then deposited is judged alike, whatever the feed."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.layout import Home
from contracts.verdict import Verdict
from pipelines.engine import Engine
from pipelines.serve import deposit_file, try_file
from pipelines.settings import Settings
from portal.api.desk import Upload

from .conftest import FEEDS, POOL


def facts(verdict: Verdict) -> dict[str, object]:
    """All that a verdict says but where the bytes came from."""
    told = verdict.model_dump(exclude={"arrival", "profile"})
    return told | {"delivery": verdict.arrival.delivery_id, "profile": dict(sorted(verdict.profile.items()))}


@pytest.mark.parametrize(
    ("feed", "names"),
    [
        ("velia-containers", ["waste/containers.csv", "waste/containers.csv"]),
        ("velia-bins", ["waste/containers.csv", "waste/bins_2019-05-15.json.gz"]),
        ("trensurb-gtfs", ["poa_trensurb.zip", "poa_trensurb.zip"]),
        ("enerflux-readings", ["energy/meters.csv", "energy/readings_2019-05-20.csv.gz"]),
    ],
)
def test_a_try_and_a_deposit_agree_in_every_rule(feed: str, names: list[str], tmp_path: Path) -> None:
    engine = Engine(Settings(POOL, Home(tmp_path / "home")))
    register, own = (FEEDS / name for name in names)
    first = {"velia-bins": "velia-containers", "enerflux-readings": "enerflux-meters"}.get(feed, feed)
    deposit_file(engine, engine.pool.contract(first), None, Upload(register, register.name, 0))
    later = engine.now + timedelta(days=1)
    engine.__dict__["pool"] = engine.pool.model_copy(update={"now": later})
    changed = tmp_path / own.name
    changed.write_bytes(own.read_bytes())
    # A snapshot that comes again is compared with the one before: other bytes, the same rows.
    if own.suffix == ".csv":
        changed.write_bytes(own.read_bytes() + b"\n")
    elif own.suffix == ".zip":
        with zipfile.ZipFile(changed, "a") as archive:
            archive.comment = b"again"
    upload, contract = Upload(changed, own.name, 0), engine.pool.contract(feed)
    tried = try_file(engine, contract, None, upload, Home(tmp_path / "pages"))
    deposited = deposit_file(engine, contract, None, upload).verdict
    assert facts(tried) == facts(deposited)
    assert tried.rules
