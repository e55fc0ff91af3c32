"""Read NGSI-LD entities (normalised, concise, or simplified without times) as a table of text.

Here: the JSON array, its forms, the paths of columns. Not here: types and rules. `@context` is never
fetched: compact names match the contract, expanded IRIs by their last segment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from connectors.formats.archive import gunzip
from connectors.formats.sniff import describe_bytes, find_html, is_utf16
from connectors.formats.sql_text import quote_identifier, quote_path, quote_text
from contracts.model import Column, Contract, Table
from contracts.raw_table import RawTable, ReadFinding, UnreadableError

ENTITY_BYTES = 16_000_000
PROMISED = "[{…}, {…}] NGSI-LD"
"""A JSON array of entities, in signs that need no translation."""
_AXES = {"lon": "/coordinates/0", "lat": "/coordinates/1"}
_V2_TYPES = ("Number", "Text", "DateTime", "Boolean", "StructuredValue", "geo:json", "Integer", "Float")
_ALIASES = {"id": ("@id",), "type": ("@type",)}


def read_ngsi(con: DuckDBPyConnection, contract: Contract, data: Path, scratch: Path) -> dict[str, RawTable]:
    """Return the delivery's one table, staged once as text; a row's position is its index in the array.

    Raises UnreadableError.
    """
    table, text = contract.tables[0], data
    if contract.server.dialect.compression == "gzip":
        text = gunzip(data, scratch / f"{table.name}.json", contract.server.max_bytes)
    _check_array(table, text)
    return {table.name: _stage(con, table, text, scratch)}


def _check_array(table: Table, text: Path) -> None:
    """Refuse what is not a whole JSON array in UTF-8: DuckDB takes one that was cut for a short one."""
    finding = _check_ends(table, text)
    if finding is None:
        line = _find_undecodable(text)
        if line is not None:
            detail = f"JSON must be UTF-8; line {line} is not"
            finding = ReadFinding("wrong_encoding", detail, table=table.name, line=line, expected="utf-8")
    if finding is not None:
        raise UnreadableError(finding)


def _check_ends(table: Table, text: Path) -> ReadFinding | None:
    with text.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, text.stat().st_size - 4096))
        tail = file.read()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return ReadFinding("empty_delivery", "the file is empty", table=table.name)
    if is_utf16(head):
        detail = "JSON must be UTF-8 and this is UTF-16"
        return ReadFinding("wrong_encoding", detail, table=table.name, expected="utf-8", observed="UTF-16")
    if not start.startswith(b"["):
        return find_html(head) or _refuse_shape(table, PROMISED, _describe_json(start))
    if not tail.rstrip().endswith(b"]"):
        detail = "the JSON array does not end: the file was cut in transfer or while it was written"
        return ReadFinding(
            "not_the_promised_shape", detail, table=table.name, expected=PROMISED, observed="[{…}, …"
        )
    return None


def _describe_json(start: bytes) -> str:
    if start.startswith(b"{"):
        if b"errors/" in start or b'"title"' in start:
            return "one JSON object that looks like an error message"
        return "one JSON object (a single entity, or one entity a line)"
    return describe_bytes(start)


def _refuse_shape(table: Table, expected: str, observed: str) -> ReadFinding:
    detail = f"promised: {expected}; found: {observed}"
    return ReadFinding(
        "not_the_promised_shape", detail, table=table.name, expected=expected, observed=observed
    )


def _find_undecodable(text: Path) -> int | None:
    """Return the first line that is not UTF-8."""
    try:
        with text.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        with text.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.decode("utf-8", "ignore").encode() != line:
                    return number
    return None


def _explain_json(table: Table, error: Exception) -> ReadFinding:
    reason = re.search(r"Malformed JSON.*?, (at byte \d+ in record/value \d+: [^\n]*)", str(error))
    detail = f"the file is not well-formed JSON{f' ({reason[1]})' if reason else ''}"
    return ReadFinding("not_the_promised_shape", detail, table=table.name, expected=PROMISED)


def _stage(con: DuckDBPyConnection, table: Table, text: Path, scratch: Path) -> RawTable:
    """Parse once, to a Parquet file of text columns; the SQL handed over reads that."""
    con.execute(_read_macros())
    entities = (
        "SELECT json AS entity, row_number() OVER () - 1 AS position FROM read_json_objects("
        f"{quote_path(text)}, format = 'array', compression = 'uncompressed', "
        f"maximum_object_size = {ENTITY_BYTES})"
    )
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE ngsi_entity AS {entities}")
    except duckdb.InvalidInputException as error:
        raise UnreadableError(_explain_json(table, error)) from error
    try:
        keys = _match_keys(con, table)
        _judge_entities(con, table, keys)
        return _write(con, table, keys, scratch / f"{table.name}.parquet")
    finally:
        con.execute("DROP TABLE IF EXISTS ngsi_entity")


@cache
def _read_macros() -> str:
    return files("connectors.formats").joinpath("ngsi_macros.sql").read_text(encoding="utf-8")


def _match_keys(con: DuckDBPyConnection, table: Table) -> dict[str, tuple[str, ...]]:
    """Return, for each promised attribute, the keys that mean it: its name, or IRIs that end in it."""
    found = _list_keys(con)
    return {
        name: tuple(sorted(_meaning(name, found), key=lambda key: (key != name, key)))
        for name in _attributes(table)
    }


def _list_keys(con: DuckDBPyConnection) -> list[str]:
    """Return the distinct keys of all entities, sorted."""
    rows = con.execute(
        "SELECT DISTINCT unnest(json_keys(entity)) AS key FROM ngsi_entity "
        "WHERE json_type(entity) = 'OBJECT' ORDER BY key"
    ).fetchall()
    return [str(key) for (key,) in rows]


def _attributes(table: Table) -> tuple[str, ...]:
    """Return the attributes that columns' paths start with, without repeats, in order."""
    return tuple(dict.fromkeys(_split(column)[0] for column in _promised(table)))


