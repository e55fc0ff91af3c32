"""Whom a contract names, for what, in which language; what can't be written to is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import ContractError
from contracts.model import Contact
from contracts.resolve import load_contract

ROOT = Path(__file__).resolve().parent.parent.parent
BINS = ROOT / "pools" / "porto-alegre" / "contracts" / "velia-bins.yaml"


def with_support(tmp_path: Path, *items: str) -> Path:
    text = BINS.read_text("utf-8")
    start = text.index("support:\n")
    end = text.index("\n", text.index("  - ", start)) + 1
    lines = "".join(f"  - {item}\n" for item in items)
    path = tmp_path / BINS.name
    path.write_text(text[:start] + "support:\n" + lines + text[end:], "utf-8")
    return path


def test_a_contact_has_a_use_and_a_language_and_a_chat_room_is_left_to_people(tmp_path: Path) -> None:
    path = with_support(
        tmp_path,
        "{channel: a@velia.example, tool: email}",
        "{channel: b@velia.example, scope: issues, customProperties: [{property: language, value: en}]}",
        "{channel: hook, tool: webhook, url: 'https://velia.example/in', scope: notifications}",
        "{channel: '#bins', tool: slack}",
        "{channel: bins-announcements, tool: email, url: 'mailto:c@velia.example', scope: announcements}",
    )
    assert load_contract(path).contacts == (
        Contact(address="a@velia.example"),
        Contact(address="b@velia.example", scope="issues", language="en"),
        Contact(address="https://velia.example/in", is_webhook=True, scope="notifications"),
        Contact(address="c@velia.example", scope="announcements"),
    )


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("{channel: a@velia.example, scope: isues}", "did you mean `issues`"),
        ("{channel: a@velia.example, customProperties: [{property: language, value: de}]}", "no language"),
        ("{channel: hook, tool: webhook}", "needs its `url`"),
        ("{channel: hook, tool: webhook, url: 'file:///etc/passwd'}", "needs its `url`"),
    ],
)
def test_a_contact_that_nobody_could_reach_is_refused_at_its_line(
    tmp_path: Path, item: str, words: str
) -> None:
    path = with_support(tmp_path, item)
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    assert words in str(caught.value)
    assert caught.value.problems[0].line is not None
