"""From a located tree to a typed section, with every misfit named by file, line and key.

Here: running pydantic and the official JSON Schema, and turning what they say into ContractProblems.
Not here: the types (`odcs`, `extensions`, `pool`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from contracts.errors import ContractError, ContractProblem, suggest
from contracts.located import LocatedMap, Place, place_of

Model = TypeVar("Model", bound=BaseModel)
KeyPath = tuple[str | int, ...]
SCHEMA_FILE = Path(__file__).parent / "schemas" / "odcs-json-schema-v3.1.0.json"
_NAMED_BY = ("name", "property", "server", "id", "channel")
_LIST = ("a list", "write the items with `- ` before each, or in [ ]")
_MAP = ("a mapping of keys to values", "write `key: value` lines below it")
_WANTED = {
    "string_type": ("a text", "write a text"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "int_type": ("a whole number", "write digits, without quotes"),
    "float_type": ("a number", "write digits, without quotes"),
    "tuple_type": _LIST,
    "list_type": _LIST,
    "model_type": _MAP,
    "dict_type": _MAP,
    "model_attributes_type": _MAP,
}

_BOUNDS = {
    "greater_than": ("a number above {gt}", "raise it"),
    "greater_than_equal": ("a number of at least {ge}", "raise it"),
    "less_than": ("a number below {lt}", "lower it"),
    "less_than_equal": ("a number of at most {le}", "lower it"),
    "string_too_short": ("a text of at least {min_length} characters", "make it longer"),
    "string_too_long": ("a text of at most {max_length} characters", "make it shorter"),
    "too_short": ("a list of at least {min_length}", "add what is missing"),
    "string_pattern_mismatch": ("a text of the form `{pattern}`", "write it in that form"),
}


class Problems:
    """Faults of one tree, gathered so that an author sees them all at once."""

    def __init__(self, tree: Any, file: Path) -> None:  # noqa: ANN401 - any YAML value
        """Gather for a tree; `file` is named where a fault has no place of its own."""
        self.tree = tree
        self.file = file
        self.found: list[ContractProblem] = []
        self.paths: list[KeyPath] = []

    def add(self, path: KeyPath, problem: str, fix: str = "") -> None:
        """Note a fault at a key path of the tree."""
        place = place_of(self.tree, path) or Place(self.file, 1)
        self.paths.append(path)
        self.found.append(ContractProblem(place.file, place.line, write_key(self.tree, path), problem, fix))

    def covers(self, path: KeyPath) -> bool:
        """Whether a fault at, above or below this path is already noted."""
        return any(p[: len(path)] == path or path[: len(p)] == p for p in self.paths)

    def raise_if_any(self) -> None:
        """Raise all faults as one ContractError, in order of lines."""
        if self.found:
            unique = list(dict.fromkeys(self.found))
            raise ContractError(*sorted(unique, key=lambda p: (str(p.file), p.line or 0)))


def value_at(tree: Any, path: KeyPath) -> Any:  # noqa: ANN401 - any YAML value
    """Return what stands at a key path; None where nothing does."""
    for part in path:
        if not _has(tree, part):
            return None
        tree = tree[part]
    return tree


def write_key(tree: Any, path: KeyPath) -> str:  # noqa: ANN401 - any YAML value
    """Write a key path with names in place of list positions: `schema[reading].properties[power_w]`."""
    words = ""
    for part in path:
        inner = tree[part] if _has(tree, part) else None
        if isinstance(part, int):
            words += f"[{_item_name(inner, part)}]"
        else:
            words += f".{part}" if words else part
        tree = inner
    return words


def read_section(
    model: type[Model],
    value: Any,  # noqa: ANN401 - any YAML value
    problems: Problems,
    at: KeyPath = (),
) -> Model | None:
    """Type one section; None if it doesn't fit, with the reasons noted."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = error.errors()
        for item in faults:
            if item["type"] == "too_short" and _has_faults_below(item["loc"], [f["loc"] for f in faults]):
                continue
            loc = tuple(part for part in item["loc"] if not _is_union_label(part))
            loc = _trim(value, loc, item["type"])
            problem, fix = _explain(model, dict(item), loc)
            problems.add((*at, *loc), problem, fix)
        return None


def check_official_schema(tree: LocatedMap, problems: Problems, *, shipped: Sequence[Any] = ()) -> None:
    """Run the official ODCS 3.1.0 JSON Schema; faults already noted at the same place are not repeated.

    Tables are checked one by one and remembered: many contributors share a standard's tables. Those of
    `shipped`, the very same objects, are known to be good: checking a timetable's takes half a second.
    """
    known = {id(table) for table in shipped}
    tables = tree.get("schema")
    rest = {key: value for key, value in tree.items() if key != "schema" or not isinstance(tables, list)}
    faults = list(_official_faults(None, _canonical(rest)))
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if id(table) in known:
            continue
        inner = _official_faults("SchemaObject", _canonical(table))
        faults += [(("schema", index, *path), message) for path, message in inner]
    for path, message in faults:
        if not problems.covers(path):
            problems.add(
                path, f"ODCS 3.1.0 refuses this: {_clip(message)}", "see the ODCS 3.1.0 documentation"
            )