def _promised(table: Table) -> list[Column]:
    return [column for column in table.columns if column.derived is None]


def _split(column: Column) -> tuple[str, str]:
    attribute, _, member = column.source.partition(".")
    return attribute, member


def _meaning(name: str, found: Sequence[str]) -> list[str]:
    aliases = (name, *_ALIASES.get(name, ()))
    return [key for key in found if key in aliases or (":" in key and re.split(r"[/#:]", key)[-1] == name)]


def _judge_entities(con: DuckDBPyConnection, table: Table, keys: Mapping[str, tuple[str, ...]]) -> None:
    """Raise if elements are no entities, if an attribute is absent throughout, or if times were left out."""
    strays, entities = con.execute(
        "SELECT count(*) FILTER (json_type(entity) <> 'OBJECT'), count(*) FROM ngsi_entity"
    ).fetchall()[0]
    if strays:
        observed = f"{strays} of {entities} elements are no objects"
        raise UnreadableError(_refuse_shape(table, PROMISED, observed))
    if not entities:
        return
    findings = [*_find_v2(con, table, keys), *_find_absent(con, table, keys)]
    findings = findings or _find_timeless(con, table, keys)
    if findings:
        raise UnreadableError(*findings)


def _find_v2(con: DuckDBPyConnection, table: Table, keys: Mapping[str, tuple[str, ...]]) -> list[ReadFinding]:
    types = ", ".join(quote_text(name) for name in _V2_TYPES)
    checks = [
        f"({_attribute(keys[name])} ->> '$.type') IN ({types})"
        for name in keys
        if keys[name] and name not in _ALIASES
    ]
    if not checks:
        return []
    (count,) = con.execute(f"SELECT count(*) FROM ngsi_entity WHERE {' OR '.join(checks)}").fetchall()[0]
    observed = "NGSI-v2 (type Number, Text, DateTime…)"
    return (
        [_refuse_shape(table, "NGSI-LD (type Property, Relationship, GeoProperty)", observed)]
        if count
        else []
    )


def _find_absent(
    con: DuckDBPyConnection, table: Table, keys: Mapping[str, tuple[str, ...]]
) -> list[ReadFinding]:
    """Return a finding for each promised attribute that no entity has."""
    expected = {_split(column)[0]: column for column in reversed(_promised(table)) if column.is_expected}
    absent = [name for name in keys if not keys[name] and name in expected]
    if not absent:
        return []
    rows = con.execute(
        "SELECT DISTINCT unnest(json_keys(entity)) AS key FROM ngsi_entity ORDER BY key LIMIT 200"
    )
    found = [str(key) for (key,) in rows.fetchall()]
    return [_miss(table, expected[name], name, found) for name in absent]


