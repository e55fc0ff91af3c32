"""GeoParquet 1.1 without a geometry library: WKB from DuckDB's own type, `bbox` struct, `geo` metadata.

Here: the geometry columns of an extract. Not here: writing it (`extracts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from publishing.dataset import Geometry
from warehouse.quoting import columns, identifier

GEOMETRY = "geometry"
BBOX = "bbox"
SIDES = ("xmin", "ymin", "xmax", "ymax")


def geometry_select(
    con: duckdb.DuckDBPyConnection, geometry: Geometry, names: Sequence[str], table: str
) -> str:
    """Return the SELECT of `names` plus `geometry` (WKB, OGC:CRS84) and `bbox` (degrees).

    Raises ValueError where a column of H3 cells holds something else.
    """
    if geometry.kind == "point":
        return _point_select(geometry, names, table)
    _register_hexagons(con, geometry, table)
    kept = ", ".join(f"source.{identifier(name)}" for name in names)
    return (
        f"SELECT {kept}, hexagon.geometry, hexagon.bbox FROM {identifier(table)} AS source"
        f" LEFT JOIN temp.main.hexagon AS hexagon ON source.{identifier(geometry.cell or '')} = hexagon.cell"
    )


def geo_metadata(con: duckdb.DuckDBPyConnection, geometry: Geometry, source: str) -> dict[str, Any]:
    """Return the `geo` key's document (GeoParquet 1.1.0; no `crs` means OGC:CRS84, longitude first)."""
    kind = "Point" if geometry.kind == "point" else "Polygon"
    bounds = con.execute(
        f"SELECT min(bbox.xmin), min(bbox.ymin), max(bbox.xmax), max(bbox.ymax) FROM ({source})"
    ).fetchone()
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [kind],
        "covering": {"bbox": {side: [BBOX, side] for side in SIDES}},
    }
    if bounds and all(bound is not None for bound in bounds):
        column["bbox"] = list(bounds)
    if kind == "Polygon":
        column["orientation"] = "counterclockwise"
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


def _point_select(geometry: Geometry, names: Sequence[str], table: str) -> str:
    lon, lat = identifier(geometry.lon or ""), identifier(geometry.lat or "")
    is_placed = f"{lon} IS NOT NULL AND {lat} IS NOT NULL"
    text = f"'POINT(' || {lon}::VARCHAR || ' ' || {lat}::VARCHAR || ')'"
    sides = ", ".join(
        f"{side} := {value}::DOUBLE" for side, value in zip(SIDES, (lon, lat, lon, lat), strict=True)
    )
    return (
        f"SELECT {columns(names)},"
        f" CASE WHEN {is_placed} THEN ST_AsWKB(({text})::GEOMETRY) END AS {GEOMETRY},"
        f" CASE WHEN {is_placed} THEN struct_pack({sides}) END AS {BBOX} FROM {identifier(table)}"
    )


def _register_hexagons(con: duckdb.DuckDBPyConnection, geometry: Geometry, table: str) -> None:
    """Leave each distinct cell's boundary in the temporary table `hexagon`."""
    import h3
    import pyarrow as pa

    cell = identifier(geometry.cell or "")
    rows = con.execute(f"SELECT DISTINCT {cell} FROM {identifier(table)} ORDER BY 1").fetchall()
    cells = [row[0] for row in rows if row[0] is not None]
    if strange := next((name for name in cells if not h3.is_valid_cell(name)), None):
        raise ValueError(f"column {geometry.cell} holds {strange!r}, which is no H3 cell")
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(name)] for name in cells]
    con.register(
        "hexagon_ring",
        pa.table(
            {
                "cell": pa.array(cells, pa.string()),
                "wkt": pa.array([_polygon(ring) for ring in rings], pa.string()),
                "xmin": pa.array([min(x for x, _ in ring) for ring in rings], pa.float64()),
                "ymin": pa.array([min(y for _, y in ring) for ring in rings], pa.float64()),
                "xmax": pa.array([max(x for x, _ in ring) for ring in rings], pa.float64()),
                "ymax": pa.array([max(y for _, y in ring) for ring in rings], pa.float64()),
            }
        ),
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE hexagon AS SELECT cell, ST_AsWKB(wkt::GEOMETRY) AS geometry,"
        " struct_pack(xmin := xmin, ymin := ymin, xmax := xmax, ymax := ymax) AS bbox FROM hexagon_ring"
    )
    con.unregister("hexagon_ring")


def _polygon(ring: Sequence[tuple[float, float]]) -> str:
    """WKT of a closed ring; h3 gives its corners counterclockwise."""
    corners = ", ".join(f"{x!r} {y!r}" for x, y in (*ring, ring[0]))
    return f"POLYGON(({corners}))"
