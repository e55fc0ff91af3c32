"""Which keys of NGSI-LD entities mean which promised column, and the SQL that takes them out as text.

Here: paths such as `fillingLevel.observedAt` or `location.lon`. Not here: running the SQL (`ngsi`).
`@context` is never fetched: compact names match the contract, expanded IRIs by their last segment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from connectors.formats.sql_text import quote_identifier, quote_list, quote_text
from contracts.model import Column, Table

WRAPPER = ("type", "value", "object", "languageMap", "vocab", "json", "valueList")
"""Members that a wrapped attribute may have its own value under, after its type."""
COUNT_REPEATED = (
    "SELECT count(*) FROM ngsi_found "
    "WHERE len(list_filter(attributes, LAMBDA one: starts_with(CAST(one AS VARCHAR), '[{'))) > 0"
)
"""Counts the entities of ngsi_found in which an attribute may be given several times over."""
_AXES = {"lon": "/coordinates/0", "lat": "/coordinates/1"}
"""GeoJSON order is longitude, latitude."""
_ALIASES = {"id": ("@id",), "type": ("@type",)}


@dataclass(frozen=True)
class Paths:
    """The promised paths, and the keys that mean each attribute present.

    SQL works on lists, an element an attribute: DuckDB sets up every JSON expression at a cost (half a
    millisecond), so that one expression over a list beats one a column.
    """

    sources: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]]
    members: tuple[str, ...]
    """Sub-paths that columns ask for, such as `observedAt`; places on the globe aside."""

    def select_attributes(self) -> str:
        """Return the SQL of one row an entity: position (its index) and attributes (JSON[])."""
        pointers = [point(key) for keys in self.attributes.values() for key in keys]
        numbers = iter(range(1, len(pointers) + 1))
        firsts = [
            f"coalesce({', '.join(f'found[{next(numbers)}]' for _ in keys)})"
            for keys in self.attributes.values()
        ]
        found = f"json_extract(entity, {quote_list(pointers)})" if pointers else "CAST([] AS JSON[])"
        numbered = f"SELECT row_number() OVER () - 1 AS position, {found} AS found FROM ngsi_entity"
        return f"SELECT position, CAST([{', '.join(firsts)}] AS JSON[]) AS attributes FROM ({numbered})"

    def select_texts(self) -> str:
        """Return the SQL of the promised columns as text, from the table ngsi_attribute."""
        paths = ", ".join(self._pick(source) for source in self.sources)
        texts = [
            f"texts[{i}] AS {quote_identifier(source)}" for i, source in enumerate(self.sources, start=1)
        ]
        own = "list_transform(list_zip(attributes, parts), LAMBDA pair: ngsi_value(pair[1], pair[2])) AS own"
        valued = f"SELECT position, attributes, parts, {own} FROM ngsi_attribute"
        picked = f"SELECT position, list_transform([{paths}], LAMBDA found: ngsi_text(found)) AS texts"
        return f"SELECT {', '.join(texts)} FROM ({picked} FROM ({valued})) ORDER BY position"

    def place(self, name: str) -> int | None:
        """Return the 1-based number of an attribute; None if no entity has it."""
        return list(self.attributes).index(name) + 1 if name in self.attributes else None

    def part(self, source: str) -> str | None:
        """Return the SQL of a column's member of its attribute; None where it has none."""
        name, _, member = source.partition(".")
        place = self.place(name)
        if place is None or member not in self.members:
            return None
        return f"parts[{place}][{len(WRAPPER) + 1 + self.members.index(member)}]"

    def _pick(self, source: str) -> str:
        """Return the SQL of the JSON at a path: a member of the wrapper, or else of the value."""
        name, _, member = source.partition(".")
        place = self.place(name)
        if place is None:
            return "CAST(NULL AS JSON)"
        if not member:
            return f"own[{place}]"
        if member in _AXES:
            return f"json_extract(own[{place}], {quote_text(_AXES[member])})"
        return f"coalesce({self.part(source)}, json_extract(own[{place}], {quote_text(point(member))}))"


def select_parts(attributes: str, members: Sequence[str]) -> str:
    """Return the SQL that adds each attribute's members (JSON[][]), taken out in one go."""
    pointers = quote_list(point(part) for part in (*WRAPPER, *members))
    parts = f"list_transform(attributes, LAMBDA one: json_extract(one, {pointers})) AS parts"
    return f"SELECT *, {parts} FROM ({attributes})"


def match_paths(con: DuckDBPyConnection, table: Table) -> Paths:
    """Match a table's paths with the keys of the entities in ngsi_entity."""
    found = list_keys(con)
    columns = promised(table)
    keys = {name: _meaning(name, found) for name in dict.fromkeys(head(column) for column in columns)}
    attributes = {name: those for name, those in keys.items() if those}
    sources = [column.source for column in columns if column.is_expected or head(column) in attributes]
    return Paths(tuple(dict.fromkeys(sources)), attributes, _members(columns))


def list_keys(con: DuckDBPyConnection) -> list[str]:
    """Return the distinct keys of all entities, sorted."""
    keys = (
        "SELECT DISTINCT unnest(json_keys(entity)) AS key FROM ngsi_entity WHERE json_type(entity) = 'OBJECT'"
    )
    return sorted(str(key) for (key,) in con.execute(keys).fetchall())


def promised(table: Table) -> list[Column]:
    """Return the columns that the file itself holds."""
    return [column for column in table.columns if column.derived is None]


def head(column: Column) -> str:
    """Return the attribute that a column's path starts with."""
    return column.source.partition(".")[0]


def point(path: str) -> str:
    """Return the JSON pointer (RFC 6901) of one key, which may be an IRI."""
    return "/" + path.replace("~", "~0").replace("/", "~1")


def _meaning(name: str, found: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that mean an attribute, its own name first."""
    aliases = (name, *_ALIASES.get(name, ()))
    keys = [key for key in found if key in aliases or (":" in key and re.split(r"[/#:]", key)[-1] == name)]
    return tuple(sorted(keys, key=lambda key: (key != name, key)))


def _members(columns: Sequence[Column]) -> tuple[str, ...]:
    members = (column.source.partition(".")[2] for column in columns)
    return tuple(dict.fromkeys(member for member in members if member and member not in _AXES))