def _miss(table: Table, column: Column, name: str, found: Sequence[str]) -> ReadFinding:
    near = next(iter(get_close_matches(name, found, n=1, cutoff=0.5)), None)
    words = f"the nearest name found is {near}" if near else f"found: {', '.join(found[:20])}"
    detail = f"no entity has the attribute {name}; {words}"
    return ReadFinding(
        "missing_column", detail, table=table.name, column=column.source, expected=name, observed=near
    )


def _find_timeless(
    con: DuckDBPyConnection, table: Table, keys: Mapping[str, tuple[str, ...]]
) -> list[ReadFinding]:
    """Return a finding for each time of observation that the simplified form has dropped."""
    return [
        _refuse_timeless(table, column)
        for column in _promised(table)
        if column.is_expected
        and _split(column)[1] == "observedAt"
        and _is_timeless(con, keys[_split(column)[0]])
    ]


def _is_timeless(con: DuckDBPyConnection, keys: tuple[str, ...]) -> bool:
    attribute = _attribute(keys)
    (count,) = con.execute(
        f"SELECT count(*) FROM ngsi_entity WHERE json_exists({attribute}, '$.observedAt') "
        f"OR json_type({attribute}) = 'ARRAY'"
    ).fetchall()[0]
    return not count


def _refuse_timeless(table: Table, column: Column) -> ReadFinding:
    attribute = _split(column)[0]
    return ReadFinding(
        "not_the_promised_shape",
        f"{attribute} comes without observedAt: this is the simplified form; ask without the parameter "
        "options=keyValues (or options=simplified), so that times are sent",
        table=table.name,
        column=column.source,
        expected=column.source,
        observed="options=keyValues",
    )


def _write(
    con: DuckDBPyConnection, table: Table, keys: Mapping[str, tuple[str, ...]], target: Path
) -> RawTable:
    columns = [column for column in _promised(table) if keys[_split(column)[0]] or column.is_expected]
    names = tuple(dict.fromkeys(column.source for column in columns))
    con.execute(f"COPY ({_select(names, keys)}) TO {quote_text(str(target))} (FORMAT parquet)")
    (rows,) = con.execute("SELECT count(*) FROM ngsi_entity").fetchall()[0]
    sql = f"SELECT {', '.join(map(quote_identifier, names))} FROM read_parquet({quote_path(target)})"
    return RawTable(table.name, sql, names, first_line=None, rows=rows)


def _select(names: Sequence[str], keys: Mapping[str, tuple[str, ...]]) -> str:
    """Return the entities as text, in layers, so that each piece of JSON is taken out once.

    attributes a0.. -> their own values v0.. -> the JSON of each path j0.. -> its text.
    """
    heads = list(dict.fromkeys(name.partition(".")[0] for name in names if keys[name.partition(".")[0]]))
    attributes = ", ".join(
        ["position", *(f"{_attribute(keys[head])} AS a{i}" for i, head in enumerate(heads))]
    )
    values = ", ".join(["position", *(f"a{i}, ngsi_value(a{i}) AS v{i}" for i in range(len(heads)))])
    paths = ", ".join(f"{_pick(name, heads)} AS j{i}" for i, name in enumerate(names))
    texts = ", ".join(f"ngsi_text(j{i}) AS {quote_identifier(name)}" for i, name in enumerate(names))
    first = f"SELECT {attributes} FROM ngsi_entity"
    return f"SELECT {texts} FROM (SELECT {paths} FROM (SELECT {values} FROM ({first})))"


def _pick(source: str, heads: Sequence[str]) -> str:
    """Return the SQL of the JSON at a column's path, from its attribute and the attribute's value."""
    head, _, member = source.partition(".")
    if head not in heads:
        return "CAST(NULL AS JSON)"
    place = heads.index(head)
    if not member:
        return f"v{place}"
    if member in _AXES:
        return f"json_extract(v{place}, {quote_text(_AXES[member])})"
    return f"ngsi_member(a{place}, v{place}, {quote_text(_pointer(*member.split('.')))})"


def _attribute(keys: tuple[str, ...]) -> str:
    """Return the SQL of an attribute of the entity under whichever key it has."""
    return f"coalesce({', '.join(f'json_extract(entity, {quote_text(_pointer(key))})' for key in keys)})"


def _pointer(*steps: str) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
