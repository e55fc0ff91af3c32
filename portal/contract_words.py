"""Words of a contract's page: states, types, openness, lengths of time, in one language.

Here: a word or two for each closed list. Not here: which of them the page says (`contract_view`).
"""

from __future__ import annotations

import re

from contracts.model import Column, LogicalType, Openness, Unchecked
from portal.language import Language

_DURATION = re.compile(r"^P(?:(\d+)([DWY])|T(\d+)([HM]))$")
_SECONDS = {"D": 86_400, "W": 604_800, "Y": 31_536_000, "H": 3_600, "M": 60}
_MINUTE, _HOUR, _DAY, _WEEK, _YEAR = 60, 3_600, 86_400, 604_800, 31_536_000


def name_status(status: str, language: Language) -> str:
    """Return a contract's state in a word or two."""
    words = {
        "proposed": language.say("proposed"),
        "draft": language.say("draft"),
        "active": language.say("in force"),
        "deprecated": language.say("to be replaced"),
        "retired": language.say("ended"),
    }
    return words[status]


def name_decimal_mark(mark: str, language: Language) -> str:
    """Return the mark between whole and fraction."""
    return language.say("decimal comma") if mark == "," else language.say("decimal point")


def name_type(column: Column, language: Language) -> str:
    """Return a column's type with its unit and how it is written."""
    words = {
        LogicalType.STRING: language.say("text"),
        LogicalType.NUMBER: language.say("number"),
        LogicalType.INTEGER: language.say("whole number"),
        LogicalType.BOOLEAN: language.say("true or false"),
        LogicalType.DATE: language.say("day"),
        LogicalType.TIMESTAMP: language.say("day and time"),
        LogicalType.TIME: language.say("time of day"),
    }
    parts = [words[column.logical_type], f"({column.unit})" if column.unit else "", column.date_format or ""]
    return " ".join(part for part in parts if part)


def say_presence(column: Column, language: Language) -> str:
    """Return whether cells, or the column itself, may be missing."""
    if column.derived is not None:
        return language.say("computed by the pool")
    if column.required:
        return language.say("never empty")
    return language.say("may be empty") if column.is_expected else language.say("may be left out")


def name_openness(openness: Openness, language: Language) -> str:
    """Return who may see a column, in a word or two."""
    words = {
        Openness.OPEN: language.say("everybody"),
        Openness.MEMBERS: language.say("members"),
        Openness.BILATERAL: language.say("by agreement"),
        Openness.PRIVATE: language.say("nobody else"),
    }
    return words[openness]


def say_embargo(duration: str | None, language: Language) -> str:
    """Write an ISO 8601 duration in words; months, which have no fixed length, stay as written."""
    match = _DURATION.match(duration or "")
    if match is None:
        return duration or ""
    seconds = int(match[1] or match[3]) * _SECONDS[match[2] or match[4]]
    return language.say("{span} after delivery", span=say_span(seconds, language))


def name_unchecked(kind: Unchecked, language: Language) -> str:
    """Return what kind of thing no gate looks at."""
    words = {
        Unchecked.QUALITY: language.say("Check of another tool"),
        Unchecked.TEXT: language.say("Check by people"),
        Unchecked.NESTED: language.say("Nested column"),
        Unchecked.OPTION: language.say("Limit"),
        Unchecked.REFERENCE: language.say("Reference"),
        Unchecked.SERVICE_LEVEL: language.say("Service level"),
        Unchecked.SERVER: language.say("Another address"),
    }
    return words[kind]


def say_span(seconds: int, language: Language) -> str:
    """Return a length of time in its largest whole unit."""
    if seconds % _YEAR == 0:
        return language.count("{n} year", "{n} years", seconds // _YEAR)
    if seconds % _WEEK == 0:
        return language.count("{n} week", "{n} weeks", seconds // _WEEK)
    if seconds % _DAY == 0:
        return language.count("{n} day", "{n} days", seconds // _DAY)
    if seconds % _HOUR == 0:
        return language.count("{n} hour", "{n} hours", seconds // _HOUR)
    return language.count("{n} minute", "{n} minutes", seconds // _MINUTE)
