"""What the environment chooses: pool, home, warehouse, partners' base URL.

Here: reading settings once. Not here: opening anything (`engine`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from contracts.layout import Home

BUNDLED_POOL = Path(__file__).resolve().parent.parent / "pools" / "porto-alegre"
"""The demonstration pool that comes with the project."""
PORTAL = "http://127.0.0.1:3001"
"""Where `regie ui` shows the pages."""


@dataclass(frozen=True)
class Settings:
    """Where the pool's plain files and its state lie.

    Attributes:
        pool: folder of plain files (`pool.yaml`, `contracts/`, ...); `REGIE_POOL`.
        home: folder of all state; `REGIE_HOME`, default `.regie`.
        warehouse: lake setting such as `ducklake:postgres:...`; `REGIE_WAREHOUSE`, default embedded.
        base: what `{base}` stands for in the contracts' server locations; `REGIE_PARTNERS`.
        portal: address at which the home's pages are served, for links; `REGIE_PORTAL`.
    """

    pool: Path
    home: Home
    warehouse: str | None = None
    base: str | None = None
    portal: str = PORTAL

    @classmethod
    def from_environment(cls, *, pool: Path | None = None, home: Path | None = None) -> Settings:
        """Read the `REGIE_*` variables; arguments given on the command line come first."""
        chosen_pool = pool or Path(os.environ.get("REGIE_POOL") or BUNDLED_POOL)
        chosen_home = home or Path(os.environ.get("REGIE_HOME") or ".regie")
        return cls(
            pool=chosen_pool.resolve(),
            home=Home(chosen_home.resolve()),
            warehouse=os.environ.get("REGIE_WAREHOUSE") or None,
            base=os.environ.get("REGIE_PARTNERS") or None,
            portal=(os.environ.get("REGIE_PORTAL") or PORTAL).rstrip("/"),
        )

    def to_environment(self) -> dict[str, str]:
        """Return the variables that make another process choose the same."""
        chosen = {
            "REGIE_POOL": str(self.pool),
            "REGIE_HOME": str(self.home.root),
            "DAGSTER_HOME": str(self.home.dagster),
            "REGIE_PORTAL": self.portal,
        }
        if self.warehouse:
            chosen["REGIE_WAREHOUSE"] = self.warehouse
        if self.base:
            chosen["REGIE_PARTNERS"] = self.base
        return chosen
