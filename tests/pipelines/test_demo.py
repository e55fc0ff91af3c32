"""What the demonstration leaves: verdicts, counts, published bytes."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

Regie = Callable[..., subprocess.CompletedProcess[str]]


def ask(regie: Regie, query: str) -> list[dict[str, Any]]:
    done = regie("sql", "--json", query)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.resolve().rglob("*") if p.is_file())
    return {str(p.relative_to(folder.resolve())): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_rows_landed_are_accepted_or_quarantined_in_every_delivery(played: Regie) -> None:
    rows = ask(
        played,
        "SELECT count(*) AS deliveries, count(*) FILTER (rows_landed = rows_accepted + rows_quarantined)"
        " AS kept FROM pool.delivery",
    )
    # 28 days of two feeds, one re-delivery, seven snapshots.
    assert rows == [{"deliveries": 64, "kept": 64}]


def test_the_planted_faults_of_may_20_are_found_with_exact_counts(played: Regie) -> None:
    [delivery] = ask(
        played,
        "SELECT delivery_id, verdict, rows_landed, rows_quarantined FROM pool.delivery"
        " WHERE feed = 'enerflux-readings' AND period = DATE '2019-05-20'",
    )
    assert (delivery["verdict"], delivery["rows_landed"], delivery["rows_quarantined"]) == (
        "accepted_with_warnings",
        22409,
        102,
    )
    rules = ask(
        played,
        "SELECT rule, failed_rows FROM pool.rule_result"
        f" WHERE delivery_id = '{delivery['delivery_id']}' AND failed_rows > 0 AND severity <> 'info'",
    )
    assert {r["rule"]: r["failed_rows"] for r in rules} == {
        "value_below_minimum": 50,
        "power_above_segment_ceiling": 13,
        "pattern_mismatch": 10,
        "duplicate_key": 30,
    }


def test_may_27_is_rejected_first_and_accepted_from_its_redelivery(played: Regie) -> None:
    rows = ask(
        played,
        "SELECT verdict, rows_landed, is_current FROM pool.delivery"
        " WHERE feed = 'enerflux-readings' AND period = DATE '2019-05-27' ORDER BY rows_landed",
    )
    assert [(r["verdict"], r["rows_landed"], r["is_current"]) for r in rows] == [
        ("rejected", 11368, False),
        ("accepted", 22640, True),
    ]


def test_june_3_is_rejected_for_its_new_format_and_leaves_no_row(played: Regie) -> None:
    [delivery] = ask(
        played,
        "SELECT delivery_id, verdict FROM pool.delivery"
        " WHERE feed = 'enerflux-readings' AND period = DATE '2019-06-03'",
    )
    rules = ask(
        played,
        f"SELECT DISTINCT rule FROM pool.rule_result WHERE delivery_id = '{delivery['delivery_id']}'",
    )
    assert delivery["verdict"] == "rejected"
    assert {"wrong_separator", "missing_column"} <= {r["rule"] for r in rules}
    assert ask(played, "SELECT count(*) AS n FROM energy.reading WHERE period = DATE '2019-06-03'") == [
        {"n": 0}
    ]


def test_the_colours_of_the_bus_timetable_are_warned_of_and_its_routes_kept(played: Regie) -> None:
    rows = ask(
        played,
        "SELECT d.verdict, r.failed_rows"
        " FROM pool.delivery AS d JOIN pool.rule_result AS r USING (delivery_id)"
        " WHERE d.feed = 'eptc-gtfs' AND r.rule = 'invalid_color'",
    )
    assert rows == [{"verdict": "accepted_with_warnings", "failed_rows": 115}]


def test_a_second_demo_changes_no_published_byte(played: Regie, played_home: Path) -> None:
    before = digests(played_home / "published" / "current")
    done = played("demo")
    assert done.returncode == 0, done.stderr
    assert digests(played_home / "published" / "current") == before


def test_another_empty_home_publishes_the_same_bytes(regie: Regie, played_home: Path, tmp_path: Path) -> None:
    done = regie("demo")
    assert done.returncode == 0, done.stderr
    published = tmp_path / "home" / "published" / "current"
    assert digests(published) == digests(played_home / "published" / "current")
    assert published.readlink() == (played_home / "published" / "current").readlink()


def test_every_delivery_has_its_report_in_both_languages(played_home: Path) -> None:
    verdicts = [p for p in (played_home / "reports" / "verdicts").rglob("*.json") if len(p.stem) == 16]
    pages = played_home / "reports" / "pages"
    for verdict in verdicts:
        folder = pages / verdict.parent.relative_to(played_home / "reports" / "verdicts")
        for suffix in (".fr.html", ".en.html", ".json"):
            assert (folder / f"{verdict.stem}{suffix}").is_file()
    assert len(verdicts) == 64
    assert (pages / "index.fr.html").is_file()
