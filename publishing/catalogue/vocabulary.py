"""Codes of the EU vocabularies and the IRIs they stand for (`vocabulary.csv`).

Here: looking codes up. Not here: which code a dataset has (its YAML says).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from publishing.errors import PublicationError


@cache
def _concepts() -> dict[tuple[str, str], str]:
    text = files("publishing").joinpath("catalogue", "vocabulary.csv").read_text(encoding="utf-8")
    return {(row["list"], row["code"]): row["iri"] for row in csv.DictReader(text.splitlines())}


def concept_iri(vocabulary: str, code: str) -> str:
    """IRI of a code, such as ("frequency", "DAILY"). Raises PublicationError `code_unknown`."""
    iri = _concepts().get((vocabulary, code))
    if iri is None:
        raise PublicationError(
            "catalogue", "code_unknown", f"{code} is no code of the EU vocabulary {vocabulary}"
        )
    return iri
