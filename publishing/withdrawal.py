"""Output columns that a contributor has closed: they leave the query, the files and the catalogue.

Here: taking single outputs out of a checked SELECT. Not here: which columns are closed (`terms`), or
closed columns that decide which rows there are: a dataset that needs one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from publishing.dataset import Dataset
from publishing.errors import PublicationError
from publishing.query import Columns, Query, restrict_query
from publishing.terms import Offer, closed_columns


def withdraw_closed(
    dataset: Dataset,
    query: Query,
    schema: Mapping[str, Columns],
    offers: Mapping[str, tuple[Offer, ...]],
) -> tuple[Dataset, Query, tuple[str, ...]]:
    """Return dataset and query without the outputs that read a closed column, and the outputs' names.

    Key, geometry and temporal column stay whatever they read, and so does all that stands outside the
    outermost list of outputs: `judge_columns` refuses what is still closed then.
    """
    withdrawn: list[str] = []
    for name in _removable(dataset, query):
        closed = closed_columns(query.promised, offers)
        if not closed:
            break
        narrower = _without(dataset, query, schema, name)
        if narrower is not None and len(closed_columns(narrower.promised, offers)) < len(closed):
            query = narrower
            withdrawn.append(name)
    kept = tuple(column for column in dataset.columns if column.name not in withdrawn)
    return dataset.model_copy(update={"columns": kept}), query, tuple(withdrawn)


def _removable(dataset: Dataset, query: Query) -> tuple[str, ...]:
    pinned = {*dataset.key, dataset.temporal, *(dataset.geometry.columns if dataset.geometry else ())}
    outputs = query.tree.expressions if isinstance(query.tree, exp.Select) else ()
    return tuple(output.alias_or_name for output in outputs if output.alias_or_name not in pinned)


def _without(dataset: Dataset, query: Query, schema: Mapping[str, Columns], name: str) -> Query | None:
    """The query without that output; None where the rest of it cannot stand alone."""
    tree = query.tree.copy()
    tree.set("expressions", [one for one in tree.expressions if one.alias_or_name != name])
    try:
        return restrict_query(dataset, tree, schema)
    except PublicationError:
        return None
