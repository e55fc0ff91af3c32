"""A pool with a few real deliveries, and its real server on loopback."""

from __future__ import annotations

import gzip
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import requests
import uvicorn

from contracts.layout import Home
from pipelines.engine import Engine
from pipelines.serve import deposit_file, open_desk
from pipelines.settings import Settings
from portal.api.app import create_app
from portal.api.desk import Desk, Upload
from portal.api.intake import Limits
from portal.api.limits import RateLimit

ROOT = Path(__file__).resolve().parent.parent.parent.parent
POOL = ROOT / "pools" / "porto-alegre"
FEEDS = POOL / "feeds"
ENERGY = FEEDS / "energy"
FEED = "enerflux-readings"
BAD_DAY = "2019-06-03"
GOOD = ENERGY / "readings_2019-05-21.csv.gz"


@dataclass
class Server:
    """A running server and what tests turn."""

    base: str
    home: Path
    desk: Desk
    engine: Engine
    clock: list[datetime]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.base.rsplit(":", 1)[1])

    def token(self, feed: str = FEED) -> str:
        """A new token for one feed."""
        return self.desk.tokens.create("enerflux", [feed], self.clock[0])[0]

    def deposit(self, data: bytes, day: str | None, *, token: str | None = None) -> requests.Response:
        """Deposit bytes as a program would."""
        return requests.post(
            f"{self.base}/deposit/{FEED}" + (f"/{day}" if day else ""),
            data=data,
            headers={"Authorization": f"Bearer {token or self.token()}", "Accept": "application/json"},
            timeout=60,
        )

    def raw(self, sent: bytes, *, end: bool = False, patience_s: float = 20) -> bytes:
        """Send bytes as they are; return all that comes back until the server closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience_s) as wire:
            wire.sendall(sent)
            if end:
                wire.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while chunk := wire.recv(65_536):
                    answer += chunk
                    if b"\r\n\r\n" in answer and not end:
                        break
            except (TimeoutError, ConnectionResetError):
                pass
            return answer


def corrected(day: str) -> bytes:
    """Another good day's rows, dated as this one: a correction as its sender could make it."""
    text = gzip.decompress(GOOD.read_bytes()).decode()
    after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    text = text.replace("2019-05-22", "AFTER").replace("2019-05-21", day).replace("AFTER", after)
    return gzip.compress(text.encode(), mtime=0)


def kept(home: Path) -> dict[str, bytes]:
    """What the pool keeps: every file but the scratch, the results of tries, and tokens' last use."""
    aside = ("scratch", "tries", "tokens")
    files = (path for path in sorted(home.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in files
        if path.relative_to(home).parts[0] not in aside
    }


@contextmanager
def run_server(
    home: Path, *, pool: Path = POOL, limits: Limits | None = None, idle_s: float = 30
) -> Iterator[Server]:
    """Serve a home on a free port of loopback until the block ends."""
    engine = Engine(Settings(pool, Home(home)))
    clock = [datetime.now(UTC)]
    desk = replace(open_desk(engine, lambda: clock[0]), idle_s=idle_s, warm_up=lambda: None)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(desk, limits), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield Server(base, home, desk, engine, clock)
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def delivered_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home into which the meters, one faulty day and one refused day were delivered."""
    home = tmp_path_factory.mktemp("served") / "home"
    engine = Engine(Settings(POOL, Home(home)))
    for feed, name in (
        ("enerflux-meters", "meters.csv"),
        (FEED, "readings_2019-05-20.csv.gz"),
        (FEED, f"readings_{BAD_DAY}.csv.gz"),
    ):
        path = ENERGY / name
        deposit_file(engine, engine.pool.contract(feed), None, Upload(path, name, path.stat().st_size))
    return home


@pytest.fixture(scope="module")
def server(delivered_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a copy of that home, without limits of rate: tests ask often."""
    home = tmp_path_factory.mktemp("server") / "home"
    shutil.copytree(delivered_home, home, symlinks=True)
    many = Limits(*(RateLimit(10_000, 10_000) for _ in range(3)))
    with run_server(home, limits=many, idle_s=1.5) as running:
        yield running


@pytest.fixture
def fresh(delivered_home: Path, tmp_path: Path) -> Callable[..., object]:
    """Start a server of its own copy: `with fresh(limits=...) as server`."""

    @contextmanager
    def start(**options: object) -> Iterator[Server]:
        shutil.copytree(delivered_home, tmp_path / "home", symlinks=True)
        with run_server(tmp_path / "home", **options) as running:  # type: ignore[arg-type]
            yield running

    return start


DAY = timedelta(days=1)
