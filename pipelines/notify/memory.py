"""What was told to whom, what waits, and when the last letter left.

Here: one file under `notifications/`, for its owner alone: it names people. Not here: sending.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from pydantic import Field

from contracts.model import Contact, Frozen
from pipelines.notify.reasons import COOL_OFF, Cause, Reason
from portal.api.locks import hold

MOST_TOLD = 50_000
"""Causes remembered; the oldest are forgotten beyond, years after they mattered."""


class Waiting(Frozen):
    """A cause that a contact was not told yet."""

    contact: Contact
    cause: Cause


class State(Frozen):
    """All that is remembered; times are UTC."""

    told: dict[str, datetime] = Field(default_factory=dict)
    """By contact and cause, in the order in which they were told."""
    last: dict[str, datetime] = Field(default_factory=dict)
    """When a contact was last told of a reason for a feed."""
    waiting: tuple[Waiting, ...] = ()


class Memory:
    """The state, changed by one process at a time."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; it is made with the first cause."""
        self._folder = folder
        self._file = folder / "state.json"
        self.state = State()

    @contextmanager
    def open(self) -> Iterator[Memory]:
        """Read the state, let it be changed, write it, whatever happens to the letters in between."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with hold(self._folder / ".lock"):
            before = self.state = self._read()
            try:
                yield self
            finally:
                if self.state != before:
                    self._write()

    def expect(self, contact: Contact, cause: Cause) -> None:
        """Have a contact told of a cause, unless it was or waits already.

        A correction takes the place of the refusal that still waits.
        """
        known = {(w.contact.address, w.cause.key) for w in self.state.waiting}
        if _told_key(contact, cause) in self.state.told or (contact.address, cause.key) in known:
            return
        kept = tuple(w for w in self.state.waiting if not _is_settled(w, contact, cause))
        self.state = self.state.model_copy(update={"waiting": (*kept, Waiting(contact=contact, cause=cause))})

    def due(self, now: datetime) -> dict[str, list[Waiting]]:
        """Return what may be told now, by address: a reason that rests holds only its own causes back."""
        found: dict[str, list[Waiting]] = {}
        for waiting in self.state.waiting:
            last = self.state.last.get(_rest_key(waiting.contact, waiting.cause))
            if last is None or now - last >= COOL_OFF[waiting.cause.reason]:
                found.setdefault(waiting.contact.address, []).append(waiting)
        return found

    def note(self, told: list[Waiting], now: datetime) -> None:
        """Remember that these were told."""
        entries = {_told_key(w.contact, w.cause): now for w in told}
        everything = [*self.state.told.items(), *entries.items()][-MOST_TOLD:]
        self.state = State(
            told=dict(everything),
            last=self.state.last | {_rest_key(w.contact, w.cause): now for w in told},
            waiting=tuple(w for w in self.state.waiting if w not in told),
        )

    def _read(self) -> State:
        try:
            return State.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return State()

    def _write(self) -> None:
        temporary = self._folder / f".state.{uuid4().hex}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self.state.model_dump_json(indent=1))
        temporary.replace(self._file)


def _is_settled(waiting: Waiting, contact: Contact, cause: Cause) -> bool:
    same = (waiting.contact.address, waiting.cause.feed, waiting.cause.period)
    return (
        cause.reason is Reason.FIXED
        and waiting.cause.reason is Reason.REJECTED
        and same == (contact.address, cause.feed, cause.period)
    )


def _told_key(contact: Contact, cause: Cause) -> str:
    return f"{contact.address} {cause.key}"


def _rest_key(contact: Contact, cause: Cause) -> str:
    return f"{contact.address} {cause.feed} {cause.reason.value}"
