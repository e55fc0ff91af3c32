"""Whom a contract names as contacts: ODCS `support` as addresses that can be written to.

Here: e-mail addresses and webhooks, what each is for, and its language. Not here: writing to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts.errors import suggest
from contracts.model import Contact
from contracts.odcs import SupportItem
from contracts.shape import Problems

SCOPES = ("interactive", "announcements", "issues", "notifications")
"""ODCS 3.1's scopes of a support channel."""
LANGUAGES = ("fr", "en")
WEBHOOK = "webhook"
"""Value of `tool` by which a channel's `url` is posted to."""
MAILTO = "mailto:"


def compile_contacts(support: Sequence[SupportItem], problems: Problems) -> tuple[Contact, ...]:
    """Return the channels that a program can write to; others, such as a chat room, are left to people."""
    return tuple(_contacts(support, problems))


def _contacts(support: Sequence[SupportItem], problems: Problems) -> Iterator[Contact]:
    for index, item in enumerate(support):
        is_hook = item.tool == WEBHOOK
        address = item.url if is_hook else _mailbox(item)
        if is_hook and not (address or "").startswith(("https://", "http://")):
            problems.add(("support", index, "url"), "a webhook needs its `url`", "write `url: https://...`")
        elif address is not None and (is_hook or "@" in address):
            scope = _scope(item, index, problems)
            language = _language(item, index, problems)
            yield Contact(address=address, is_webhook=is_hook, scope=scope, language=language)


def _mailbox(item: SupportItem) -> str:
    """Return the address of a channel: its name, or a `mailto:` beside it."""
    is_named = "@" in item.channel or not (item.url or "").startswith(MAILTO)
    return item.channel if is_named else str(item.url).removeprefix(MAILTO)


def _scope(item: SupportItem, index: int, problems: Problems) -> str | None:
    if item.scope is not None and item.scope not in SCOPES:
        words = f"`{item.scope}` is no scope of a support channel"
        problems.add(("support", index, "scope"), words, suggest(item.scope, SCOPES) or ", ".join(SCOPES))
    return item.scope


def _language(item: SupportItem, index: int, problems: Problems) -> str:
    for given in item.custom_properties:
        if given.property != "language":
            continue
        if given.value in LANGUAGES:
            return str(given.value)
        words = f"`{given.value}` is no language that the pool writes in"
        problems.add(("support", index, "customProperties"), words, f"write one of {', '.join(LANGUAGES)}")
    return LANGUAGES[0]
