"""A contributor's file laid over the standard it is based on.

Here: the merge of two located trees. Not here: finding the standard, or what the result means.
Mappings merge key by key and a null removes the standard's key; lists merge by what names their
items (a column by its name, a rule by its id); other lists and values are replaced.
"""

from __future__ import annotations

from typing import Any

from contracts.located import LocatedList, LocatedMap

_IDENTITY = {
    "schema": "name",
    "properties": "name",
    "customProperties": "property",
    "slaProperties": "property",
    "servers": "server",
    "support": "channel",
    "quality": "id",
    "relationships": "to",
    "roles": "role",
    "members": "username",
}


def merge_maps(base: LocatedMap, over: LocatedMap) -> LocatedMap:
    """Lay `over` over `base`; neither is changed. The result keeps each key's own file and line."""
    merged = LocatedMap(over.place)
    for key, value in base.items():
        if key not in over:
            merged.put(key, value, base.places[key])
        elif over[key] is not None:
            merged.put(key, merge_values(key, value, over[key]), over.places[key])
    for key, value in over.items():
        if key not in base and value is not None:
            merged.put(key, value, over.places[key])
    return merged


def merge_values(key: str, base: Any, over: Any) -> Any:  # noqa: ANN401 - any YAML value
    """Merge two values of one key."""
    if isinstance(base, LocatedMap) and isinstance(over, LocatedMap):
        return merge_maps(base, over)
    if isinstance(base, LocatedList) and isinstance(over, LocatedList):
        identity = _identity_of(key, base, over)
        if identity:
            return _merge_lists(identity, base, over)
    return over


def _identity_of(key: str, base: LocatedList, over: LocatedList) -> str | None:
    """Name the key that tells a list's items apart, or None where the list is a plain value."""
    if key in _IDENTITY:
        return _IDENTITY[key]
    items = [*base, *over]
    return "id" if items and all(isinstance(i, dict) and "id" in i for i in items) else None


def _merge_lists(identity: str, base: LocatedList, over: LocatedList) -> LocatedList:
    """Merge items of the same name in the standard's order, then add the new ones."""
    waiting = {_name(item, identity): index for index, item in enumerate(over) if _name(item, identity)}
    merged = LocatedList(over.place)
    for item, place in zip(base, base.places, strict=True):
        index = waiting.pop(_name(item, identity) or "", None)
        if index is None:
            merged.put(item, place)
        else:
            merged.put(_merge_items(identity, item, over[index]), over.places[index])
    taken = {_name(item, identity) for item in base} - {None}
    for item, place in zip(over, over.places, strict=True):
        if _name(item, identity) not in taken:
            merged.put(item, place)
    return merged


def _merge_items(identity: str, base: LocatedMap, over: LocatedMap) -> LocatedMap:
    """Merge two items of one name; a column the file now holds is no longer derived."""
    merged = merge_maps(base, over)
    if identity == "name" and "physicalName" in over and "transformLogic" not in over:
        merged.pop("transformLogic", None)
        merged.places.pop("transformLogic", None)
    return merged


def _name(item: Any, identity: str) -> str | None:  # noqa: ANN401 - any YAML value
    """Return what names an item of a list, as text."""
    if not isinstance(item, dict) or item.get(identity) is None:
        return None
    return str(item[identity])
