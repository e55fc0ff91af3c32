"""What is unwise in a contract that is right: each with its line and a remedy.

Here: the list for one contract. Not here: what is wrong (reading the contract refuses it), advice on
single columns (`lint_columns`), or what past deliveries show (`lint_deliveries`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.document import Document, document_of
from contracts.errors import ContractProblem
from contracts.layout import Home
from contracts.lint_columns import advise_on_columns
from contracts.lint_deliveries import advise_on_deliveries
from contracts.located import place_of
from contracts.model import Contract, DeliveryMode, NotChecked, Openness
from contracts.resolve import custom_path
from contracts.shape import KeyPath, write_key

REVIEW = "to review:"
"""What a drafted contract's guesses are marked with."""
_ATTRIBUTION = ("CC-BY", "etalab", "ODbL", "OGL", "DL-DE-BY", "dl-de/by")
_WIDE_TOLERANCE = 20


@dataclass(frozen=True)
class Advice:
    """One unwise thing."""

    code: str
    problem: ContractProblem


@dataclass(frozen=True)
class Lint:
    """All that can be said of a contract that loads."""

    advice: tuple[Advice, ...]
    not_checked: tuple[NotChecked, ...]


def lint_contract(contract: Contract, *, home: Home | None = None) -> Lint:
    """Return what is unwise in a contract, in order of lines, and what of it no gate looks at.

    With a home, the feed's last deliveries are asked too. Raises ContractError if the file changed
    since it was loaded and no longer fits.
    """
    document = document_of(contract)
    found = [
        *_on_promises(contract, document),
        *_on_terms(contract, document),
        *_on_tables(contract, document),
        *advise_on_columns(contract, document),
        *(advise_on_deliveries(contract, document, home) if home is not None else ()),
    ]
    advice = [_placed(document, contract, item) for item in found]
    advice += _to_review(contract.file or Path())
    order = sorted(dict.fromkeys(advice), key=lambda a: (str(a.problem.file), a.problem.line or 0))
    return Lint(tuple(order), contract.not_checked)


Said = tuple[str, KeyPath, str, str]
"""Code, place, what is unwise, what to do."""


def _on_promises(contract: Contract, document: Document) -> Iterator[Said]:
    """A contract without a promise of time, or without anybody to write to, helps nobody."""
    levels = contract.service_levels
    if levels.frequency_s is None and levels.latency_s is None:
        yield (
            "no_service_level",
            ("slaProperties",),
            "nothing is promised about how often or how soon deliveries come",
            "add `slaProperties: [{property: frequency, value: 1, unit: d}]`",
        )
    if not contract.support:
        yield (
            "no_contact",
            ("support",),
            "no e-mail address to send reports to",
            "add `support: [{channel: data@example.org, tool: email}]`",
        )
    if levels.completeness_pct is not None and not _has_kind(contract, "series_complete"):
        yield (
            "promise_not_measured",
            ("slaProperties",),
            "completeness is promised, and no rule measures it",
            "add a delivery rule of kind `series_complete`",
        )
    if contract.delivery.mode is DeliveryMode.PERIODIC and not _has_kind(contract, "period_matches"):
        yield (
            "period_not_checked",
            custom_path(document.tree, "deliveryRules"),
            "nothing tells a file of another day",
            "add a delivery rule of kind `period_matches`",
        )
    if contract.quarantine_tolerance_pct > _WIDE_TOLERANCE:
        yield (
            "wide_tolerance",
            custom_path(document.tree, "tolerance"),
            f"up to {contract.quarantine_tolerance_pct} % of the rows may be bad in a good delivery",
            "lower `quarantined` to what the feed usually keeps",
        )


def _on_terms(contract: Contract, document: Document) -> Iterator[Said]:
    """Terms that leave a re-user in doubt."""
    terms, at = contract.terms, custom_path(document.tree, "terms")
    is_shared = any(c.openness is not Openness.PRIVATE for t in contract.tables for c in t.columns)
    if is_shared and not terms.purposes:
        yield (
            "no_purpose",
            at,
            "something is shared, and no purpose is named",
            "add `purposes: [service-planning]` to the terms",
        )
    if is_shared and terms.licence.startswith(_ATTRIBUTION) and not terms.attribution:
        yield (
            "no_attribution",
            at,
            f"{terms.licence} asks for a mention, and the terms don't say which",
            "add `attribution: ...` to the terms",
        )
    if is_shared and terms.licence.lower() in ("none", "unknown", "proprietary"):
        yield (
            "no_licence",
            (*at, "licence"),
            f"`{terms.licence}` is no licence that a re-user can rely on",
            "name a licence by its SPDX identifier, such as etalab-2.0 or CC-BY-4.0",
        )
    if not contract.description:
        yield (
            "no_purpose_of_data",
            ("description",),
            "the contract doesn't say what the data are for",
            "add `description: {purpose: ...}`",
        )


def _on_tables(contract: Contract, document: Document) -> Iterator[Said]:
    """Tables without a key can't tell a repeated row from a second one."""
    for index, table in enumerate(document.typed.schema_):
        compiled = contract.table(table.name)
        if not compiled.key and not compiled.is_optional and _is_own(document, contract, ("schema", index)):
            yield (
                "no_key",
                ("schema", index),
                f"`{table.name}` has no primary key: a row sent twice counts twice",
                "add `primaryKey: true` to the columns that name a row",
            )


def _has_kind(contract: Contract, kind: str) -> bool:
    return any(rule.kind == kind for rule in contract.rules)


def _is_own(document: Document, contract: Contract, at: KeyPath) -> bool:
    """Whether the contract's own file says this, and not its standard."""
    place = place_of(document.tree, at)
    return place is not None and place.file == contract.file


def _placed(document: Document, contract: Contract, said: Said) -> Advice:
    """Give advice its line in the contributor's own file, where the remedy goes too."""
    code, path, words, fix = said
    place = place_of(document.tree, path)
    line = place.line if place is not None and place.file == contract.file else 1
    key = write_key(document.tree, path)
    return Advice(code, ContractProblem(contract.file, line, key, words, fix))


def _to_review(file: Path) -> list[Advice]:
    """Guesses of a draft that nobody has looked at yet."""
    return [
        Advice(
            "to_review",
            ContractProblem(
                file, number, "", line.partition(REVIEW)[2].strip(), "look, mend, remove the remark"
            ),
        )
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if f"# {REVIEW}" in line
    ]
