"""The gates' own short phrases, said in the reader's language: what a check lacks, what was promised.

Here: phrases recognised whole, and their translations. Not here: figures (`language.measure`), or
rules' texts (`rule_texts`). A phrase nobody foresaw is shown as the gate wrote it.
"""

from __future__ import annotations

import re

from portal.language import Language


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a message for the catalogues without saying it yet."""
    return message


_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (
            r"needs (?P<wanted>\d+) accepted deliveries of the past, has (?P<known>\d+)",
            N_("needs {wanted} accepted deliveries of the past, has {known}"),
        ),
        (r"needs (?:the register )?last/\w+", N_("needs an accepted delivery before this one")),
        (r"needs to know when the delivery came", N_("needs to know when the delivery came")),
        (r"the contract names no register for it", N_("the contract names no register for it")),
        (
            r"the register (?P<register>\S+) has no column (?P<column>\S+)",
            N_("the register {register} has no column {column}"),
        ),
        (r"its own limit in (?P<register>\S+)", N_("its own limit in the register {register}")),
        (r"the contract states no step", N_("the contract states no time step")),
        (r"no series has enough observations", N_("no series has enough observations")),
        (r"no whole week of service lies ahead", N_("no whole week of service lies ahead")),
        (r"needs (?:the register )?(?P<register>[\w.-]+/[\w.-]+)", N_("needs the register {register}")),
        (r"needs table (?P<table>\S+)", N_("needs the table {table}, which the delivery does not have")),
        (r"needs the delivery's period", N_("needs to know the day of the delivery")),
        (
            r"the register (?P<register>\S+) has nothing in service on (?P<day>\S+)",
            N_("the register {register} has nothing in service on {day}"),
        ),
        (r"the delivery has no rows", N_("the delivery has no row")),
        (r"no accepted rows", N_("no row was accepted")),
        (r"no dated rows", N_("no row has a date")),
        (r"no accepted stop times", N_("no stop time was accepted")),
        (r"no accepted calendar", N_("no calendar was accepted")),
        (r"a snapshot has no period", N_("this feed is sent whole, not day by day")),
        (r"the median of the past is 0", N_("past deliveries are all empty")),
        (
            r"the GTFS validator is not installed here: .*",
            N_("the GTFS validator is not installed on the pool's machine"),
        ),
        (r"\^\[0-9\]\{(?P<n>\d+)\}\$", N_("{n} digits")),
        (r"\^\[0-9A-Fa-f\]\{(?P<n>\d+)\}\$", N_("{n} hexadecimal digits")),
        (r"(?P<day>\d{4}-\d\d-\d\d): ≥ (?P<share>[\d.]+ %)", N_("{day}: ≥ {share}")),
        (
            r"a local day equal to the delivery's period",
            N_("the local day must be that of the delivery"),
        ),
        (r"the JSON array does not end: .*", N_("The file was cut in transfer or while it was written.")),
        (r"a value", N_("a value")),
        (r"once per (?P<key>.+)", N_("once per {key}")),
        (r"once", N_("once")),
        (r"(?P<n>\d+) times", N_("{n} times")),
        (r"plain text", N_("plain text")),
        (r"an empty file", N_("an empty file")),
        (r"decimal comma", N_("decimal comma")),
        (r"decimal point", N_("decimal point")),
        (r"string", N_("text")),
        (r"number(?: (?P<unit>\S+))?", N_("a number {unit}")),
        (r"integer(?: (?P<unit>\S+))?", N_("a whole number {unit}")),
        (r"boolean", N_("true or false")),
        (r"date(?: (?P<unit>.+))?", N_("a date {unit}")),
        (r"timestamp(?: (?P<unit>.+))?", N_("a day and time {unit}")),
        (r"ISO 8601, such as (?P<example>\S+)", N_("ISO 8601, such as {example}")),
        (
            r"ISO 8601 with offset, such as (?P<example>\S+)",
            N_("ISO 8601 with its offset, such as {example}"),
        ),
        (r"the file is empty", N_("The file is empty.")),
        (
            r"the (?:gzip file ends too early|zip file has lost its end): .*",
            N_("The file was cut in transfer or while it was written."),
        ),
        (r"the (?P<kind>gzip|zip) file is damaged: .*", N_("The {kind} file is damaged.")),
        (
            r"the text is not (?P<promised>\S+) but looks like (?P<found>.+), from line (?P<line>\d+) on",
            N_("The text is not {promised} but looks like {found}, from line {line} on."),
        ),
        (
            r"not (?:a )?(?P<promised>.+?)(?: file)? but (?P<found>.+)",
            N_("Not {promised}, but {found}."),
        ),
        (r"the archive holds no (?P<table>\S+).*", N_("The archive holds no {table}.")),
    )
)
_DAYS = {"weekday": N_("weekday"), "saturday": N_("Saturday"), "sunday": N_("Sunday")}


def say_phrase(text: str, language: Language, *, figures: bool = True) -> str:
    """Return a gate's phrase in this language.

    Args:
        text: the phrase.
        language: to say it in.
        figures: whether its figures may be written as the language does; not where they are a
            sender's own text.
    """
    for pattern, message in _PHRASES:
        found = pattern.fullmatch(text)
        if found:
            values = {name: _write(value or "", language) for name, value in found.groupdict().items()}
            return language.say(message, **values).strip()
    for word, message in _DAYS.items():
        text = re.sub(rf"\b{word}\b", language.say(message), text)
    return language.measure(text) if figures else text


def _write(value: str, language: Language) -> str:
    return language.measure(value) if re.fullmatch(r"[\d.]+(?: %)?|\d{4}-\d{2}-\d{2}", value) else value
