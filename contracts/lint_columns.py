"""What is unwise about single columns: limits that keep out nothing, patterns nothing matches, persons.

Here: advice on columns. Not here: advice on the contract as a whole (`lint`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from contracts.columns import PERSONAL
from contracts.document import Document
from contracts.located import place_of
from contracts.model import Column, Contract, Openness
from contracts.odcs import Property
from contracts.patterns import matching_text
from contracts.shape import KeyPath
from contracts.units import bounds_of

Said = tuple[str, KeyPath, str, str]
_NATURAL = re.compile(
    r"(^|_)(e?mail|phone|mobile|first_?name|last_?name|surname|birth|iban|ssn|nir|plate|customer|prm|courriel|nom|prenom)(_|$)"
)
_OPENNESS_SHOWN = (Openness.OPEN, Openness.MEMBERS)


def advise_on_columns(contract: Contract, document: Document) -> Iterator[Said]:
    """Yield advice on the columns that the contract's own file speaks of."""
    for i, table in enumerate(document.typed.schema_):
        compiled = {c.name: c for c in contract.table(table.name).columns}
        for j, prop in enumerate(table.properties):
            at: KeyPath = ("schema", i, "properties", j)
            place, column = place_of(document.tree, at), compiled.get(prop.name)
            if column is None or place is None:
                continue
            yield from _on_person(column, contract, at)
            if place.file == contract.file:
                yield from _on_range(column, at)
                yield from _on_texts(column, prop, at)
                yield from _on_key(column, at)


def sounds_personal(name: str) -> bool:
    """Whether a column's name sounds like data about a person."""
    return _NATURAL.search(name) is not None


def _on_range(column: Column, at: KeyPath) -> Iterator[Said]:
    """Limits that no value can meet, or that the unit itself is narrower than."""
    low = _strictest(max, column.minimum, column.exclusive_minimum)
    high = _strictest(min, column.maximum, column.exclusive_maximum)
    where = (*at, "logicalTypeOptions")
    if low is not None and high is not None and low > high:
        yield (
            "empty_range",
            where,
            f"no value is at least {low} and at most {high}",
            "exchange or mend the limits",
        )
    unit = None if column.scale not in (None, Decimal(1)) else column.unit
    least, most = bounds_of(column.name, unit)
    too_low = least is not None and (low is None or low < least)
    too_high = most is not None and (high is None or high > most)
    if column.derived is None and (too_low or too_high):
        fix = ", ".join(
            f"{key}: {bound}" for key, bound in (("minimum", least), ("maximum", most)) if bound is not None
        )
        yield (
            "range_wider_than_unit",
            where,
            f"`{column.name}` is in {column.unit} and may hold values that {column.unit} has not",
            f"write `logicalTypeOptions: {{{fix}}}`",
        )


def _on_texts(column: Column, prop: Property, at: KeyPath) -> Iterator[Said]:
    """A pattern that no text matches, or that refuses the contract's own values and examples."""
    if column.pattern is None:
        return
    where = (*at, "logicalTypeOptions", "pattern")
    made = matching_text(column.pattern, shortest=column.min_length or 0, longest=column.max_length)
    refused = [v for v in column.valid_values or () if not re.search(column.pattern, v)]
    refused += [str(v) for v in prop.examples if not re.search(column.pattern, str(v))]
    if made is None:
        yield (
            "pattern_matches_nothing",
            where,
            f"no text was found that matches `{column.pattern}` within the column's lengths",
            "try the pattern on a value of the file",
        )
    elif refused:
        yield (
            "pattern_refuses_examples",
            where,
            f"the contract's own value `{refused[0]}` does not match `{column.pattern}`",
            "mend the pattern, or the value",
        )


def _on_key(column: Column, at: KeyPath) -> Iterator[Said]:
    if column.primary_key and not column.required:
        yield (
            "key_may_be_empty",
            at,
            f"`{column.name}` is part of the key and may be empty",
            "add `required: true`",
        )


def _on_person(column: Column, contract: Contract, at: KeyPath) -> Iterator[Said]:
    """Columns about persons that more than the contributor may see."""
    if column.openness not in _OPENNESS_SHOWN:
        return
    if column.classification == PERSONAL:
        yield (
            "personal_column_open",
            at,
            f"`{column.name}` is personal, and {column.openness} may see it",
            f"close it: terms.columns: {{{column.name}: private}}",
        )
    elif contract.based_on is None and sounds_personal(column.name):
        yield (
            "looks_personal",
            at,
            f"`{column.name}` sounds like data about a person, and is {column.openness}",
            "add `classification: personal` and close it, or say in its description why it is not",
        )


def _strictest(choose: Callable[[Iterable[Decimal]], Decimal], *limits: Decimal | None) -> Decimal | None:
    known = [limit for limit in limits if limit is not None]
    return choose(known) if known else None
