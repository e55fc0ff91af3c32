"""What a GTFS notice tells of its object, in a reader's words: `tripId` is the sender's trip_id.

Here: names and order of a notice's fields. Not here: rows of other rules, which have the sender's own
column names already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from contracts.model import Contract, WireFormat
from portal.language import Language
from portal.phrases import N_

_NAMES = {
    "csvRowNumber": N_("Line"),
    "tripCsvRowNumber": N_("Line in trips.txt"),
    "stopTimeCsvRowNumber": N_("Line in stop_times.txt"),
    "stopName": N_("Stop"),
    "daysBeforeFeedStart": N_("Days before the start announced"),
    "daysAfterFeedEnd": N_("Days after the end announced"),
    "serviceWindowStartDate": N_("First day of service"),
    "serviceWindowEndDate": N_("Last day of service"),
}
_SILENT = frozenset({"match", "match1", "match2"})
"""Coordinates that a reader cannot place; the report's JSON has them."""
_NUMBERED = re.compile(r"(.*?)([12]?)")


def order_fields(names: Iterable[str], contract: Contract) -> list[str]:
    """Return the fields that a page shows, once each: those with words first, in their order."""
    found = list(dict.fromkeys(names))
    if contract.server.wire_format is not WireFormat.GTFS:
        return found
    ranks = list(_NAMES)
    shown = [name for name in found if name not in _SILENT]
    return sorted(shown, key=lambda n: ranks.index(_split(n)[0]) if _split(n)[0] in ranks else len(ranks))


def name_field(name: str, contract: Contract, language: Language) -> str:
    """Return the field's name: our words, else the GTFS column that it stands for."""
    if contract.server.wire_format is not WireFormat.GTFS:
        return name
    base, rank = _split(name)
    words = language.say(_NAMES[base]) if base in _NAMES else _snake(base)
    return f"{words} ({rank})" if rank else words


def _split(name: str) -> tuple[str, str]:
    """A notice on two objects numbers their fields: `stopId1`, `stopId2`."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], found[2]) if found and found[1] else (name, "")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
