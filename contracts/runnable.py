"""What a contract must say beyond the standard for this engine to run it.

Here: checks on the resolved tree, before it is typed, so that an author sees them with all other
faults. Not here: the standard's own shapes (`odcs`), or what is only unwise (`lint`).
"""

from __future__ import annotations

import re

from contracts.errors import suggest
from contracts.located import LocatedMap, iterate_maps
from contracts.shape import Problems

STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
REACHABLE = ("api", "local", "custom")
VERSION = re.compile(r"^\d+\.\d+\.\d+$")


def check_runnable(tree: LocatedMap, problems: Problems) -> None:
    """Note what keeps a document that is good ODCS from being a feed's contract here."""
    _check_word(tree, "status", STATUSES, (), problems)
    version = tree.get("version")
    if isinstance(version, str) and not VERSION.match(version):
        problems.add(
            ("version",), f"a version of three numbers is wanted, found `{version}`", "write it as `1.0.0`"
        )
    for _, server in list(iterate_maps(tree.get("servers")))[:1]:
        _check_word(server, "type", REACHABLE, ("servers", 0), problems)
    tables = list(iterate_maps(tree.get("schema")))
    if not tables and tree.get("schema") in (None, []):
        problems.add(("schema",), "the contract has no table", "add one below `schema`, or a `basedOn`")
    for index, table in tables:
        for place, prop in iterate_maps(table.get("properties")):
            if "logicalType" not in prop:
                at = ("schema", index, "properties", place, "logicalType")
                problems.add(at, "`logicalType` is missing", "add `logicalType: ...`")


def _check_word(
    owner: LocatedMap, key: str, words: tuple[str, ...], at: tuple[str | int, ...], problems: Problems
) -> None:
    """Hold a text to a closed list."""
    found = owner.get(key)
    if isinstance(found, str) and found not in words:
        problems.add((*at, key), f"`{found}` is not one of: {', '.join(words)}", suggest(found, words))
