"""Reports on the bundled feeds, by the gates themselves: the first sentence is what an expert would say."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from connectors.formats import read_tables
from contracts.gate import judge
from contracts.layout import Home
from contracts.pool import load_pool
from contracts.verdict import Arrival
from portal.language import speak
from portal.reports import write_report
from portal.sentences import headline

ROOT = Path(__file__).parents[2]
POOL = ROOT / "pools" / "porto-alegre"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
THIN = "\N{NARROW NO-BREAK SPACE}"


def arrive(contract, period, path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Arrival(
        delivery_id=digest[:16],
        contributor=contract.contributor,
        feed=contract.id,
        period=period,
        sha256=digest,
        size=path.stat().st_size,
        source=f"http://127.0.0.1/{path.name}",
        received_at=NOW,
    )


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Verdicts by feed and file, and the home they lie in."""
    pool, home = load_pool(POOL), Home(tmp_path_factory.mktemp("home"))
    con = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
    found = {}
    for feed, files in {
        "enerflux-meters": [(None, "energy/meters.csv")],
        "enerflux-readings": [
            (d[:10], f"energy/readings_{d}.csv.gz") for d in ("2019-05-20", "2019-05-27", "2019-06-03")
        ],
        "velia-bins": [("2019-05-15", "waste/bins_2019-05-15.json.gz")],
        "eptc-gtfs": [(None, "poa_eptc.zip")],
    }.items():
        contract = pool.contract(feed)
        paths = [(period, POOL / "feeds" / name) for period, name in files]
        arrivals = [(arrive(contract, period, path), path) for period, path in paths]
        verdicts = judge(con, contract, arrivals, read_tables=read_tables, home=home, now=NOW)
        found |= {(feed, v.arrival.period): (v, contract) for v in verdicts}
    return found, home


@pytest.mark.parametrize(
    ("feed", "period", "said"),
    [
        (
            "enerflux-readings",
            "2019-05-20",
            "Livraison acceptée avec réserves : 102 lignes sur 22 409 sont mises de côté (",
        ),
        (
            "enerflux-readings",
            "2019-05-27",
            "Livraison refusée : 207 des 415 compteurs en service n’ont rien envoyé le 27 mai 2019.",
        ),
        (
            "enerflux-readings",
            "2019-06-03",
            "Livraison refusée, car le format du fichier a changé : séparateur virgule (,) au lieu de "
            "point-virgule (;) ; colonnes renommées (prm → PRM, horodate → Date, sens → Sens, "
            "puissance_w → Puissance kW) ; valeurs en kW au lieu de W ; nombres écrits « 0,384 » ; "
            "dates écrites « 03/06/2019 00:00 ».",
        ),
        (
            "velia-bins",
            "2019-05-15",
            "Livraison acceptée avec réserves : 6 lignes sur 1 893 sont mises de côté (",
        ),
        (
            "eptc-gtfs",
            None,
            "Livraison acceptée avec réserves : toutes les lignes sont entrées dans le pool, mais il reste "
            "à corriger : couleur mal écrite (champ « route_text_color »), 115 cas ; ",
        ),
    ],
)
def test_the_first_sentence_is_what_an_expert_would_have_written(judged, feed, period, said):
    verdict, contract = judged[0][feed, period]
    assert headline(verdict, contract, speak("fr")).replace(THIN, " ").startswith(said)


def test_no_report_on_a_personal_feed_shows_a_meter(judged):
    verdicts, home = judged
    meters = {
        line.split(",")[0] for line in (POOL / "feeds/energy/meters.csv").read_text("utf-8").splitlines()[1:]
    }
    assert len(meters) == 415
    for (feed, _), (verdict, contract) in verdicts.items():
        if feed == "enerflux-readings":
            page = write_report(verdict, contract, home, pool_title={}, previous=None, quarantine=None)
            for path in page.parent.glob(f"{verdict.arrival.delivery_id}.*"):
                text = path.read_text("utf-8")
                assert not [meter for meter in meters if meter in text]


def test_every_text_of_a_french_report_is_french(judged):
    """Words that only the gates' English phrases hold must not reach a French reader."""
    verdicts, home = judged
    for verdict, contract in verdicts.values():
        page = write_report(verdict, contract, home, pool_title={}, previous=None, quarantine=None)
        content = json.loads(page.with_name(f"{verdict.arrival.delivery_id}.json").read_text("utf-8"))["fr"]
        texts = [need for _, need in content["skipped"]]
        texts += [
            p[name] for p in content["problems"] for name in ("title", "found", "explanation", "remedy")
        ]
        for text in texts:
            assert not {"needs", "the", "instead", "once", "is", "has"} & set(text.split()), text
