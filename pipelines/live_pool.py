"""A pool whose files may change while a server runs: it must not judge by last week's contract.

Here: noticing and reading again. Not here: reading itself (`contracts/pool`).
"""

from __future__ import annotations

import logging
import threading

from contracts.errors import ContractError
from contracts.pool import POOL_FILE, Pool, load_pool
from pipelines.engine import Engine

log = logging.getLogger("regie.portal")


class LivePool:
    """An engine's pool, read again when its files change."""

    def __init__(self, engine: Engine) -> None:
        """Read the pool; raises ContractError."""
        self._engine = engine
        self._lock = threading.Lock()
        self._seen = self._state()
        self._pool = engine.pool

    def __call__(self) -> Pool:
        """Return the pool; files that can't be used leave the last good ones in force, and are told."""
        with self._lock:
            state = self._state()
            if state != self._seen:
                self._seen = state
                try:
                    self._pool = load_pool(self._engine.settings.pool)
                    self._engine.__dict__["pool"] = self._pool
                except ContractError:
                    log.exception("the pool's files changed and can't be used: the last good ones stay")
            return self._pool

    def _state(self) -> tuple[tuple[str, int, int], ...]:
        folder = self._engine.settings.pool
        files = [folder / POOL_FILE, *sorted((folder / "contracts").glob("*.yaml"))]
        stats = [(path.name, path.stat()) for path in files if path.exists()]
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
