"""The peer: dataframely (polars) judging the same rules on the same file.

Here: its schema, its split, and its accepted rows as Parquet. It does less than the gate: failing rows
get no text back and no line, and nothing is normalised. The casts are written out so that its verdicts
are the truth's too: polars reads `nan` and `1e3` as numbers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import dataframely as dy
import polars as pl

from benchmarks.record_gate.generate import Feed


class Reading(dy.Schema):
    """The eight rules of the generated feed."""

    prm = dy.String(primary_key=True, regex="^[0-9]{14}$")
    start_at = dy.Datetime(primary_key=True, time_zone="UTC")
    sens = dy.Enum(["consumption", "production"], primary_key=True)
    power_w = dy.Decimal(18, 3, nullable=False, min=0)
    segment = dy.String(nullable=False)

    @dy.rule()
    def under_ceiling(cls) -> pl.Expr:  # noqa: N805 - dataframely makes it a class method
        """No meter carries more than the ceiling of its segment."""
        return pl.col("power_w") <= pl.when(pl.col("segment") == "C4").then(250_000).otherwise(36_000)


def judge(feed: Feed) -> None:
    """Read as text, cast, look up the segment, filter, write accepted rows."""
    register = pl.scan_parquet(feed.register).rename({"meter_id": "prm"})
    number = pl.col("puissance_w")
    stamp = pl.col("horodate")
    rows = (
        pl.scan_csv(feed.csv, separator=";", infer_schema=False)
        .with_columns(
            power_w=pl.when(number.str.contains(r"^-?[0-9]+(\.[0-9]+)?$")).then(number),
            start_at=pl.when(stamp.str.contains(r"(Z|[+-][0-9]{2}:[0-9]{2})$")).then(stamp),
        )
        .with_columns(
            power_w=pl.col("power_w").cast(pl.Decimal(18, 3), strict=False),
            start_at=pl.col("start_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us", strict=False),
            sens=pl.col("sens").cast(pl.Enum(["consumption", "production"]), strict=False),
        )
        .join(register, on="prm", how="left", maintain_order="left")
        .select("prm", "start_at", "sens", "power_w", "segment")
        .collect()
    )
    # It drops every copy of a repeated key; the feed's contract keeps the first.
    key = ["prm", "start_at", "sens"]
    rows = rows.filter(pl.struct(key).is_first_distinct() | pl.any_horizontal(pl.col(key).is_null()))
    good, _failures = Reading.filter(rows)
    good.write_parquet(feed.folder / "peer.parquet", compression="zstd")


if __name__ == "__main__":
    judge(Feed(Path(sys.argv[2])))
