"""SQL functions that every connection of the lake's instance has: H3 cells and their parents.

Here: registering them. Parents are bit arithmetic in SQL (`macros.sql`); only the cell of a point
needs the h3 library.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Protocol

import duckdb


class ArrowArray(Protocol):
    """What is used of a pyarrow array. DuckDB evaluates annotations, so pyarrow's own would be imported."""

    def to_pylist(self) -> list[float]:
        """Return the values."""


def register_functions(con: duckdb.DuckDBPyConnection) -> None:
    """Create the macros of `macros.sql` in `memory.main` and the function `h3_cell_at`.

    `h3_cell_at(lat DOUBLE, lon DOUBLE, resolution INTEGER) -> VARCHAR`: WGS 84 degrees; call it over
    distinct points, it is a Python function. NULL in, NULL out.
    """
    con.execute("USE memory")
    con.execute(files("warehouse").joinpath("macros.sql").read_text(encoding="utf-8"))
    con.create_function(  # type: ignore[call-overload]
        "h3_cell_at", _cells_at, ["DOUBLE", "DOUBLE", "INTEGER"], "VARCHAR", type="arrow"
    )


def _cells_at(lat: ArrowArray, lon: ArrowArray, resolution: ArrowArray) -> object:
    """Return the H3 cell of each point, as 15 hexadecimal digits (Arrow arrays in and out)."""
    import h3
    import pyarrow

    points = zip(lat.to_pylist(), lon.to_pylist(), resolution.to_pylist(), strict=True)
    return pyarrow.array([h3.latlng_to_cell(*point) for point in points], pyarrow.string())
