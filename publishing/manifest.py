"""What a version was made from: deliveries, contracts, code, terms and rules, file digests.

Here: the manifest's document. Not here: run times, snapshot numbers, secret parameters; none stands in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from contracts.model import Contract
from publishing.described import Described, SourceDelivery

_CODE = (".py", ".sql", ".yaml", ".csv", ".ttl", ".json")


def write_manifest(
    pool: str, version: str, code_version: str, described: Iterable[Described]
) -> dict[str, Any]:
    """Return the manifest of a version as a JSON document; same inputs, same document."""
    described = sorted(described, key=lambda d: d.dataset.id)
    contracts = {contract.id: contract for one in described for contract in one.contracts}
    deliveries = {delivery.delivery_id: delivery for one in described for delivery in one.deliveries}
    return {
        "pool": pool,
        "version": version,
        "location": f"versions/{version}/",
        "code_version": code_version,
        "publishing_digest": engine_digest(),
        "contracts": [_contract(contracts[name]) for name in sorted(contracts)],
        "deliveries": [_delivery(d) for d in sorted(deliveries.values(), key=_delivery_order)],
        "datasets": [_dataset(one) for one in described],
    }


def list_inputs(code_version: str, described: Iterable[Described]) -> Sequence[str]:
    """Lines that name a version's inputs: code, contracts, deliveries."""
    lines = [code_version, engine_digest()]
    for one in described:
        lines += [f"{contract.id} {contract.digest}" for contract in one.contracts]
        lines += [f"{delivery.feed} {delivery.period} {delivery.sha256}" for delivery in one.deliveries]
    return sorted(set(lines))


@cache
def engine_digest() -> str:
    """SHA-256 over this room's code, queries and schemas: a changed rule is another version."""
    digest = hashlib.sha256()
    for name, resource in sorted(_resources(files("publishing"), "")):
        digest.update(name.encode() + b"\0" + resource.read_bytes() + b"\0")
    return digest.hexdigest()


def _resources(folder: Traversable, prefix: str) -> Iterable[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _resources(entry, name + "/")
        elif name.endswith(_CODE):
            yield name, entry


def _contract(contract: Contract) -> dict[str, Any]:
    return {
        "id": contract.id,
        "version": contract.version,
        "digest": contract.digest,
        "contributor": contract.contributor,
        "licence": contract.terms.licence,
        "attribution": contract.terms.attribution,
        "embargo": contract.terms.embargo,
        "minimum_units": contract.terms.minimum_units,
    }


def _delivery(delivery: SourceDelivery) -> dict[str, Any]:
    return {
        "contributor": delivery.contributor,
        "feed": delivery.feed,
        "period": delivery.period,
        "delivery_id": delivery.delivery_id,
        "sha256": delivery.sha256,
        "contract_version": delivery.contract_version,
    }


def _delivery_order(delivery: SourceDelivery) -> tuple[str, str, str]:
    return delivery.feed, delivery.period or "", delivery.delivery_id


def _dataset(one: Described) -> dict[str, Any]:
    return {
        "id": one.dataset.id,
        "rows": one.rows,
        "licence": one.licence.id,
        "attributions": list(one.attributions),
        "feeds": sorted(contract.id for contract in one.contracts),
        "columns": [column.name for column in one.dataset.columns],
        "columns_withdrawn": list(one.withdrawn),
        "rules": list(one.rules),
        "files": [
            {"path": file.path, "bytes": file.bytes, "sha256": file.sha256, "format": file.format}
            for file in one.files
        ],
    }