def _canonical(value: Any) -> str:  # noqa: ANN401 - any YAML value
    """Write a value as JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True)


@lru_cache(maxsize=2048)
def _official_faults(part: str | None, text: str) -> tuple[tuple[KeyPath, str], ...]:
    """Validate JSON text against the official schema, or one of its definitions."""
    errors = (_deepest(e) for e in _validator(part).iter_errors(json.loads(text)))
    return tuple(sorted(((tuple(e.absolute_path), e.message) for e in errors), key=str))


@cache
def _validator(part: str | None) -> Any:  # noqa: ANN401 - jsonschema's classes are made at run time
    """Load the official schema, or one of its definitions, once."""
    from jsonschema import Draft201909Validator

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    if part is None:
        return Draft201909Validator(schema)
    return Draft201909Validator(
        {"$schema": schema["$schema"], "$ref": f"#/$defs/{part}", "$defs": schema["$defs"]}
    )


def _deepest(error: Any) -> Any:  # noqa: ANN401 - jsonschema's error
    """Follow the branches of a composite error to the most precise one."""
    while error.context:
        error = max(error.context, key=lambda e: len(e.absolute_path))
    return error


def _has_faults_below(loc: KeyPath, others: Iterable[KeyPath]) -> bool:
    """Whether an empty list is only empty because its items were refused, which is told already."""
    return any(len(other) > len(loc) and other[: len(loc)] == loc for other in others)


def _explain(model: type[BaseModel], item: dict[str, Any], loc: KeyPath) -> tuple[str, str]:
    """Word one pydantic error and its remedy."""
    kind, found = str(item["type"]), item.get("input")
    name = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        return f"unknown key `{name}`", suggest(name, known_keys(model, loc[:-1]))
    if kind == "missing":
        return f"`{name}` is missing", f"add `{name}: ...`"
    if kind in {"literal_error", "enum"}:
        words = re.findall(r"'([^']*)'", str(item.get("ctx", {}).get("expected", "")))
        return f"{_show(found)} is not one of: {', '.join(words)}", suggest(str(found), words)
    if kind in _WANTED:
        wanted, fix = _WANTED[kind]
        if kind == "string_type" and isinstance(found, int | float):
            fix = f'put it in quotes: "{found}"'
        return f"{wanted} is wanted, found {_show(found)}", fix
    if kind in _BOUNDS:
        wanted, fix = _BOUNDS[kind]
        return f"{wanted.format(**item['ctx'])} is wanted, found {_show(found)}", fix
    return f"{str(item['msg']).removeprefix('Value error, ')}, found {_show(found)}", ""


def known_keys(model: type[BaseModel], loc: KeyPath) -> tuple[str, ...]:
    """List the keys that a model, or a section inside it, may have."""
    current: type[BaseModel] | None = model
    for part in loc:
        if current is None or isinstance(part, int):
            continue
        field = next((f for n, f in current.model_fields.items() if (f.alias or n) == part), None)
        current = _inner_model(field.annotation) if field else None
    if current is None:
        return ()
    return tuple(f.alias or n for n, f in current.model_fields.items())


def _inner_model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type expression
    """Find the model inside `tuple[X, ...]`, `X | None`, `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for m in map(_inner_model, get_args(annotation)) if m), None)


def _trim(value: Any, loc: Iterable[str | int], kind: str) -> KeyPath:  # noqa: ANN401 - any YAML value
    """Drop union branches' names that pydantic appends to a path; keep a missing or unknown last key."""
    path: list[str | int] = []
    for part in loc:
        if _has(value, part):
            path.append(part)
            value = value[part]
        else:
            if kind == "missing":
                path.append(part)
            break
    return tuple(path)


def _has(tree: Any, part: str | int) -> bool:  # noqa: ANN401 - any YAML value
    """Whether a tree has this key or index."""
    if isinstance(tree, dict):
        return part in tree
    return isinstance(tree, list) and isinstance(part, int) and part < len(tree)


def _is_union_label(part: str | int) -> bool:
    """Whether pydantic's path names a branch of a union and not a key."""
    return isinstance(part, str) and ("[" in part or part.startswith("function-"))


def _item_name(item: Any, index: int) -> str:  # noqa: ANN401 - any YAML value
    """Name a list's item by what identifies it, else by its number."""
    if isinstance(item, dict):
        for key in _NAMED_BY:
            if isinstance(item.get(key), str):
                return str(item[key])
    return str(index)


def _show(value: Any) -> str:  # noqa: ANN401 - any YAML value
    """Show a found value briefly, as YAML writes it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"`{_clip(str(value), 60)}`"


def _clip(text: str, limit: int = 200) -> str:
    """Shorten a long text."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
