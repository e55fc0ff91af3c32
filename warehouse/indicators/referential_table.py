"""The pool's référentiel as the table `indicator.referential`, to be read beside `indicator.value`.

Here: its rows. Not here: reading the file (`referential`) or what an indicator means (`definition_table`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from warehouse.indicators.referential import Criterion, Objective, Referential, Tracked, Weighted
from warehouse.quoting import literal

if TYPE_CHECKING:
    import pyarrow


def write_referential(con: duckdb.DuckDBPyConnection, referential: Referential, path: Path) -> None:
    """Write a row an objective, criterion and indicator, in the file's order, as Parquet.

    Columns: what was decided, who answers for it, the indicator's weight in the index (0 beside it),
    baseline, target, and the marks of its score.
    """
    import pyarrow

    con.register("given", pyarrow.Table.from_pylist(list(_list_rows(referential)), schema=_schema()))
    con.execute(
        f"COPY (FROM given ORDER BY place) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    )
    con.unregister("given")


def _list_rows(referential: Referential) -> Iterator[dict[str, object]]:
    tracked = {one.id: one for one in referential.indicators}
    place = 0
    for objective in referential.objectives:
        for criterion in objective.criteria:
            for weighted in criterion.indicators:
                place += 1
                yield {
                    "place": place,
                    "referential": referential.id,
                    "referential_version": referential.version,
                    **_decision(objective, criterion),
                    **_measure(referential, weighted, tracked[weighted.id]),
                }


def _decision(objective: Objective, criterion: Criterion) -> dict[str, object]:
    return {
        "objective": objective.id,
        "objective_fr": objective.label.fr,
        "objective_en": objective.label.en,
        "owner_fr": objective.owner.role.fr,
        "owner_en": objective.owner.role.en,
        "owner_actor": objective.owner.actor,
        "horizon": objective.horizon,
        "criterion": criterion.id,
        "criterion_fr": criterion.label.fr,
        "criterion_en": criterion.label.en,
        "question_fr": criterion.question.fr,
        "question_en": criterion.question.en,
    }


def _measure(referential: Referential, weighted: Weighted, one: Tracked) -> dict[str, object]:
    bounds = referential.index.bounds.get(one.id)
    return {
        "indicator": one.id,
        "indicator_version": one.version,
        "weight": weighted.weight,
        "baseline_period": one.baseline.period,
        "baseline_value": one.baseline.value,
        "target_value": one.target.value,
        "target_by": one.target.by,
        "target_source": one.target.source,
        "worst": bounds.worst if bounds else None,
        "best": bounds.best if bounds else None,
    }


def _schema() -> pyarrow.Schema:
    import pyarrow

    kinds = {
        "place": pyarrow.int32(),
        "horizon": pyarrow.date32(),
        "target_by": pyarrow.date32(),
        **dict.fromkeys(("weight", "baseline_value", "target_value", "worst", "best"), pyarrow.float64()),
    }
    return pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in COLUMNS])


COLUMNS = (
    "place", "referential", "referential_version",
    "objective", "objective_fr", "objective_en", "owner_fr", "owner_en", "owner_actor", "horizon",
    "criterion", "criterion_fr", "criterion_en", "question_fr", "question_en",
    "indicator", "indicator_version", "weight", "baseline_period", "baseline_value",
    "target_value", "target_by", "target_source", "worst", "best",
)  # fmt: skip
"""Columns of `indicator.referential`, in order."""
