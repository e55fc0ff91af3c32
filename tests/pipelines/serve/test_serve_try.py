"""Trying a file over HTTP: the pool's own verdict, and a pool that stays as it was."""

from __future__ import annotations

import gzip
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts import verdicts
from contracts.layout import Home

from .conftest import BAD_DAY, DAY, ENERGY, FEED, POOL, Server, kept

PAGE = {"Accept": "text/html"}
FAULTY = ENERGY / "readings_2019-05-20.csv.gz"
REFUSED = ENERGY / f"readings_{BAD_DAY}.csv.gz"


def try_raw(server: Server, data: bytes, **parameters: str) -> requests.Response:
    return requests.post(f"{server.base}/try/{FEED}", data=data, params=parameters, timeout=60)


def test_a_try_gives_the_pools_own_verdict_and_leaves_the_pool_as_it_was(server: Server) -> None:
    before = kept(server.home)
    answer = try_raw(server, FAULTY.read_bytes(), name=FAULTY.name)
    assert answer.status_code == 200
    [told] = answer.json()["files"]
    assert told["rows"] == {"landed": 22409, "accepted": 22307, "quarantined": 102}
    assert told["verdict"] == "accepted_with_warnings"
    assert "would enter the pool" in told["sentence"]["en"], "a try has not entered anything"
    report = requests.get(server.base + told["report"]["json"], timeout=10).json()
    found = {r["rule"]: r["failed_rows"] for r in report["verdict"]["rules"] if r["failed_rows"]}
    pools = verdicts.newest(Home(server.home), FEED, "2019-05-20")
    assert pools is not None
    assert found == {r.rule: r.failed_rows for r in pools.rules if r.failed_rows}
    assert report["verdict"]["reference_digest"] == pools.reference_digest
    assert kept(server.home) == before
    assert not [f for f in (server.home / "scratch").iterdir() if f.is_dir() and f.name != "duckdb"]


def test_a_refused_file_says_why_in_both_languages(server: Server) -> None:
    answer = try_raw(server, REFUSED.read_bytes(), name=REFUSED.name)
    assert answer.status_code == 422
    [told] = answer.json()["files"]
    assert "point-virgule" in told["sentence"]["fr"]
    assert "semicolon" in told["sentence"]["en"]
    page = requests.get(server.base + told["report"]["fr"], timeout=10)
    assert page.status_code == 200
    assert "point-virgule" in page.text


def test_the_format_is_known_by_content_and_not_by_name(server: Server) -> None:
    answer = try_raw(server, FAULTY.read_bytes(), name="scan.pdf", period="2019-05-20")
    assert answer.json()["files"][0]["rows"]["landed"] == 22409
    plain = try_raw(server, gzip.decompress(FAULTY.read_bytes()), name=FAULTY.name)
    assert plain.status_code == 422
    assert plain.json()["files"][0]["rows"]["landed"] == 0


def test_a_result_ends_with_its_time_and_nothing_of_it_is_kept(server: Server) -> None:
    told = try_raw(server, REFUSED.read_bytes(), name=REFUSED.name).json()
    assert requests.get(server.base + told["result"], timeout=10).status_code == 200
    server.clock[0] += 8 * DAY
    for gone in (told["result"], told["files"][0]["report"]["fr"]):
        assert requests.get(server.base + gone, timeout=10).status_code == 404
    try_raw(server, b"x", name=REFUSED.name)
    assert len(list((server.home / "tries").iterdir())) == 1


def test_the_address_of_a_result_is_its_only_key(server: Server) -> None:
    told = try_raw(server, REFUSED.read_bytes(), name=REFUSED.name).json()
    secret = told["result"].rsplit("/", 1)[1]
    assert len(secret) == 43
    [folder] = [f for f in (server.home / "tries").iterdir() if f.stat().st_mtime > time.time() - 5][-1:]
    assert secret not in folder.name
    assert requests.get(f"{server.base}/results/{folder.name}", timeout=10).status_code == 404
    answer = requests.get(server.base + told["result"], timeout=10)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_a_browser_is_led_to_a_page_that_follows_several_files(server: Server) -> None:
    files = [("file", (path.name, path.read_bytes())) for path in (FAULTY, REFUSED)]
    answer = requests.post(
        f"{server.base}/try/{FEED}?lang=fr", files=files, headers=PAGE, timeout=60, allow_redirects=False
    )
    assert answer.status_code == 303
    for _ in range(200):
        page = requests.get(server.base + answer.headers["location"], headers=PAGE, timeout=10)
        if "refresh" not in page.headers:
            break
        time.sleep(0.05)
    assert FAULTY.name in page.text
    assert "Acceptée avec réserves" in page.text
    assert "Refusée" in page.text
    assert "rien n’a été déposé" in page.text
    reports = re.findall(r'href="(/results/[^"]+\.fr\.html)"', page.text)
    assert len(reports) == 2
    assert all(requests.get(server.base + report, timeout=10).status_code == 200 for report in reports)


