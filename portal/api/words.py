"""The server's own words in the reader's language, and which language that is.

Here: the catalogue `deposit.po` (it falls back to the pages' one), and a sentence for each refusal.
Not here: sentences about a verdict (`portal/sentences`).
"""

from __future__ import annotations

import gettext
from functools import lru_cache
from io import BytesIO

from starlette.requests import Request

from portal.language import CODES, LOCALE, Language, read_catalogue

CATALOGUE = "deposit.po"


def N_(message: str) -> str:  # noqa: N802  # gettext's own name for a message said later
    """Mark a message to translate."""
    return message


PROBLEMS = {
    "unknown_feed": N_("The pool has no feed named {feed}."),
    "day_unknown": N_(
        "The day that {name} is about is not known: put it in the file's name or give it as YYYY-MM-DD."
    ),
    "day_wrong": N_("{day} is not a day: write it as YYYY-MM-DD."),
    "day_for_one": N_("A day can be given for one file only: put it in the names of several."),
    "day_not_wanted": N_("This feed is delivered whole: leave out the day."),
    "day_outside": N_("{day} lies outside the days of this feed: it starts on {first} and today is {last}."),
    "too_large": N_("The file is too large: the contract allows {limit} bytes. Nothing of it was kept."),
    "too_many": N_("Too many files at once: {limit} at most. Nothing of them was kept."),
    "no_file": N_("No file came with the request."),
    "interrupted": N_("The upload stopped before its end. Nothing of it was kept: send the file again."),
    "bad_form": N_("The form could not be read. Nothing of it was kept."),
    "encoded": N_("Send the file as it is, without Content-Encoding."),
    "no_token": N_("A token is needed: Authorization: Bearer TOKEN. The pool's operator gives it."),
    "wrong_token": N_("This token is unknown, revoked or expired."),
    "other_feed": N_("This token is not for the feed {feed}."),
    "other_site": N_("Another site sent this form: open the page of the pool and send it from there."),
    "too_often": N_("Too many requests: try again in {seconds} seconds."),
    "too_busy": N_("The server is busy: try again in {seconds} seconds. Nothing of the file was kept."),
    "disk_full": N_("The pool has no room left. Nothing of the file was kept; its operator has to act."),
    "ours": N_("Our fault, not yours: the file could not be judged. Nothing was changed."),
    "not_found": N_("There is nothing at this address."),
    "result_gone": N_("There is no result at this address: it may have expired."),
    "not_allowed": N_("This address does not take this kind of request."),
}
"""A sentence for everything the server may refuse."""


class RefusalError(Exception):
    """A request that is refused, for a reason of the closed list above."""

    def __init__(self, status: int, problem: str, **values: object) -> None:
        """Take the HTTP status, a key of `PROBLEMS`, and what the sentence names."""
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.values = values

    def words(self, language: Language) -> str:
        """Return the reason in one language."""
        return language.say(PROBLEMS[self.problem], **self.values)


class ServerLanguage(Language):
    """A language that knows the server's messages besides the pages'."""

    def __init__(self, code: str) -> None:
        """KeyError if the language is not one of `CODES`."""
        super().__init__(code)
        self._messages = _catalogue(code)


@lru_cache(maxsize=len(CODES))
def speak(code: str) -> ServerLanguage:
    """Return a language by its code."""
    return ServerLanguage(code)


def language_of(request: Request) -> ServerLanguage:
    """Return the language asked for by `?lang=`, else the browser's first one that we speak."""
    asked = request.query_params.get("lang", "")
    if asked in CODES:
        return speak(asked)
    for wish in request.headers.get("accept-language", "").split(","):
        code = wish.split(";")[0].strip().split("-")[0].lower()
        if code in CODES:
            return speak(code)
    return speak(CODES[0])


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, and not a program."""
    return "text/html" in request.headers.get("accept", "")


@lru_cache(maxsize=len(CODES))
def _catalogue(code: str) -> gettext.GNUTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (LOCALE / code / "LC_MESSAGES" / CATALOGUE).open("rb") as source:
        catalogue = read_po(source, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    messages = gettext.GNUTranslations(compiled)
    messages.add_fallback(read_catalogue(code))
    return messages
