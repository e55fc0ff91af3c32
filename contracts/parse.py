"""A contract file read and checked on its own, before any standard is laid under it.

Here: the thin checks of the contributor's file. Not here: YAML itself (`located`), the merge
with a standard and the strict checks of the result (`resolve`).
"""

from __future__ import annotations

import re
from pathlib import Path

from contracts.errors import suggest
from contracts.located import LocatedMap, iterate_maps, read_located
from contracts.odcs import DataContract
from contracts.shape import Problems, known_keys

API_VERSION = "v3.1.0"
_REQUIRED = ("apiVersion", "kind", "id", "version", "status")
_SAFE_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
_BASED_ON = re.compile(r"^([a-z0-9]+(?:-[a-z0-9]+)*)@(\d+)$")


def read_contract_file(path: Path) -> LocatedMap:
    """Read a contributor's file or a standard. Raises ContractError naming every fault found."""
    tree = read_located(path)
    problems = Problems(tree, path)
    _check_header(tree, problems)
    _check_unique_names(tree, problems)
    problems.raise_if_any()
    return tree


def based_on(tree: LocatedMap, problems: Problems) -> tuple[str, int] | None:
    """Return the standard's name and major version that a file is based on; None without one."""
    for index, item in iterate_maps(tree.get("customProperties")):
        if item.get("property") != "basedOn":
            continue
        match = _BASED_ON.match(str(item.get("value")))
        if match:
            return match.group(1), int(match.group(2))
        problems.add(
            ("customProperties", index, "value"),
            f"`{item.get('value')}` does not name a standard and its major version",
            "write it as `gtfs-schedule@1`",
        )
    return None


def _check_header(tree: LocatedMap, problems: Problems) -> None:
    """Check the keys at the top, which every file has of its own."""
    known = known_keys(DataContract, ())
    for key in tree:
        if key not in known:
            problems.add((key,), f"unknown key `{key}`", suggest(key, known))
    for key in _REQUIRED:
        if key not in tree:
            problems.add((), f"`{key}` is missing", f"add `{key}: ...` at the top")
    version = tree.get("apiVersion")
    if "apiVersion" in tree and version != API_VERSION:
        problems.add(
            ("apiVersion",),
            f"this engine reads ODCS {API_VERSION}, the file says `{version}`",
            f"write `apiVersion: {API_VERSION}` and check the file against that version",
        )
    if isinstance(tree.get("id"), str) and not _SAFE_ID.match(tree["id"]):
        problems.add(
            ("id",), f"`{tree['id']}` can't name a feed", "use small letters, digits and single hyphens"
        )


def _check_unique_names(tree: LocatedMap, problems: Problems) -> None:
    """Refuse two tables, or two columns of a table, of one name: a merge would hide one of them."""
    _check_unique(tree, ("schema",), problems, "table")
    for index, table in iterate_maps(tree.get("schema")):
        _check_unique(table, ("schema", index, "properties"), problems, "column")


def _check_unique(owner: LocatedMap, at: tuple[str | int, ...], problems: Problems, noun: str) -> None:
    """Note items of a list that repeat a name."""
    seen: set[str] = set()
    for index, item in iterate_maps(owner.get(str(at[-1]))):
        name = item.get("name")
        if isinstance(name, str) and name in seen:
            problems.add((*at, index), f"the {noun} `{name}` is described twice", "keep one of them")
        if isinstance(name, str):
            seen.add(name)
