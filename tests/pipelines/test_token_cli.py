"""`regie token` as an operator meets it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

Regie = Callable[..., subprocess.CompletedProcess[str]]


def test_a_token_is_made_listed_and_revoked(regie: Regie) -> None:
    made = regie("token", "create", "velia", "--feed", "velia-bins", "--days", "30")
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    listed = json.loads(regie("token", "list", "--json").stdout)
    assert [(t["actor"], t["feeds"], t["state"], t["last_used"]) for t in listed] == [
        ("velia", "velia-bins", "valid", "")
    ]
    assert text not in json.dumps(listed)
    assert regie("token", "revoke", listed[0]["id"]).returncode == 0
    assert json.loads(regie("token", "list", "--json").stdout)[0]["state"] == "revoked"
    assert regie("token", "revoke", "nothing").returncode == 2


@pytest.mark.parametrize(
    ("actor", "feed", "words"),
    [
        ("nobody", "velia-bins", "is not an actor"),
        ("velia", "bins", "has no feed"),
        ("enerflux", "velia-bins", "supplied by velia"),
    ],
)
def test_only_who_supplies_a_feed_gets_a_token_for_it(
    regie: Regie, actor: str, feed: str, words: str
) -> None:
    done = regie("token", "create", actor, "--feed", feed)
    assert done.returncode == 2
    assert words in done.stderr
