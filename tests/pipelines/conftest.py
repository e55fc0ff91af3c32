"""The demonstration, played once for all tests that look at what it left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
POOL = ROOT / "pools" / "porto-alegre"

Regie = Callable[..., subprocess.CompletedProcess[str]]


def run_regie(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, in its own process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("REGIE_", "DAGSTER_"))}
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--home", str(home), *arguments],
        env=environment | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin each test without settings, and leave none: a run tells its own to what it starts."""
    for name in [name for name in os.environ if name.startswith(("REGIE_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    yield
    for name in [name for name in os.environ if name.startswith(("REGIE_", "DAGSTER_"))]:
        del os.environ[name]


@pytest.fixture
def regie(tmp_path: Path) -> Regie:
    """The command line on an empty home."""
    return lambda *arguments, **variables: run_regie(tmp_path / "home", *arguments, **variables)


@pytest.fixture(scope="session")
def played_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demonstration was played."""
    home = tmp_path_factory.mktemp("played") / "home"
    done = run_regie(home, "demo")
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="session")
def played(played_home: Path) -> Regie:
    """The command line on the home in which the demonstration was played."""
    return lambda *arguments, **variables: run_regie(played_home, *arguments, **variables)
