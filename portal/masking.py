"""The second lock on personal values: examples are masked again by the contract's classification.

Here: how a value is masked and which examples must be. Not here: the first lock, which is the
record gate's.
"""

from __future__ import annotations

import re

from contracts.model import Column, Contract
from contracts.verdict import Example, RuleResult, Verdict

_DIGIT = re.compile(r"\d")
PERSONAL = "personal"
MAX_EXAMPLES = 5
"""Examples shown for a problem; its count is never capped."""
MAX_LENGTH = 120
"""Characters of a value shown; the rest is cut and said to be."""


def mask_text(value: str) -> str:
    """Return the value's shape: `#` for a digit, `x` for a letter. Masking twice changes nothing."""
    return "".join(_mask_character(c) for c in value)


def _mask_character(character: str) -> str:
    if character.isnumeric():
        return "#"
    return "x" if character.isalpha() else character


def mask_verdict(verdict: Verdict, contract: Contract) -> Verdict:
    """Return the verdict as pages may show it: personal values masked, few examples a rule."""
    rules = tuple(mask_result(r, contract) for r in verdict.rules)
    return verdict.model_copy(update={"rules": rules})


def mask_result(result: RuleResult, contract: Contract) -> RuleResult:
    """Return the result with few, short examples, personal columns masked."""
    columns = _columns_of(result, contract)
    hidden = _personal_names(contract)
    hide_value = _is_personal(result.column, columns, hidden)
    changes: dict[str, object] = {"examples": _mask_examples(result, columns, hidden, hide_value=hide_value)}
    if hide_value and result.column is not None:
        # Names of columns may stand here, and must stay readable: only digits can name a person.
        changes["observed"] = result.observed and _DIGIT.sub("#", result.observed)
        changes["reason"] = result.reason and _DIGIT.sub("#", result.reason)
    return result.model_copy(update=changes)


def _mask_examples(
    result: RuleResult, columns: tuple[Column, ...], hidden: frozenset[str], *, hide_value: bool
) -> tuple[Example, ...]:
    return tuple(
        example.model_copy(
            update={
                "value": _show(example.value, hide=hide_value),
                "key": {
                    _source(name, columns): _show(text, hide=_is_personal(name, columns, hidden))
                    for name, text in example.key.items()
                },
            }
        )
        for example in result.examples[:MAX_EXAMPLES]
    )


def has_masked(result: RuleResult, contract: Contract) -> bool:
    """Whether an example of the result holds a column that is personal."""
    columns = _columns_of(result, contract)
    hidden = _personal_names(contract)
    return any(_touches_personal(e, result, columns, hidden) for e in result.examples)


def _touches_personal(
    example: Example, result: RuleResult, columns: tuple[Column, ...], hidden: frozenset[str]
) -> bool:
    if example.value is not None and _is_personal(result.column, columns, hidden):
        return True
    return any(_is_personal(name, columns, hidden) for name in example.key)


def _personal_names(contract: Contract) -> frozenset[str]:
    """Names of personal columns, the protected unit of the contract's terms among them."""
    columns = [c for t in contract.tables for c in t.columns]
    unit = contract.terms.protected_unit
    return frozenset(c.name for c in columns if c.classification == PERSONAL or c.name == unit)


def _columns_of(result: RuleResult, contract: Contract) -> tuple[Column, ...]:
    tables = [t for t in contract.tables if t.name == result.table] or list(contract.tables)
    return tuple(c for t in tables for c in t.columns)


def _is_personal(name: str | None, columns: tuple[Column, ...], hidden: frozenset[str]) -> bool:
    """A column we cannot place counts as personal as soon as its table holds one that is."""
    known = [c for c in columns if name in (c.name, c.source)] if name else []
    return any(c.name in hidden for c in known or columns)


def _source(name: str, columns: tuple[Column, ...]) -> str:
    return next((c.source for c in columns if c.name == name), name)


def _show(text: str | None, *, hide: bool) -> str | None:
    if text is None:
        return None
    shown = mask_text(text) if hide else text
    return shown if len(shown) <= MAX_LENGTH else shown[:MAX_LENGTH] + "…"