@pytest.mark.parametrize(
    ("name", "period", "problem"),
    [
        ("mine.csv.gz", "", "day_unknown"),
        ("mine.csv.gz", "20 mai", "day_wrong"),
        ("mine.csv.gz", "2019-02-30", "day_wrong"),
        ("mine.csv.gz", "../../x", "day_wrong"),
        ("mine.csv.gz", "2018-01-01", "day_outside"),
        ("mine.csv.gz", "2030-01-01", "day_outside"),
    ],
)
def test_a_day_that_the_feed_cannot_have_is_not_taken(
    server: Server, name: str, period: str, problem: str
) -> None:
    answer = try_raw(server, b"x", name=name, period=period)
    assert answer.status_code == 400
    assert answer.json()["files"][0]["problem"] == problem


def test_a_tried_files_report_leads_to_the_pools_pages_and_has_its_failing_rows(server: Server) -> None:
    told = try_raw(server, FAULTY.read_bytes(), name=FAULTY.name).json()["files"][0]
    page = requests.get(server.base + told["report"]["en"], timeout=10).text
    base = server.base + told["report"]["en"].rsplit("/", 1)[0]
    for link in re.findall(r'href="([^"#:]+)"', page):
        assert requests.get(f"{base}/{link}", timeout=10).status_code == 200, link
    rows = requests.get(f"{base}/{told['delivery']}.quarantine.csv", timeout=10)
    assert rows.status_code == 200
    assert len(rows.text.splitlines()) == 1 + 102
    assert "quarantine/" not in page, "rows of a try are kept nowhere"


def test_a_hostile_name_is_escaped_and_leads_nowhere(server: Server) -> None:
    name = '../../<script>alert("2019-05-20")</script>.gz'
    answer = requests.post(
        f"{server.base}/try/{FEED}", files={"file": (name, b"x")}, headers=PAGE, timeout=60
    )
    assert answer.status_code == 200
    assert "<script" not in answer.text
    unknown = requests.get(f"{server.base}/try/<img src=x>", headers=PAGE, timeout=10)
    assert unknown.status_code == 404
    assert "<img" not in unknown.text
    assert "&lt;img" in unknown.text


def test_a_changed_contract_holds_from_the_next_file_on_and_a_broken_one_does_not(
    fresh: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "pool"
    folder.mkdir()
    shutil.copy(POOL / "pool.yaml", folder)
    shutil.copytree(POOL / "contracts", folder / "contracts")
    contract = folder / "contracts" / f"{FEED}.yaml"
    with fresh(pool=folder) as server:
        assert try_raw(server, FAULTY.read_bytes(), name=FAULTY.name).status_code == 200
        text = contract.read_text("utf-8")
        contract.write_text(text.replace("value: {quarantined: 2}", "value: {quarantined: 0.1}"), "utf-8")
        assert try_raw(server, FAULTY.read_bytes(), name=FAULTY.name).status_code == 422
        contract.write_text("not: a contract", "utf-8")
        assert try_raw(server, FAULTY.read_bytes(), name=FAULTY.name).status_code == 422


def test_a_form_from_another_site_is_not_taken(server: Server) -> None:
    answer = requests.post(
        f"{server.base}/try/{FEED}",
        files={"file": ("a_2019-05-20.csv", b"x")},
        headers={"Sec-Fetch-Site": "cross-site"},
        timeout=10,
    )
    assert answer.status_code == 403
    assert answer.json()["problem"] == "other_site"


def test_every_form_is_there_in_both_languages(server: Server) -> None:
    for path, words in (
        ("/?lang=fr", "Essayer un fichier"),
        ("/try?lang=en", "Which feed is the file for?"),
        (f"/try/{FEED}?lang=fr", "Rien n’est déposé"),
        (f"/deposit/{FEED}?lang=fr", "Jeton"),
        ("/deposit?lang=fr", "Relevés demi-horaires"),
    ):
        page = requests.get(server.base + path, timeout=10)
        assert page.status_code == 200
        assert words in page.text, path
        assert "cookie" not in str(page.headers).lower()
    whole = requests.get(f"{server.base}/try/eptc-gtfs?lang=fr", timeout=10).text
    assert 'name="period"' not in whole, "a feed delivered whole has no day"
