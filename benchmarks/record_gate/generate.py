"""A day of meter readings with seeded faults, their truth, and the register of meters.

Here: data only, made by `generate.sql` in one DuckDB process. Not here: judging or timing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import duckdb

PERIOD = "2019-05-20"
SLOTS = 48
_SQL = Path(__file__).with_name("generate.sql")


@dataclass(frozen=True)
class Feed:
    """The files of one generated delivery."""

    folder: Path

    @property
    def csv(self) -> Path:
        """Readings as their sender writes them: `prm;horodate;sens;puissance_w`."""
        return self.folder / "readings.csv"

    @property
    def register(self) -> Path:
        """Meters in service: meter_id, segment."""
        return self.folder / "meter.parquet"

    @property
    def truth(self) -> Path:
        """Rows that break a rule: position, rule."""
        return self.folder / "truth.parquet"


def generate(rows: int, folder: Path, seed: int = 1) -> Feed:
    """Write that many readings of 2019-05-20 (half-hours, -03:00), 0.5 % of them faulty in eight ways."""
    feed = Feed(folder)
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET temp_directory = '{folder / 'spill'}'")
        for variable, value in (("rows", rows), ("seed", seed), ("meters", -(-rows // SLOTS))):
            con.execute(f"SET VARIABLE {variable} = {int(value)}")
        con.execute(_SQL.read_text(encoding="utf-8"))
        con.execute(f"COPY (SELECT * FROM sent) TO '{feed.csv}' (FORMAT csv, HEADER, DELIMITER ';')")
        con.execute(f"COPY (SELECT * FROM meter) TO '{feed.register}' (FORMAT parquet)")
        con.execute(f"COPY (SELECT * FROM truth ORDER BY position, rule) TO '{feed.truth}' (FORMAT parquet)")
    return feed


def main() -> None:
    """Generate into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    generate(arguments.rows, arguments.folder, arguments.seed)


if __name__ == "__main__":
    main()
