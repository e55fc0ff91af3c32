"""What a user gets for a mistake: one sentence that says what to do, exit code 2, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.layout import Home
from pipelines.cli import regie as program
from warehouse.lake import Lake

ROOT = Path(__file__).resolve().parent.parent.parent
POOL = ROOT / "pools" / "porto-alegre"

Regie = Callable[..., subprocess.CompletedProcess[str]]


def ask(home: Path, *arguments: str, **options: str | None) -> tuple[int, str]:
    """Run a command in this process; return its exit code and all that it printed."""
    result = CliRunner().invoke(program, ["--home", str(home), *arguments], standalone_mode=False, **options)
    if hasattr(result.exception, "format_message"):
        return result.exception.exit_code, result.exception.format_message()
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    code = result.return_value if isinstance(result.return_value, int) else result.exit_code
    return code, result.output


@pytest.fixture(scope="module")
def lake_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty lake."""
    home = tmp_path_factory.mktemp("lake") / "home"
    with Lake.open(Home(home)):
        return home


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "REGIE_PARTNERS"),
        (["run", "pool", "--from", "2019-05-20"], "choose days of daily_feeds"),
        (["run", "daily_feeds", "--from", "2019-5"], "does not match the format"),
        (["run", "nothing"], "is not one of"),
        (["quarantine", "list", "--feed", "nobody"], "the pool has no feed 'nobody'"),
        (["quarantine", "list", "--limit", "-3"], "-3"),
        (["quarantine", "list", "--period", "May"], "does not match the format"),
        (["sql", "SELECT 1"], "regie demo"),
        (["warehouse", "maintain"], "regie demo"),
        (["sql", " "], "the query is empty"),
        (["check", "no.yaml", "no.csv"], "does not exist"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(tmp_path: Path, arguments: list[str], words: str) -> None:
    code, said = ask(tmp_path / "home", *arguments)
    assert code == 2
    assert words in said


def test_a_range_without_days_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIE_PARTNERS", "http://127.0.0.1:9")
    code, said = ask(tmp_path / "home", "run", "--from", "2030-01-01")
    assert code == 2
    assert "it has 2019-05-13 to 2019-06-09" in said
    assert not (tmp_path / "home" / "dagster").exists()


@pytest.mark.parametrize("command", ["demo", "run", "ui"])
def test_a_home_that_cannot_be_written_is_the_users_to_change(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    code, said = ask(tmp_path / "file" / "home", command)
    assert code == 2
    assert "choose another home" in said


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = ask(tmp_path / "home", "serve-partners", "--port", port)
    assert code == 2
    assert f"port {port}" in said


def test_a_pool_without_feeds_cannot_be_demonstrated(tmp_path: Path) -> None:
    code, said = ask(tmp_path / "home", "--pool", str(tmp_path), "demo")
    assert code == 2
    assert "no feeds/ folder" in said


def test_a_wrong_warehouse_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIE_WAREHOUSE", "postgres:somewhere")
    code, said = ask(tmp_path / "home", "sql", "SELECT 1")
    assert code == 2
    assert "REGIE_WAREHOUSE" in said


def test_statements_on_standard_input_stop_at_the_first_wrong_one(lake_home: Path) -> None:
    code, said = ask(lake_home, "sql", input="SELECT 7 AS n; SELECT * FROM nowhere; SELECT 8 AS n")
    assert code == 2
    assert "7" in said
    assert "nowhere" in said
    assert "8" not in said.split("nowhere")[-1]


def test_no_column_of_an_object_is_lost_to_another_of_its_name(lake_home: Path) -> None:
    code, said = ask(lake_home, "sql", "--json", "SELECT 1 AS a, 2 AS a, 3 AS b")
    assert code == 0
    assert json.loads(said) == [{"a": 1, "a_1": 2, "b": 3}]


@pytest.mark.parametrize(
    "query",
    [
        "DROP SCHEMA energy",
        "COPY (SELECT 1) TO 'x.csv'",
        "ATTACH 'x.db'",
        "SELECT * FROM read_csv('/etc/passwd')",
    ],
)
def test_a_query_changes_and_reaches_nothing(lake_home: Path, query: str) -> None:
    code, said = ask(lake_home, "sql", query)
    assert code == 2
    assert "Error" in said


@pytest.mark.parametrize(("name", "text"), [("index.json", '{"newest": '), ("d1.json", '{"feed": 1}')])
def test_a_damaged_verdict_is_ours_and_its_file_is_named(
    regie: Regie, tmp_path: Path, name: str, text: str
) -> None:
    folder = tmp_path / "home" / "reports" / "verdicts" / "ipea-places" / "snapshot"
    folder.mkdir(parents=True)
    index = {"newest": "d1", "newest_accepted": "d1"}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    done = regie("status")
    assert done.returncode == 70
    assert f"{folder / name} is damaged" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT])
def test_the_partners_stop_when_they_are_told(tmp_path: Path, way: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "--home", str(tmp_path), "serve-partners", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "REGIE_POOL": str(POOL)},
        # As a shell starts a background job: deaf to Ctrl-C unless it asks to hear it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 one thread here
    )
    assert process.stdout is not None
    assert "REGIE_PARTNERS=http://127.0.0.1:" in process.stdout.readline()
    process.send_signal(way)
    assert process.wait(timeout=20) == 0
