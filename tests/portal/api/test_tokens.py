"""Tokens: kept as digests, for their owner's eyes only, and void once revoked or expired."""

from __future__ import annotations

import hashlib
import json
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.api.tokens import TokenStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "tokens")


def test_a_token_is_kept_as_its_digest_only_in_a_file_of_its_owner(store: TokenStore, tmp_path: Path) -> None:
    text, _ = store.create("velia", ["velia-bins"], NOW)
    file = tmp_path / "tokens" / "tokens.json"
    kept = file.read_text()
    assert text not in kept
    assert text.rsplit("_", 1)[1] not in kept
    assert json.loads(kept)["tokens"][0]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_token_is_known_until_revoked(store: TokenStore) -> None:
    text, token = store.create("velia", ["velia-bins"], NOW)
    assert store.check(text, NOW) is not None
    assert store.revoke(token.id, NOW)
    assert store.check(text, NOW) is None
    assert not store.revoke("ffffffff", NOW)


def test_a_token_expires_at_its_time_and_not_before(store: TokenStore) -> None:
    text, _ = store.create("velia", ["velia-bins"], NOW, days=1)
    end = NOW + timedelta(days=1)
    assert store.check(text, end - timedelta(seconds=1)) is not None
    assert store.check(text, end) is None


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:-1], lambda t: t + "x", lambda t: t.upper(), lambda t: t[:0], lambda t: t[:5] + "_b_c",
     lambda t: "\udcff_x" + t[5:]],
)  # fmt: skip
def test_another_text_is_no_token(store: TokenStore, change) -> None:
    text, _ = store.create("velia", ["velia-bins"], NOW)
    assert store.check(change(text), NOW) is None


def test_the_last_use_is_noted_and_not_at_every_request(store: TokenStore) -> None:
    text, _ = store.create("velia", ["velia-bins"], NOW)
    assert store.all()[0].last_used_at is None
    for at in (NOW, NOW + MINUTE / 2, NOW + 2 * MINUTE):
        store.check(text, at)
    assert store.all()[0].last_used_at == NOW + 2 * MINUTE
    store.check(text, NOW + 2 * MINUTE + MINUTE / 2)
    assert store.all()[0].last_used_at == NOW + 2 * MINUTE


def test_tokens_made_at_once_are_all_kept(store: TokenStore) -> None:
    threads = [threading.Thread(target=lambda: store.create("velia", ["velia-bins"], NOW)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({token.id for token in store.all()}) == 20
