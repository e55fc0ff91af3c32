"""Tokens by which an actor deposits: made, checked, listed, revoked.

Here: the store, `tokens/tokens.json` (0600). A token is 256 random bits; only its SHA-256 is kept, so
that whoever reads the store can deposit nothing. Not here: which routes ask for one (`deposits`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from contracts.model import Frozen
from portal.api.locks import hold

PREFIX = "regie"
NO_HASH = hashlib.sha256(b"").hexdigest()
"""Compared with where a token names nobody, so that an unknown name takes the same time."""
USE_NOTED_EVERY = timedelta(minutes=1)


class Token(Frozen):
    """What is kept of one token; all times UTC."""

    id: str
    actor: str
    feeds: tuple[str, ...]
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class TokenStore:
    """The tokens of one pool, shared by the server and the command line through one file."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; it is made, for its owner alone, with the first token."""
        self._folder = folder
        self._file = folder / "tokens.json"

    def create(
        self, actor: str, feeds: Iterable[str], now: datetime, *, days: int | None = None
    ) -> tuple[str, Token]:
        """Return a new token's text, said once and never kept, and what is kept of it."""
        name = secrets.token_hex(4)
        text = f"{PREFIX}_{name}_{secrets.token_urlsafe(32)}"
        kept = Token(
            id=name,
            actor=actor,
            feeds=tuple(feeds),
            sha256=_digest(text),
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        self._change(lambda tokens: [*tokens, kept])
        return text, kept

    def check(self, text: str, now: datetime) -> Token | None:
        """Return the valid token that this text is, noting its use; None for any other text.

        The comparison takes the same time whatever the text.
        """
        name = text.split("_", 2)[1] if text.count("_") > 1 else ""
        found = next((t for t in self.all() if t.id == name), None)
        is_same = hmac.compare_digest(_digest(text), found.sha256 if found else NO_HASH)
        if found is None or not is_same or not found.is_valid(now):
            return None
        if found.last_used_at is None or now - found.last_used_at >= USE_NOTED_EVERY:
            self._update(found.id, {"last_used_at": now})
        return found

    def revoke(self, name: str, now: datetime) -> bool:
        """Revoke the token of that id at once; False if there is none."""
        if all(t.id != name for t in self.all()):
            return False
        self._update(name, {"revoked_at": now})
        return True

    def all(self) -> tuple[Token, ...]:
        """Return every token, the oldest first, revoked ones too."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ()
        return tuple(Token.model_validate(entry) for entry in kept["tokens"])

    def _update(self, name: str, values: dict[str, Any]) -> None:
        self._change(lambda tokens: [t.model_copy(update=values) if t.id == name else t for t in tokens])

    def _change(self, change: Callable[[tuple[Token, ...]], list[Token]]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with hold(self._folder / ".lock"):
            tokens = change(self.all())
            text = json.dumps({"tokens": [t.model_dump(mode="json") for t in tokens]}, indent=1)
            temporary = self._folder / f".tokens.{uuid4().hex}"
            # Opened for its owner alone from the start: a chmod afterwards leaves a moment to read it.
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(self._file)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
