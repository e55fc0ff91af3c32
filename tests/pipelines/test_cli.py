"""The command line as its users meet it: sentences and exit codes, never a traceback."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
POOL = ROOT / "pools" / "porto-alegre"
READINGS = POOL / "contracts" / "enerflux-readings.yaml"
ENERGY = POOL / "feeds" / "energy"

Regie = Callable[..., subprocess.CompletedProcess[str]]


def test_a_good_day_is_accepted_and_its_report_written(regie: Regie, tmp_path: Path) -> None:
    done = regie(
        "check", str(READINGS), str(ENERGY / "readings_2019-05-14.csv.gz"), "--report", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*.fr.html"))
    assert "needs the register enerflux-meters/meter" in done.stdout


def test_rules_that_need_a_register_or_history_run_with_a_context(regie: Regie, tmp_path: Path) -> None:
    day = str(ENERGY / "readings_2019-05-20.csv.gz")
    done = regie(
        "check", str(READINGS), day, "--context", str(POOL / "feeds"), "--json", "--report", str(tmp_path)
    )
    [verdict] = json.loads(done.stdout)
    found = {r["rule"]: r["failed_rows"] for r in verdict["rules"] if r["failed_rows"]}
    assert done.returncode == 0
    assert found["power_above_segment_ceiling"] == 13
    assert verdict["rows_quarantined"] == 102
    assert verdict["skipped"] == []


def test_a_changed_format_is_rejected_in_the_senders_words(regie: Regie, tmp_path: Path) -> None:
    day = str(ENERGY / "readings_2019-06-03.csv.gz")
    done = regie("check", str(READINGS), day, "--lang", "fr", "--report", str(tmp_path))
    assert done.returncode == 1
    assert "refusée" in done.stdout
    assert "point-virgule" in done.stdout


def zipped(content: bytes) -> bytes:
    """Compress without the hour, which would make each worker's tests other ones."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty_delivery"),
        (zipped(b"prm;horodate;sens;puissance_w\n"), "row_count"),
        (zipped(b"prm;horodate;sens;puissance_w\n" + b"x" * 99_999)[:60], "truncated_archive"),
        (b"<!doctype html><html><body>Maintenance</body></html>", "html_instead_of_data"),
        (zipped("prm;horodate;sens;puissance_w\né;".encode("latin-1")), "wrong_encoding"),
    ],
    ids=["empty", "header only", "cut gzip", "page", "Latin-1"],
)
def test_broken_files_are_rejected_by_their_rule(
    regie: Regie, tmp_path: Path, content: bytes, rule: str
) -> None:
    path = tmp_path / "readings_2019-05-14.csv.gz"
    path.write_bytes(content)
    done = regie("check", str(READINGS), str(path), "--json", "--report", str(tmp_path / "report"))
    assert done.returncode == 1, done.stderr
    [verdict] = json.loads(done.stdout)
    assert verdict["status"] == "rejected"
    assert rule in {r["rule"] for r in verdict["rules"] if r["outcome"] == "failed"}


def test_a_contract_that_does_not_parse_names_file_and_line(regie: Regie, tmp_path: Path) -> None:
    contract = tmp_path / "broken.yaml"
    contract.write_text(READINGS.read_text(encoding="utf-8").replace("status: active", "statut: active"))
    done = regie("check", str(contract), str(ENERGY / "readings_2019-05-14.csv.gz"))
    assert done.returncode == 2
    assert f"{contract}:7" in done.stderr or f"{contract}:6" in done.stderr
    assert "did you mean `status`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_day_that_no_calendar_has_is_a_usage_error(regie: Regie, tmp_path: Path) -> None:
    named = tmp_path / "readings_2019-13-45.csv.gz"
    named.write_bytes((ENERGY / "readings_2019-05-14.csv.gz").read_bytes())
    done = regie("check", str(READINGS), str(named), "--report", str(tmp_path))
    assert done.returncode == 2
    assert "2019-13-45 is no day" in done.stderr


def test_a_contract_without_time_zone_is_judged_in_that_of_its_pool(regie: Regie, tmp_path: Path) -> None:
    pool = tmp_path / "pool"
    (pool / "contracts").mkdir(parents=True)
    (pool / "pool.yaml").write_text((POOL / "pool.yaml").read_text())
    lines = [line for line in READINGS.read_text().splitlines() if "property: timezone" not in line]
    (pool / "contracts" / READINGS.name).write_text("\n".join(lines))
    day = str(ENERGY / "readings_2019-05-14.csv.gz")
    done = regie("check", str(pool / "contracts" / READINGS.name), day, "--report", str(tmp_path))
    assert done.returncode == 0, done.stdout


def test_a_file_whose_day_nobody_says_is_a_usage_error(regie: Regie, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv.gz"
    path.write_bytes((ENERGY / "readings_2019-05-14.csv.gz").read_bytes())
    done = regie("check", str(READINGS), str(path))
    assert done.returncode == 2
    assert "--period" in done.stderr


def test_a_pool_without_contracts_is_a_contract_error(regie: Regie, tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "pool.yaml").write_text((POOL / "pool.yaml").read_text(encoding="utf-8"))
    done = regie("--pool", str(tmp_path / "pool"), "status")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_asking_a_warehouse_that_is_not_there_says_what_to_run(regie: Regie) -> None:
    done = regie("sql", "SELECT 1")
    assert done.returncode == 2
    assert "regie demo" in done.stderr


def test_status_of_an_empty_home_lists_every_feed(regie: Regie) -> None:
    done = regie("status", "--json")
    assert done.returncode == 0, done.stderr
    assert {row["feed"] for row in json.loads(done.stdout)} >= {
        "eptc-gtfs",
        "enerflux-readings",
        "velia-bins",
    }


@pytest.mark.parametrize(
    ("file", "slip", "said"),
    [
        ("indicators/referential.yaml", ("low_level: 0.3", "low_level: 0.4"), "low_fill_visit_share"),
        ("datasets/indicators.yaml", ("theme: REGI", "themee: REGI"), "themee"),
    ],
)
def test_a_slip_in_the_pools_files_is_a_usage_error_that_names_it(
    regie: Regie, tmp_path: Path, file: str, slip: tuple[str, str], said: str
) -> None:
    pool = tmp_path / "pool"
    shutil.copytree(POOL, pool, ignore=shutil.ignore_patterns("feeds"))
    text = (pool / file).read_text(encoding="utf-8")
    assert slip[0] in text
    (pool / file).write_text(text.replace(*slip), encoding="utf-8")
    done = regie("--pool", str(pool), "run", "pool")
    assert done.returncode == 2, done.stderr
    assert Path(file).name in done.stderr
    assert said in done.stderr
