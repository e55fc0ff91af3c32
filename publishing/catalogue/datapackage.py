"""The Data Package v2 descriptor, and one Table Schema a dataset.

Here: `datapackage.json` and `schema.json` as documents. Not here: DCAT (`dcat`), files (`extracts`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from publishing.dataset import Dataset, PublishedColumn
from publishing.described import MEDIA_TYPES, Described, Field, Masthead, PublishedFile
from publishing.errors import PublicationError

if TYPE_CHECKING:
    from jsonschema import Draft7Validator

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
RESOURCE_PROFILE = "https://datapackage.org/profiles/2.0/dataresource.json"
SCHEMA_PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
_INTEGERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)
_TYPES = dict.fromkeys(_INTEGERS, "integer") | {
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIME": "time",
    "BLOB": "any",
}
_TYPE_HEADS = {
    "DECIMAL": "number",
    "DOUBLE": "number",
    "FLOAT": "number",
    "TIMESTAMP": "datetime",
    "STRUCT": "object",
}
_GEOMETRY_TEXTS = {
    "geometry": ("Géométrie / Geometry", "WKB, OGC:CRS84 (longitude, latitude)"),
    "bbox": ("Emprise / Bounding box", "xmin, ymin, xmax, ymax, degrees"),
}


def describe_package(catalogue: Masthead, name: str, described: Iterable[Described]) -> dict[str, Any]:
    """Return the descriptor of all datasets. Its only date is the newest delivered period, if any."""
    described = sorted(described, key=lambda d: d.dataset.id)
    modified = [d.modified for d in described if d.modified]
    package: dict[str, Any] = {
        "$schema": PROFILE,
        "name": re.sub(r"[^a-z0-9._-]", "-", name.lower()),
        "id": catalogue.base_url,
        "title": both(catalogue.title),
        "description": both(catalogue.description) + "\n\n" + both(catalogue.notice),
        "homepage": catalogue.homepage,
        "licenses": _licences(described),
        "contributors": _contributors(catalogue, described),
        "sources": _sources(described),
        "resources": [_resource(catalogue, one, file) for one in described for file in one.files],
    }
    if modified:
        package["created"] = f"{max(modified).isoformat()}T00:00:00Z"
    return package


def describe_schema(dataset: Dataset, fields: Sequence[Field]) -> dict[str, Any]:
    """Return the Table Schema of a file: types, titles, descriptions, constraints, primary key."""
    declared = {column.name: column for column in dataset.columns}
    return {
        "$schema": SCHEMA_PROFILE,
        "fields": [_field(field, declared.get(field.name), field.name in dataset.key) for field in fields],
        "primaryKey": list(dataset.key),
        "missingValues": [""],
    }


def validate_package(package: dict[str, Any]) -> None:
    """Hold the descriptor to the official JSON Schema. Raises PublicationError `data_package_invalid`."""
    error = next(iter(sorted(_validator().iter_errors(package), key=lambda e: list(map(str, e.path)))), None)
    if error is not None:
        where = "/".join(str(part) for part in error.path) or "the descriptor"
        raise PublicationError("catalogue", "data_package_invalid", f"{where}: {error.message[:300]}")


def both(text: dict[Any, str]) -> str:
    """French, then English, in one text: the descriptor has one language slot."""
    return f"{text['fr'].strip()} / {text['en'].strip()}"


def table_type(kind: str) -> str:
    """Data Package type of a DuckDB type; binary is `any`, for a JSON string holds no bytes."""
    return _TYPES.get(kind) or next(
        (to for head, to in _TYPE_HEADS.items() if kind.startswith(head)), "string"
    )


@cache
def _validator() -> Draft7Validator:
    from jsonschema import Draft7Validator

    text = (
        files("publishing").joinpath("schemas", "datapackage", "datapackage.json").read_text(encoding="utf-8")
    )
    return Draft7Validator(json.loads(text))


def _resource(catalogue: Masthead, one: Described, file: PublishedFile) -> dict[str, Any]:
    suffix = "" if file.format == "parquet" else f"-{file.format}"
    resource: dict[str, Any] = {
        "name": one.dataset.id + suffix,
        "path": file.path,
        "type": "table",
        "$schema": RESOURCE_PROFILE,
        "title": both(one.dataset.title),
        "description": f"{one.description('fr', catalogue.notice['fr'])}\n\n"
        f"{one.description('en', catalogue.notice['en'])}",
        "format": file.format,
        "mediatype": MEDIA_TYPES[file.format],
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "licenses": [_licence(one)],
        "sources": _sources([one]),
        "schema": describe_schema(one.dataset, file.fields),
    }
    if file.format == "csv":
        resource["encoding"] = "utf-8"
        resource["dialect"] = {"delimiter": ",", "header": True}
    return resource


def _field(field: Field, column: PublishedColumn | None, is_key: bool) -> dict[str, Any]:
    if column is None:
        title, description = _GEOMETRY_TEXTS[field.name]
    else:
        title, description = both(column.title), both(column.description)
    document: dict[str, Any] = {
        "name": field.name,
        "type": table_type(field.type),
        "title": title,
        "description": description,
    }
    if column is not None and column.unit:
        document["unit"] = column.unit
    if is_key:
        document["constraints"] = {"required": True}
    return document


def _licence(one: Described) -> dict[str, str]:
    return {"name": one.licence.id, "path": one.licence.url, "title": one.licence.title}


def _licences(described: Sequence[Described]) -> list[dict[str, str]]:
    """Every licence of the package; a resource's own list says which binds it."""
    found = {one.licence.id: _licence(one) for one in described}
    return [found[name] for name in sorted(found)]


def _contributors(catalogue: Masthead, described: Sequence[Described]) -> list[dict[str, Any]]:
    names = sorted({contract.contributor for one in described for contract in one.contracts})
    publisher: dict[str, Any] = {
        "title": catalogue.publisher,
        "path": catalogue.homepage,
        "email": catalogue.email,
        "roles": ["publisher"],
    }
    return [publisher, *({"title": name, "roles": ["contributor"]} for name in names)]


def _sources(described: Sequence[Described]) -> list[dict[str, Any]]:
    contracts = {contract.id: contract for one in described for contract in one.contracts}
    return [
        {
            "title": contracts[name].terms.attribution or contracts[name].name,
            "version": contracts[name].version,
        }
        for name in sorted(contracts)
    ]
