"""Suspects before pandera: which rows fail which checks, without those that only follow from another.

Here: judging frames, chunk by chunk. Not here: the schema (`compile/pandera`), or which rows are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from contracts.compile.pandera import Setting, build_schema, find_failures
from contracts.compile.staging import ROW
from contracts.desk import Desk
from contracts.rules.row_rules import TIERS, CheckKind, RowCheck

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray


def failures_of(desk: Desk, batch: pa.RecordBatch) -> pa.Table:
    """Judge one chunk: a line per failing row and check, with the row's line in the sender's file."""
    import numpy as np
    import pyarrow as pa

    frame = _frame(batch)
    failed = mute_followers(judge_frame(desk, frame), desk.asked)
    rows = frame.index.to_numpy()
    parts = [(desk.checks.index(check), np.flatnonzero(mask)) for check, mask in failed]
    numbers = np.concatenate([np.full(len(where), number) for number, where in parts] or [np.empty(0)])
    positions = np.concatenate([rows[where] for _, where in parts] or [np.empty(0)]).astype(np.int64)
    return pa.table(
        {
            "row": positions,
            "line": pa.array([desk.raw.line_of(int(p)) for p in positions], pa.int64()),
            "question": numbers.astype(np.int32),
        }
    )


def judge_frame(desk: Desk, frame: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Let pandera judge a frame; return which rows fail each failing check."""
    setting = Setting(desk.layout.table, desk.layout.contract.server.dialect.decimal, desk.layout.period)
    failures = find_failures(build_schema(desk.asked, setting), frame)
    return {check: mask.to_numpy(dtype=bool) for check, mask in failures.items()}


def mute_followers(
    failed: Mapping[str, NDArray[np.bool_]], checks: Sequence[RowCheck]
) -> list[tuple[RowCheck, NDArray[np.bool_]]]:
    """Drop failures that only follow from another: what isn't a number is not also too large."""
    broken: dict[str, NDArray[np.bool_]] = {}
    kept: list[tuple[RowCheck, NDArray[np.bool_]]] = []
    for tier in TIERS:
        mine = []
        for check in (c for c in checks if c.tier == tier and c.name in failed):
            mask = failed[check.name].copy()
            for column in check.columns:
                if column in broken:
                    mask &= ~broken[column]
            mine.append((check, mask))
        for check, mask in mine:
            for column in check.columns if check.kind is not CheckKind.UNIQUE else ():
                broken[column] = broken[column] | mask if column in broken else mask
        kept += mine
    return kept


def _frame(batch: pa.RecordBatch) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    frame.index = pd.Index(frame.pop(ROW).to_numpy(), name=ROW)
    return frame
