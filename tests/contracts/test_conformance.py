"""Canonical GTFS notices of the bundled timetables."""

from __future__ import annotations

import builtins
import csv
import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.conformance import check_gtfs, severity_cap
from contracts.model import Contract, DeliveryRule, Severity
from contracts.pool import load_pool
from contracts.verdict import Outcome, RuleResult

POOL = Path(__file__).parents[2] / "pools" / "porto-alegre"
DAY = date(2019, 6, 10)


@pytest.fixture(scope="module")
def eptc() -> Contract:
    return next(c for c in load_pool(POOL).contracts if c.id == "eptc-gtfs")


@pytest.fixture(scope="module")
def bus(eptc: Contract, tmp_path_factory: pytest.TempPathFactory) -> tuple[RuleResult, ...]:
    # As landing keeps it: bytes without a suffix.
    data = tmp_path_factory.mktemp("landed") / "data"
    data.write_bytes((POOL / "feeds" / "poa_eptc.zip").read_bytes())
    return check_gtfs(eptc, data, data.parent, day=DAY)


def test_the_bus_feed_has_115_invalid_colours_each_told_where_it_stands(bus: tuple[RuleResult, ...]) -> None:
    (found,) = [r for r in bus if r.rule == "invalid_color"]
    assert (found.failed_rows, found.table, found.column) == (115, "routes.txt", "route_text_color")
    assert (found.severity, found.outcome) == (Severity.WARNING, Outcome.WARNING)
    assert [e.line for e in found.examples] == [2, 3, 4, 5, 6]
    assert {e.value for e in found.examples} == {"0"}


def test_the_115_colours_are_those_that_the_file_holds(bus: tuple[RuleResult, ...]) -> None:
    """By another route: routes.txt read with the standard library."""
    with zipfile.ZipFile(POOL / "feeds" / "poa_eptc.zip") as archive:
        text = io.TextIOWrapper(archive.open("routes.txt"), encoding="utf-8-sig")
        colours = [row["route_text_color"] for row in csv.DictReader(text)]
    (found,) = [r for r in bus if r.rule == "invalid_color"]
    assert sum(len(c) not in (0, 6) for c in colours) == found.failed_rows


def test_an_information_is_told_without_weighing(bus: tuple[RuleResult, ...]) -> None:
    (found,) = [r for r in bus if r.rule == "service_window_outside_feed_period"]
    assert (found.severity, found.failed_rows, found.table) == (Severity.INFO, 115, "calendar.txt")


def test_the_metro_feed_is_told_that_feed_info_is_missing(eptc: Contract, tmp_path: Path) -> None:
    found = check_gtfs(eptc, POOL / "feeds" / "poa_trensurb.zip", tmp_path, day=DAY)
    assert [(r.table, r.failed_rows) for r in found if r.rule == "missing_recommended_file"] == [
        ("feed_info.txt", 1)
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_cap_of_error_lets_an_error_weigh(eptc: Contract, tmp_path: Path) -> None:
    rule = DeliveryRule(id="gtfs_conformance", kind="gtfs_conformance", parameters={"severity_cap": "error"})
    strict = eptc.model_copy(update={"rules": (rule,)})
    found = check_gtfs(strict, POOL / "feeds" / "poa_eptc.zip", tmp_path, day=DAY)
    (colours,) = [r for r in found if r.rule == "invalid_color"]
    assert (colours.severity, colours.outcome) == (Severity.ERROR, Outcome.FAILED)
    assert severity_cap(eptc.model_copy(update={"rules": ()})) is Severity.WARNING


def test_the_clock_is_the_one_given(eptc: Contract, tmp_path: Path) -> None:
    codes = {
        r.rule for r in check_gtfs(eptc, POOL / "feeds" / "poa_eptc.zip", tmp_path, day=date(2019, 7, 20))
    }
    assert "expired_calendar" in codes


def test_without_the_validator_the_step_is_skipped_and_says_why(
    eptc: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "gtfs_guru":
            raise ImportError("no wheel for this machine")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    (found,) = check_gtfs(eptc, POOL / "feeds" / "poa_trensurb.zip", tmp_path, day=DAY)
    assert found.outcome is Outcome.SKIPPED
    assert "no wheel for this machine" in str(found.reason)


def test_a_file_the_validator_cannot_read_is_our_trouble(eptc: Contract, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"not a zip")
    (found,) = check_gtfs(eptc, data, tmp_path, day=DAY)
    assert found.outcome is Outcome.ERROR
    assert str(tmp_path) not in str(found.reason)
