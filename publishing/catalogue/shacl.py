"""Holding the catalogue to the official DCAT-AP 3.0.1 shapes, offline.

Here: loading shapes and asking pyshacl. The files in `schemas/shapes/` are official and unchanged; what
they name and never define is left out after loading, or the engine stops at it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from publishing.errors import PublicationError

if TYPE_CHECKING:
    from rdflib import Graph

SHAPES = ("dcat-ap-SHACL.ttl", "ranges.ttl", "shapes.ttl", "range.ttl", "deprecateduris.ttl")
_AXIOMS = """
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
vcard:Organization rdfs:subClassOf vcard:Kind .
vcard:Individual rdfs:subClassOf vcard:Kind .
dcat:Dataset rdfs:subClassOf dcat:Resource .
dcat:Catalog rdfs:subClassOf dcat:Dataset .
dcat:DataService rdfs:subClassOf dcat:Resource .
"""


def validate_catalogue(graph: Graph) -> None:
    """Raise PublicationError `catalogue_invalid` with the first violations, if the graph breaks a shape."""
    violations = find_violations(graph)
    if violations:
        raise PublicationError("catalogue", "catalogue_invalid", "; ".join(violations[:3]))


def find_violations(graph: Graph) -> tuple[str, ...]:
    """Violations of the DCAT-AP shapes, sorted: focus node, path and message. Warnings do not count."""
    from pyshacl import validate
    from rdflib import RDF, SH, Graph

    axioms = Graph().parse(data=_AXIOMS, format="turtle")
    _, report, _ = validate(
        graph,
        shacl_graph=load_shapes(),
        ont_graph=axioms,
        inference="none",
        advanced=False,
        allow_warnings=True,
    )
    found = []
    for result in report.subjects(RDF.type, SH.ValidationResult):
        if report.value(result, SH.resultSeverity) == SH.Violation:
            parts = (report.value(result, part) for part in (SH.focusNode, SH.resultPath, SH.resultMessage))
            found.append(" ".join(str(part) for part in parts if part is not None))
    return tuple(sorted(found))


@cache
def load_shapes() -> Graph:
    """The official shapes as one graph, without references to shapes that no file defines."""
    from rdflib import RDF, SH, Graph, URIRef

    graph = Graph()
    for name in SHAPES:
        graph.parse(
            data=files("publishing").joinpath("schemas", "shapes", name).read_text(encoding="utf-8"),
            format="turtle",
        )
    for predicate in (SH.property, SH.node):
        for subject, target in list(graph.subject_objects(predicate)):
            if isinstance(target, URIRef) and (target, None, None) not in graph:
                graph.remove((subject, predicate, target))
    del RDF
    return graph
