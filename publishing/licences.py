"""The licence of an extract: what remains when its sources' licences are put together.

Here: the table of licences and the rule. Not here: law; whoever runs the pool answers for the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from contracts.model import Contract, Frozen
from publishing.errors import PublicationError

COMMON = "CC-BY-4.0"
"""What several attribution licences come to: each asks for a mention, all allow this one."""


class Licence(Frozen):
    """One licence as catalogues name it."""

    id: str
    """SPDX identifier."""
    title: str
    url: str
    iri: str
    """What DCAT writes: the EU authority's concept where there is one."""
    needs_attribution: bool = True
    share_alike: bool = False


@cache
def known_licences() -> dict[str, Licence]:
    """Licences the engine can combine, by SPDX id (`catalogue/licences.yaml`)."""
    from ruamel.yaml import YAML

    text = files("publishing").joinpath("catalogue", "licences.yaml").read_text(encoding="utf-8")
    return {entry["id"]: Licence.model_validate(entry) for entry in YAML(typ="safe", pure=True).load(text)}


def combine_licences(dataset: str, contracts: Iterable[Contract]) -> Licence:
    """The licence of a dataset made from these contracts' data.

    One licence stays itself; licences without conditions drop out; a share-alike licence takes the
    whole; several attribution licences become CC-BY-4.0 with every attribution carried. Raises
    PublicationError `licence_unknown`, or `licences_incompatible` for two share-alike licences.
    """
    found: dict[str, Licence] = {}
    for contract in contracts:
        licence = known_licences().get(contract.terms.licence)
        if licence is None:
            problem = f"contract {contract.id}: {contract.terms.licence} cannot be combined or published"
            raise PublicationError(dataset, "licence_unknown", problem)
        found[licence.id] = licence
    if not found:
        raise PublicationError(dataset, "licence_unknown", "no source, so no licence")
    return _combine(dataset, found)


def list_attributions(contracts: Iterable[Contract]) -> tuple[str, ...]:
    """Every contributor's mention, in the order of their feeds; the contract's name where it asks none."""
    mentions = [c.terms.attribution or c.name for c in sorted(contracts, key=lambda c: c.id)]
    return tuple(dict.fromkeys(mentions))


def _combine(dataset: str, found: dict[str, Licence]) -> Licence:
    if len(found) == 1:
        return next(iter(found.values()))
    sticky = sorted(licence.id for licence in found.values() if licence.share_alike)
    if len(sticky) > 1:
        raise PublicationError(dataset, "licences_incompatible", f"{' and '.join(sticky)} exclude each other")
    if sticky:
        return found[sticky[0]]
    asking = sorted(licence.id for licence in found.values() if licence.needs_attribution)
    if len(asking) == 1:
        return found[asking[0]]
    return known_licences()[COMMON] if asking else found[min(found)]
