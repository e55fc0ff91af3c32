"""What runs by itself: schedules in the pool's time zone, sensors on partners that really answer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from contracts.layout import Home
from pipelines import steps
from pipelines.engine import Engine
from pipelines.factory import build_definitions
from pipelines.partner_server import PartnerServer, serve_partners
from pipelines.resources import EngineResource, engine_for
from pipelines.runs import Runner
from pipelines.settings import Settings

POOL = Path(__file__).resolve().parent.parent.parent / "pools" / "porto-alegre"
UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartnerServer]:
    """Partners whose waste service sends a table without its columns instead of its containers."""
    feeds = tmp_path_factory.mktemp("partners") / "feeds"
    shutil.copytree(POOL / "feeds", feeds)
    (feeds / "waste" / "containers.csv").write_text("conteiner\n1\n", encoding="utf-8")
    with serve_partners(feeds) as server:
        yield server


def settings_of(home: Path, base: str) -> Settings:
    return Settings(POOL, Home(home), base=base)


def requests(definitions: dg.Definitions, sensor: str, settings: Settings) -> tuple[list[str | None], str]:
    context = dg.build_sensor_context(resources={"engine": EngineResource.of(settings)})
    result = definitions.resolve_sensor_def(sensor).evaluate_tick(context)
    return [request.run_key for request in result.run_requests or []], result.skip_message or ""


def test_a_sensor_asks_for_a_run_until_the_gates_have_seen_what_came(
    partners: PartnerServer, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "home", partners.base)
    definitions = build_definitions(settings)
    [key], _ = requests(definitions, "new_days", settings)
    again, _ = requests(definitions, "new_days", settings)
    assert again == [key], "the same files are one run, however often they are seen"

    engine = engine_for(settings)
    for contract in engine.pool.contracts:
        if contract.delivery.mode == "periodic":
            steps.deliver(engine, contract, ["2019-06-07", "2019-06-08", "2019-06-09"])
    assert requests(definitions, "new_days", settings) == ([], "no partner has a new day")


def test_a_partner_that_does_not_answer_is_not_called_silent(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", UNREACHABLE)
    asked, why = requests(build_definitions(settings), "new_snapshots", settings)
    assert asked == []
    assert "ipea-places could not be asked" in why


def test_each_morning_the_last_three_days_are_asked_for_again(tmp_path: Path) -> None:
    definitions = build_definitions(settings_of(tmp_path, UNREACHABLE))
    schedule = definitions.resolve_schedule_def("daily_feeds_schedule")
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 5, 9, 30, tzinfo=UTC))
    [request] = schedule.evaluate_tick(context).run_requests or []
    assert schedule.execution_timezone == "America/Sao_Paulo"
    assert request.tags["dagster/asset_partition_range_start"] == "2019-06-07"
    assert request.tags["dagster/asset_partition_range_end"] == "2019-06-09"


def test_schedules_and_sensors_wait_to_be_switched_on(tmp_path: Path) -> None:
    definitions = build_definitions(settings_of(tmp_path, UNREACHABLE))
    for automatic in [*(definitions.schedules or []), *(definitions.sensors or [])]:
        assert automatic.default_status.value == "STOPPED"


def test_a_refused_register_stops_no_other_feed(partners: PartnerServer, tmp_path: Path) -> None:
    engine: Engine = engine_for(settings_of(tmp_path / "home", partners.base))
    ran = Runner(engine).run("snapshot_feeds")
    assert (ran.success, ran.failures) == (True, ())
    assert ran.refused == ("velia-containers: rejected, nothing of it is used",)
    statuses = {c.feed: c.newest.status.value for c in steps.verdict_store.current(engine.home)}
    assert statuses["velia-containers"] == "rejected"
    assert statuses["velia-collections"] != "rejected", "judged, though what its rows refer to was refused"
