"""Writing a graph as the same bytes every time: Turtle, and JSON-LD sorted recursively.

Here: serialisation. Not here: the graph (`dcat`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from rdflib import Graph

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def to_turtle(graph: Graph) -> bytes:
    """Return the graph as Turtle, UTF-8."""
    return graph.serialize(format="turtle", encoding="utf-8")


def to_json_ld(graph: Graph) -> bytes:
    """Return the graph as JSON-LD with its context inline, keys and lists sorted."""
    document: Mapping[str, object] = json.loads(graph.serialize(format="json-ld", context=_CONTEXT))
    return dump_json({key: _sort(value) for key, value in document.items()})


def dump_json(document: Mapping[str, object] | list[object]) -> bytes:
    """Return a JSON document as indented UTF-8 with sorted keys."""
    return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _sort(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sort(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return sorted((_sort(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value
