"""Whether JSON entities have the promised shape: findings in words that their sender can act on.

Here: strays, NGSI-v2, attributes that nobody has, times that were left out. Not here: reading (`ngsi`).
"""

from __future__ import annotations

from difflib import get_close_matches

from duckdb import DuckDBPyConnection

from connectors.formats.ngsi_paths import Paths, head, list_keys, promised
from connectors.formats.sql_text import quote_text
from contracts.model import Column, Table
from contracts.raw_table import ReadFinding

PROMISED = "[{…}, {…}] NGSI-LD"
"""A JSON array of entities, in signs that need no translation."""
_V2_TYPES = ("Number", "Text", "DateTime", "Boolean", "StructuredValue", "geo:json", "Integer", "Float")


def find_wrong_shape(con: DuckDBPyConnection, table: Table, paths: Paths) -> list[ReadFinding]:
    """Return what keeps the tables ngsi_entity and ngsi_attribute from being the promised observations."""
    strays, entities = con.execute(
        "SELECT count(*) FILTER (json_type(entity) <> 'OBJECT'), count(*) FROM ngsi_entity"
    ).fetchall()[0]
    if strays:
        return [refuse_shape(table, PROMISED, f"{strays} of {entities} elements are no objects")]
    if not entities:
        return []
    findings = _find_v2(con, table) + _find_absent(con, table, paths)
    return findings or _find_timeless(con, table, paths)


def refuse_shape(table: Table, expected: str, observed: str) -> ReadFinding:
    """Return the finding that something else came than was promised."""
    detail = f"promised: {expected}; found: {observed}"
    return ReadFinding(
        "not_the_promised_shape", detail, table=table.name, expected=expected, observed=observed
    )


def _find_v2(con: DuckDBPyConnection, table: Table) -> list[ReadFinding]:
    types = ", ".join(quote_text(name) for name in _V2_TYPES)
    strange = f"list_filter(parts, LAMBDA each: (each[1] ->> '$') IN ({types}))"
    query = f"SELECT count(*) FROM ngsi_attribute WHERE len({strange}) > 0"
    if not con.execute(query).fetchall()[0][0]:
        return []
    observed = "NGSI-v2 (type Number, Text, DateTime…)"
    return [refuse_shape(table, "NGSI-LD (type Property, Relationship, GeoProperty)", observed)]


def _find_absent(con: DuckDBPyConnection, table: Table, paths: Paths) -> list[ReadFinding]:
    """Return a finding for each promised attribute that no entity has."""
    expected = {head(column): column for column in promised(table) if column.is_expected}
    absent = [name for name in expected if paths.place(name) is None]
    found = list_keys(con)[:200] if absent else []
    return [_miss(table, expected[name], found) for name in absent]


def _miss(table: Table, column: Column, found: list[str]) -> ReadFinding:
    name = head(column)
    near = next(iter(get_close_matches(name, found, n=1, cutoff=0.5)), None)
    words = f"the nearest name found is {near}" if near else f"found: {', '.join(found[:20])}"
    detail = f"no entity has the attribute {name}; {words}"
    return ReadFinding("missing_column", detail, table=table.name, column=name, expected=name, observed=near)


def _find_timeless(con: DuckDBPyConnection, table: Table, paths: Paths) -> list[ReadFinding]:
    """Return a finding for each time of observation that the simplified form has dropped."""
    times = [
        column for column in promised(table) if column.is_expected and column.source.endswith(".observedAt")
    ]
    return [_refuse_timeless(table, column) for column in times if _is_timeless(con, paths, column)]


def _is_timeless(con: DuckDBPyConnection, paths: Paths, column: Column) -> bool:
    query = f"SELECT count({paths.part(column.source)}) FROM ngsi_attribute"
    return not con.execute(query).fetchall()[0][0]


def _refuse_timeless(table: Table, column: Column) -> ReadFinding:
    return ReadFinding(
        "not_the_promised_shape",
        f"{head(column)} comes without observedAt: this is the simplified form; ask without the parameter "
        "options=keyValues (or options=simplified), so that times are sent",
        table=table.name,
        column=column.source,
        expected=column.source,
        observed="options=keyValues",
    )
