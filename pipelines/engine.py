"""What one process needs to run the pool: its plain files, a clock, one lake, one gate connection.

Here: opening each once. Not here: what is done with them (`steps`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from contracts.compile.quoting import text
from contracts.layout import Home
from contracts.model import Contract
from contracts.pool import Pool, load_pool
from pipelines.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.steps import Delivered
    from warehouse.lake import Lake

GATE_MEMORY = "1GB"
"""Bound of the gates' own DuckDB; the lake's has its own."""


def be_silent(_message: str) -> None:
    """Say nothing: the default of a program that is read by another."""


def tell_nobody(_engine: Engine, _contract: Contract, _delivered: Sequence[Delivered]) -> None:
    """Send no notification: the default where no mail server is set."""


Notify = Callable[["Engine", Contract, "Sequence[Delivered]"], None]


@dataclass
class Engine:
    """A pool being run by this process.

    Attributes:
        settings: which pool, and where its state lies.
        progress: hears of each step.
        notify: hears of what became of deliveries, and tells their contributors.
    """

    settings: Settings
    progress: Callable[[str], None] = field(default=be_silent)
    notify: Notify = field(default=tell_nobody)

    @cached_property
    def pool(self) -> Pool:
        """Return the pool's plain files, parsed; raises ContractError."""
        return load_pool(self.settings.pool)

    @property
    def dated_pool(self) -> Pool:
        """Return the pool with its clock set, for what is computed as of now."""
        return self.pool.model_copy(update={"now": self.now})

    @property
    def home(self) -> Home:
        """Return where state lies."""
        return self.settings.home

    @property
    def now(self) -> datetime:
        """Return the pool's fixed clock, or the time it is (UTC)."""
        return self.pool.now or datetime.now(UTC)

    @cached_property
    def gate_connection(self) -> DuckDBPyConnection:
        """Return the in-memory DuckDB that the gates scan with."""
        import duckdb

        connection = duckdb.connect()
        connection.execute(f"SET memory_limit = '{GATE_MEMORY}'")
        connection.execute("SET TimeZone = 'UTC'")
        self.home.scratch.mkdir(parents=True, exist_ok=True)
        connection.execute(f"SET temp_directory = {text(self.home.scratch / 'duckdb')}")
        return connection

    @cached_property
    def lake(self) -> Lake:
        """Return the warehouse, attached once."""
        from warehouse.lake import Lake

        return Lake.open(self.home, self.settings.warehouse)

    @cached_property
    def code_version(self) -> str:
        """Return the version written into manifests."""
        try:
            return version("regie")
        except PackageNotFoundError:
            return "0"
