"""The DCAT-AP 3 catalogue as a graph with fixed node ids.

Here: building the graph and its plain-checksum twin for udata. Not here: serialising it (`rdf_files`)
or holding it to the shapes (`shacl`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rdflib import RDF, RDFS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV, SKOS
from rdflib.term import Node

from publishing.catalogue.vocabulary import concept_iri
from publishing.described import MEDIA_TYPES, Described, Masthead, PublishedFile

SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
GEO = Namespace("http://www.opengis.net/ont/geosparql#")
_IANA = "https://www.iana.org/assignments/media-types/"
_TABLE_SCHEMA = "https://datapackage.org/standard/table-schema/"
_LANGUAGES = {"fr": "FRA", "en": "ENG"}
_PREFIXES = (
    ("dcat", DCAT),
    ("dcatap", DCATAP),
    ("dct", DCTERMS),
    ("spdx", SPDX),
    ("vcard", VCARD),
    ("geo", GEO),
)
_VERSION = URIRef(f"{DCAT}version")
_THEMES = URIRef("http://publications.europa.eu/resource/authority/data-theme")


def build_catalogue(catalogue: Masthead, described: Iterable[Described], version: str) -> Graph:
    """Return the catalogue's graph, DCAT-AP 3.0.1, checksums typed as the shapes demand.

    Dates are those of deliveries and of the data's own coverage. Raises PublicationError `code_unknown`.
    """
    graph = Graph()
    for prefix, namespace in _PREFIXES:
        graph.bind(prefix, namespace)
    described = sorted(described, key=lambda d: d.dataset.id)
    root = URIRef(catalogue.base_url + "catalog")
    publisher = _add_publisher(graph, catalogue)
    graph.add((root, RDF.type, DCAT.Catalog))
    _add_texts(graph, root, DCTERMS.title, catalogue.title)
    _add_texts(
        graph,
        root,
        DCTERMS.description,
        {k: f"{v.strip()}\n\n{catalogue.notice[k].strip()}" for k, v in catalogue.description.items()},
    )
    graph.add((root, DCTERMS.publisher, publisher))
    graph.add((root, _VERSION, Literal(version)))
    _link(graph, root, FOAF.homepage, URIRef(catalogue.homepage), FOAF.Document)
    _link(graph, root, DCAT.themeTaxonomy, _THEMES, SKOS.ConceptScheme)
    graph.add((_THEMES, DCTERMS.title, Literal("Data theme", lang="en")))
    _add_languages(graph, root)
    _add_spatial(graph, root, catalogue)
    for one in described:
        graph.add((root, DCAT.dataset, _add_dataset(graph, catalogue, one, publisher)))
    modified = [one.modified for one in described if one.modified]
    if modified:
        graph.add((root, DCTERMS.modified, Literal(max(modified).isoformat(), datatype=XSD.date)))
    return graph


def with_plain_checksums(graph: Graph) -> Graph:
    """Return the same graph with checksum values as plain strings: udata refuses `xsd:hexBinary`."""
    plain = Graph()
    for prefix, namespace in graph.namespaces():
        plain.bind(prefix, namespace)
    for subject, predicate, value in graph:
        plain.add((subject, predicate, Literal(str(value)) if predicate == SPDX.checksumValue else value))
    return plain


def _add_dataset(graph: Graph, catalogue: Masthead, one: Described, publisher: URIRef) -> URIRef:
    spec = one.dataset
    node = URIRef(f"{catalogue.base_url}{spec.id}/")
    graph.add((node, RDF.type, DCAT.Dataset))
    graph.add((node, DCTERMS.identifier, Literal(str(node))))
    _add_texts(graph, node, DCTERMS.title, spec.title)
    for language in _LANGUAGES:
        text = one.description(language, catalogue.notice["fr" if language == "fr" else "en"])
        graph.add((node, DCTERMS.description, Literal(text, lang=language)))
    for language, words in spec.keywords.items():
        for word in words:
            graph.add((node, DCAT.keyword, Literal(word, lang=language)))
    graph.add((node, DCTERMS.publisher, publisher))
    graph.add((node, DCAT.contactPoint, _add_contact(graph, catalogue)))
    graph.add((node, _VERSION, Literal(one.version)))
    theme = _link(graph, node, DCAT.theme, URIRef(concept_iri("data-theme", spec.theme)), SKOS.Concept)
    graph.add((theme, SKOS.prefLabel, Literal(spec.theme, lang="en")))
    frequency = URIRef(concept_iri("frequency", spec.frequency))
    _link(graph, node, DCTERMS.accrualPeriodicity, frequency, DCTERMS.Frequency)
    access = URIRef(concept_iri("access-right", "PUBLIC"))
    _link(graph, node, DCTERMS.accessRights, access, DCTERMS.RightsStatement)
    _link(graph, node, DCTERMS.license, URIRef(one.licence.iri), DCTERMS.LicenseDocument)
    graph.add((URIRef(one.licence.iri), RDFS.label, Literal(one.licence.title, lang="en")))
    _add_languages(graph, node)
    _add_spatial(graph, node, catalogue)
    _add_temporal(graph, node, one)
    _add_provenance(graph, node, one)
    for file in one.files:
        graph.add((node, DCAT.distribution, _add_distribution(graph, catalogue, one, file)))
    return node


def _add_distribution(graph: Graph, catalogue: Masthead, one: Described, file: PublishedFile) -> URIRef:
    node = URIRef(catalogue.base_url + file.path)
    graph.add((node, RDF.type, DCAT.Distribution))
    for language, title in one.dataset.title.items():
        graph.add((node, DCTERMS.title, Literal(f"{title} ({file.format.upper()})", lang=language)))
    graph.add((node, DCAT.accessURL, node))
    graph.add((node, DCAT.downloadURL, node))
    graph.add((node, DCAT.byteSize, Literal(file.bytes, datatype=XSD.nonNegativeInteger)))
    _link(graph, node, DCTERMS.license, URIRef(one.licence.iri), DCTERMS.LicenseDocument)
    form = URIRef(concept_iri("file-type", file.format.upper()))
    _link(graph, node, DCTERMS["format"], form, DCTERMS.MediaTypeOrExtent)
    graph.add((form, RDF.type, DCTERMS.IMT))
    graph.add((form, RDFS.label, Literal(file.format.upper())))
    _link(graph, node, DCAT.mediaType, URIRef(_IANA + MEDIA_TYPES[file.format]), DCTERMS.MediaType)
    schema = URIRef(f"{catalogue.base_url}{one.dataset.id}/schema.json")
    _link(graph, node, DCTERMS.conformsTo, schema, DCTERMS.Standard)
    _link(graph, schema, DCTERMS.conformsTo, URIRef(_TABLE_SCHEMA), DCTERMS.Standard)
    availability = URIRef(concept_iri("planned-availability", "STABLE"))
    _link(graph, node, DCATAP.availability, availability, SKOS.Concept)
    graph.add((availability, SKOS.prefLabel, Literal("stable", lang="en")))
    checksum = BNode(f"checksum-{one.dataset.id}-{file.format}")
    graph.add((node, SPDX.checksum, checksum))
    graph.add((checksum, RDF.type, SPDX.Checksum))
    algorithm = URIRef(concept_iri("checksum-algorithm", "sha256"))
    _link(graph, checksum, SPDX.algorithm, algorithm, SPDX.ChecksumAlgorithm)
    graph.add((checksum, SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary)))
    return node


def _add_publisher(graph: Graph, catalogue: Masthead) -> URIRef:
    node = URIRef(catalogue.base_url + "publisher")
    graph.add((node, RDF.type, FOAF.Agent))
    graph.add((node, FOAF.name, Literal(catalogue.publisher)))
    graph.add((node, FOAF.homepage, URIRef(catalogue.homepage)))
    return node


def _add_contact(graph: Graph, catalogue: Masthead) -> URIRef:
    node = URIRef(catalogue.base_url + "contact")
    graph.add((node, RDF.type, VCARD.Organization))
    graph.add((node, VCARD.fn, Literal(catalogue.publisher)))
    graph.add((node, VCARD.hasEmail, URIRef(f"mailto:{catalogue.email}")))
    return node


def _add_spatial(graph: Graph, node: URIRef, catalogue: Masthead) -> None:
    west, south, east, north = catalogue.bbox
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    polygon = f"POLYGON(({', '.join(f'{x} {y}' for x, y in corners)}))"
    place = BNode("spatial-" + (str(node).removeprefix(catalogue.base_url).strip("/")))
    graph.add((node, DCTERMS.spatial, place))
    graph.add((place, RDF.type, DCTERMS.Location))
    graph.add((place, DCAT.bbox, Literal(polygon, datatype=GEO.wktLiteral)))


def _add_temporal(graph: Graph, node: URIRef, one: Described) -> None:
    if one.modified:
        graph.add((node, DCTERMS.modified, Literal(one.modified.isoformat(), datatype=XSD.date)))
    if one.temporal is None:
        return
    period = BNode(f"temporal-{one.dataset.id}")
    graph.add((node, DCTERMS.temporal, period))
    graph.add((period, RDF.type, DCTERMS.PeriodOfTime))
    graph.add((period, DCAT.startDate, Literal(one.temporal[0].isoformat(), datatype=XSD.date)))
    graph.add((period, DCAT.endDate, Literal(one.temporal[1].isoformat(), datatype=XSD.date)))


def _add_provenance(graph: Graph, node: URIRef, one: Described) -> None:
    """Say in words whose data these are: every attribution, then the rules that were applied."""
    lines = [*one.attributions, *one.rules]
    for number, line in enumerate(lines):
        statement = BNode(f"provenance-{one.dataset.id}-{number:02d}")
        graph.add((node, DCTERMS.provenance, statement))
        graph.add((statement, RDF.type, DCTERMS.ProvenanceStatement))
        graph.add((statement, RDFS.label, Literal(line)))
    for name in sorted({contract.contributor for contract in one.contracts}):
        agent = URIRef(f"{str(node).rsplit('/', 2)[0]}/contributor/{name}")
        attribution = BNode(f"attribution-{one.dataset.id}-{name}")
        graph.add((node, PROV.qualifiedAttribution, attribution))
        graph.add((attribution, RDF.type, PROV.Attribution))
        graph.add((attribution, PROV.agent, agent))
        graph.add((agent, RDF.type, FOAF.Agent))
        graph.add((agent, FOAF.name, Literal(name)))


def _add_languages(graph: Graph, node: URIRef) -> None:
    for code in _LANGUAGES.values():
        _link(graph, node, DCTERMS.language, URIRef(concept_iri("language", code)), DCTERMS.LinguisticSystem)


def _add_texts(graph: Graph, node: URIRef, predicate: URIRef, texts: Mapping[Any, str]) -> None:
    for language, text in texts.items():
        graph.add((node, predicate, Literal(text.strip(), lang=str(language))))


def _link(graph: Graph, node: Node, predicate: URIRef, target: URIRef, kind: URIRef) -> URIRef:
    """Add the link and the target's class: the shapes test classes, and find nothing on the web."""
    graph.add((node, predicate, target))
    graph.add((target, RDF.type, kind))
    return target
