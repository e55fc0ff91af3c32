"""What the server is given: the pool, and the two acts that other rooms do for it.

Here: the types at the joint between `portal/api` and `pipelines/serve`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from contracts.layout import Home
from contracts.model import Contract
from contracts.verdict import Verdict
from portal.api.tokens import TokenStore

if TYPE_CHECKING:
    from contracts.pool import Pool

KEEP_DAYS = 7


@dataclass(frozen=True)
class Upload:
    """One file that came whole: its bytes on disk and the name its sender gave it."""

    path: Path
    name: str
    size: int


@dataclass(frozen=True)
class Deposited:
    """What became of a deposit.

    Attributes:
        verdict: the judgement of both gates.
        is_new: False if these very bytes had come before.
    """

    verdict: Verdict
    is_new: bool


class Judge(Protocol):
    """Judge a file and write its report's pages, leaving the pool as it is."""

    def __call__(self, contract: Contract, period: str | None, upload: Upload, pages: Home) -> Verdict:
        """Return the verdict; raises RefusalError where the file can't be taken as a delivery at all."""


class Deposit(Protocol):
    """Land a file as a delivery of the pool and judge it."""

    def __call__(self, contract: Contract, period: str | None, upload: Upload) -> Deposited:
        """Return what became of it; raises RefusalError where it can't be taken as a delivery at all."""


@dataclass(frozen=True)
class Desk:
    """All that the server works with.

    Attributes:
        get_pool: returns the pool's plain files as they are now.
        home: where pages and published data lie; results of tries and tokens too.
        judge: judges a file without depositing it.
        deposit: deposits a file.
        clock: the real time, UTC; links and tokens live by it, whatever the pool's own clock says.
        warm_up: called once in the background at the start.
        each_minute: called in the background while the server runs.
        keep_days: how long a try's result can be read.
        idle_s: how long a sender may be silent in the middle of an upload.
    """

    get_pool: Callable[[], Pool]
    home: Home
    judge: Judge
    deposit: Deposit
    clock: Callable[[], datetime]
    warm_up: Callable[[], None]
    each_minute: Callable[[], None]
    keep_days: int = KEEP_DAYS
    idle_s: float = 30

    @property
    def pool(self) -> Pool:
        """Return the pool as it is now."""
        return self.get_pool()

    @property
    def tokens(self) -> TokenStore:
        """Return the pool's tokens."""
        return TokenStore(self.home.root / "tokens")

    @property
    def tries(self) -> Path:
        """Return the folder of tries' results."""
        return self.home.root / "tries"

    def contract(self, feed: str) -> Contract | None:
        """Return the contract of a feed, None if the pool has none of that name."""
        return next((c for c in self.pool.contracts if c.id == feed), None)
