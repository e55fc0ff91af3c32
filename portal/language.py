"""One reader's language: words by gettext, numbers, dates and typography by its customs.

Here: the two languages of every page. Not here: which sentence is said when (`sentences`,
`rule_texts`), or any HTML.
"""

from __future__ import annotations

import gettext
import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

CODES = ("fr", "en")
"""Languages every page is written in."""

LOCALE = Path(__file__).parent / "locale"
_CUSTOMS = {"fr": "fr_FR", "en": "en_GB"}
_THIN = "\N{NARROW NO-BREAK SPACE}"
_BEFORE_MARK = re.compile("[ \N{NO-BREAK SPACE}]([:;!?»])")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=[\w{«])")
_AFTER_QUOTE = re.compile("«[ \N{NO-BREAK SPACE}]")
_NUMBER = re.compile(r"(?<![\w:.\-/])([+-]?)(\d{1,12}(?:\.\d+)?)(?![\w:\-]|\.\d)( ?%)?")
_RANGE = re.compile(r"^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)$")
_ISO_DAY = re.compile(r"(?<![\w\-])\d{4}-\d{2}-\d{2}(?![\w\-])")
_ISO_MINUTE = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2})?(?:[+-]\d{2}:\d{2}|Z)?")
_DATE_MODEL = re.compile(r"\b(?:dd|mm|yyyy)(?:[/.\- ](?:dd|mm|yyyy)){2}\b")
_SIGNS = {">=": "≥", "<=": "≤"}


def typeset(text: str, code: str) -> str:
    """Return our own text with its language's spacing; never for values a sender wrote.

    French sets a narrow no-break space before `: ; ! ? »` and after `«` (Imprimerie nationale), and a
    curved apostrophe.
    """
    if code != "fr":
        return text
    text = _APOSTROPHE.sub("’", text)
    return _AFTER_QUOTE.sub("«" + _THIN, _BEFORE_MARK.sub(_THIN + r"\1", text))


@lru_cache(maxsize=len(CODES))
def read_catalogue(code: str) -> gettext.GNUTranslations:
    """Return the language's messages, read from its `.po` file: the one source of page words."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (LOCALE / code / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class Language:
    """Words, numbers and dates of one language (`fr` or `en`)."""

    def __init__(self, code: str) -> None:
        """KeyError if the language is not one of `CODES`."""
        self.code = code
        self._customs = _CUSTOMS[code]
        self._messages = read_catalogue(code)

    def say(self, message: str, **values: object) -> str:
        """Return the message in this language with `{name}` values put in."""
        return typeset(self._messages.gettext(message), self.code).format(**values)

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """Return the singular or plural message; `{n}` is the number as this language writes it."""
        chosen = typeset(self._messages.ngettext(one, many, number), self.code)
        return chosen.format(n=self.number(number), **values)

    def number(self, value: int | float | Decimal) -> str:
        """Return a number with at most two decimals, grouped as the language does."""
        from babel.numbers import format_decimal

        return format_decimal(value, format="#,##0.##", locale=self._customs)

    def share(self, percentage: int | float | Decimal) -> str:
        """Return a percentage with at most two decimals; tiny shares never read as zero."""
        if 0 < percentage < Decimal("0.01"):
            return "< " + self._with_percent(self.number(Decimal("0.01")))
        return self._with_percent(self.number(percentage))

    def _with_percent(self, number: str) -> str:
        return f"{number}{_THIN}%" if self.code == "fr" else f"{number}%"

    def day(self, day: date) -> str:
        """Return a day in words: `27 mai 2019`, `27 May 2019`."""
        from babel.dates import format_date

        words = format_date(day, format="long", locale=self._customs)
        return re.sub(r"^1 ", "1er ", words) if self.code == "fr" else words

    def short_day(self, day: date) -> str:
        """Return a day without its year, as short as can be: `27 mai`, `1 sept.`."""
        from babel.dates import format_skeleton

        return format_skeleton("MMMd", day, locale=self._customs)

    def month(self, day: date) -> str:
        """Return the day's month and year, such as `mai 2019`."""
        from babel.dates import format_skeleton

        return format_skeleton("yMMMM", day, locale=self._customs)

    def weekdays(self) -> list[tuple[str, str]]:
        """Return (short, full) names of the days from Monday to Sunday."""
        from babel.dates import get_day_names

        short = get_day_names("abbreviated", locale=self._customs)
        full = get_day_names("wide", locale=self._customs)
        return [(short[i].rstrip("."), full[i]) for i in range(7)]

    def moment(self, instant: datetime, timezone: str) -> str:
        """Return a UTC instant as local day and hour, with the zone named."""
        from babel.dates import format_time, get_timezone_name

        local = instant.astimezone(ZoneInfo(timezone))
        hour = format_time(local, format="HH:mm", locale=self._customs)
        zone = get_timezone_name(local, width="long", locale=self._customs)
        return self.say("{day} at {hour} ({zone})", day=self.day(local.date()), hour=hour, zone=zone)

    def measure(self, text: str) -> str:
        """Return a gate's figures (`>= 95 %`, `0..1`, `2019-05-27`) as this language writes them."""
        bounds = _RANGE.match(text)
        if bounds:
            low, high = (self.number(Decimal(b)) for b in bounds.groups())
            return self.say("from {low} to {high}", low=low, high=high)
        for sign, mark in _SIGNS.items():
            text = text.replace(sign, mark)
        text = _ISO_MINUTE.sub(r"\1, \2", text)
        return _ISO_DAY.sub(self._day_in, _NUMBER.sub(self._number_in, text))

    def date_model(self, text: str) -> str:
        """Return the text with any date model in it (`dd/mm/yyyy`) spelt in this language (`jj/mm/aaaa`)."""
        letters = {"fr": str.maketrans("dy", "ja")}.get(self.code, {})
        return _DATE_MODEL.sub(lambda model: model[0].translate(letters), text)

    def symbol(self, text: str) -> str:
        """Return a separator such as `;` or `semicolon` as a word with its sign."""
        names = {
            ",": self.say("comma (,)"),
            ";": self.say("semicolon (;)"),
            "\t": self.say("tab"),
            "|": self.say("bar (|)"),
        }
        words = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
        word, _, sign = text.partition(" ")  # the readers write `comma ,`
        return names.get(sign or words.get(word.lower(), text), self.quote(text))

    def _number_in(self, found: re.Match[str]) -> str:
        sign, digits, percent = found.groups()
        value = self.share(Decimal(digits)) if percent else self.number(Decimal(digits))
        return sign + value

    def _day_in(self, found: re.Match[str]) -> str:
        try:
            return self.day(date.fromisoformat(found[0]))
        except ValueError:
            return found[0]

    def quote(self, text: str) -> str:
        """Return the text between this language's quotation marks."""
        return f"«{_THIN}{text}{_THIN}»" if self.code == "fr" else f"“{text}”"


@lru_cache(maxsize=len(CODES))
def speak(code: str) -> Language:
    """Return the language of that code, read once a process."""
    return Language(code)
