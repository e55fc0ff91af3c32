"""Results of tries and deposits at addresses nobody can guess, for some days.

Here: the folder of each result, what stands in it so far, and the end of its time. On disk a result is
named by the digest of its secret: a list of the folder opens nothing. Not here: the pages (`views`).
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from contracts.layout import Home
from contracts.model import Frozen
from contracts.verdict import Status
from contracts.verdicts import write_atomically

STATE = "state.json"
SECRET_LENGTH = 43
"""Characters of 256 random bits in URL-safe base 64."""


class Progress(StrEnum):
    """How far one file is."""

    WAITING = "waiting"
    JUDGING = "judging"
    DONE = "done"
    REFUSED = "refused"


class Item(Frozen):
    """One file of a result."""

    name: str
    progress: Progress = Progress.WAITING
    period: str | None = None
    status: Status | None = None
    sentence: dict[str, str] = Field(default_factory=dict)
    rows_landed: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    delivery_id: str | None = None
    report: str | None = None
    """Path of the report's page without language and ending, below the address of reports."""
    is_new: bool = True
    problem: dict[str, str] = Field(default_factory=dict)
    """Why it was refused before any judgement, by language; its `id` in the list of refusals."""


class Result(Frozen):
    """All files sent together: tried, or deposited."""

    feed: str
    is_deposit: bool
    created_at: datetime
    expires_at: datetime
    items: tuple[Item, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing is waiting any more."""
        return all(i.progress in (Progress.DONE, Progress.REFUSED) for i in self.items)


class Results:
    """The results of one server."""

    def __init__(self, folder: Path, keep: timedelta) -> None:
        """Keep results under `folder`, each for `keep`."""
        self._folder = folder
        self._keep = keep

    def open(self, feed: str, names: list[str], now: datetime, *, is_deposit: bool) -> str:
        """Make a result whose files are all waiting; return its secret. Expired ones go meanwhile."""
        self.sweep(now)
        secret = secrets.token_urlsafe(32)
        items = tuple(Item(name=name) for name in names)
        result = Result(
            feed=feed, is_deposit=is_deposit, created_at=now, expires_at=now + self._keep, items=items
        )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._place(secret).mkdir(mode=0o700)
        self.write(secret, result)
        return secret

    def write(self, secret: str, result: Result) -> None:
        """Say how far a result is."""
        write_atomically(self._place(secret) / STATE, result.model_dump_json())

    def read(self, secret: str, now: datetime) -> Result | None:
        """Return a result, None if there is none of that secret or its time is over."""
        if len(secret) != SECRET_LENGTH:
            return None
        try:
            result = Result.model_validate_json((self._place(secret) / STATE).read_bytes())
        except FileNotFoundError:
            return None
        return result if now < result.expires_at else None

    def update(self, secret: str, place: int, item: Item, now: datetime) -> None:
        """Replace one file's state."""
        result = self.read(secret, now)
        if result is not None:
            items = (*result.items[:place], item, *result.items[place + 1 :])
            self.write(secret, result.model_copy(update={"items": items}))

    def pages(self, secret: str) -> Home:
        """Return the home that a result's reports are written to."""
        return Home(self._place(secret))

    def sweep(self, now: datetime) -> None:
        """Remove every result whose time is over."""
        for folder in self._folder.glob("*"):
            try:
                result = Result.model_validate_json((folder / STATE).read_bytes())
            except (FileNotFoundError, NotADirectoryError):
                continue
            if now >= result.expires_at:
                shutil.rmtree(folder, ignore_errors=True)

    def _place(self, secret: str) -> Path:
        return self._folder / hashlib.sha256(secret.encode()).hexdigest()[:32]
