"""The blocking check: the staged files, read back, prove that they disclose nobody.

Here: an audit that rebuilds every cell from the staged files and the lake by its own route; it imports
nothing of the code that chose what to hide. It names cells by id only, so that it can be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from contracts.model import Contract
from publishing.disclosure.policy import known_presets, preset_minimum
from publishing.errors import PublicationError
from warehouse.models import Value, set_variables
from warehouse.quoting import identifier, literal

DAY_MIN = 1440
_VARIABLES = ("feeds", "registers", "first", "last", "zone", "minimum_day_pct")


def audit_energy(
    con: duckdb.DuckDBPyConnection,
    dataset: str,
    staged: Path,
    *,
    contracts: Iterable[Contract],
    policy: str,
    length_days: int,
    p_percent: Decimal,
    resolution: int,
    parameters: Mapping[str, Value],
) -> None:
    """Hold a staged energy file to every rule, recomputed from the lake.

    Asserts: no published cell with fewer active meters than the strictest minimum of policy and
    contracts, none whose p% rule fails, none that an insider could subtract down; every published value
    equal to the recomputed sum; no hidden row with a value; one status a zone and direction over all
    days; no day or zone beyond one scale. Raises PublicationError `disclosure` naming rule and cell ids.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM read_parquet({literal(str(staged))})")
    _check_shape(con, dataset)
    _register_zones(con, resolution)
    _register_minimum(con, dataset, tuple(contracts), policy, length_days)
    query = files("publishing").joinpath("disclosure", "audit.sql").read_text(encoding="utf-8")
    set_variables(con, {name: parameters[name] for name in _VARIABLES} | {"p_percent": str(p_percent)})
    _refuse(dataset, con.execute(query).fetchall())


def audit_identities(
    con: duckdb.DuckDBPyConnection, staged: Mapping[str, Path], contracts: Iterable[Contract]
) -> None:
    """Refuse a staged file in which an id of a protected unit appears, in any column of text.

    `staged` maps dataset -> Parquet file. Looks for the values of every column named
    `terms.protected_unit`, with and without the contributor's prefix. Raises PublicationError
    `personal_id_published`.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE protected_unit (contract VARCHAR, id VARCHAR)")
    for contract in contracts:
        _collect_protected(con, contract)
    for dataset, path in sorted(staged.items()):
        source = f"read_parquet({literal(str(path))})"
        described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        for column in (row[0] for row in described if row[1] == "VARCHAR"):
            held = f"SELECT DISTINCT {identifier(column)} AS id FROM {source}"
            found = con.execute(
                f"SELECT contract FROM ({held}) INNER JOIN protected_unit USING (id) LIMIT 1"
            ).fetchone()
            if found:
                problem = f"column {column} holds an id that contract {found[0]} protects"
                raise PublicationError(dataset, "personal_id_published", problem)


def _collect_protected(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    unit = identifier(contract.terms.protected_unit or "")
    for table in _tables_with_units(con, contract):
        con.execute(
            f"INSERT INTO protected_unit SELECT ?, unnest([id, regexp_replace(id, '^[^:]*:', '')]) FROM"
            f" (SELECT DISTINCT {unit}::VARCHAR AS id FROM {table} WHERE feed = ?)",
            [contract.id, contract.id],
        )


def _check_shape(con: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """The file holds the six columns and nothing beside them; a status never flickers over the days."""
    found = [row[0] for row in con.execute("DESCRIBE staged").fetchall()]
    wanted = ["zone", "direction", "day", "energy_wh", "obs_status", "conf_status"]
    if sorted(found) != sorted([*wanted, *(name for name in ("geometry", "bbox") if name in found)]):
        raise PublicationError(dataset, "disclosure", f"columns beside the cell's value: {', '.join(found)}")
    query = """
        SELECT md5(zone || '|' || direction), 'status_changes_over_the_days' FROM staged
        GROUP BY zone, direction
        HAVING count(DISTINCT conf_status) > 1 OR count(*) <> (SELECT count(DISTINCT day) FROM staged)
        ORDER BY 1
    """
    _refuse(dataset, con.execute(query).fetchall())


def _refuse(dataset: str, broken: list[Any]) -> None:
    if broken:
        shown = ", ".join(f"{rule} in cell {cell[:12]}" for cell, rule in broken[:3])
        raise PublicationError(dataset, "disclosure", f"{len(broken)} cells break a rule: {shown}")


def _register_zones(con: duckdb.DuckDBPyConnection, resolution: int) -> None:
    """Leave each meter cell's zone in `cell_zone`, by the h3 library instead of bit arithmetic."""
    import h3
    import pyarrow as pa

    cells = [row[0] for row in con.execute("SELECT DISTINCT h3_cell FROM energy.meter ORDER BY 1").fetchall()]
    fine = [cell for cell in cells if cell and h3.get_resolution(cell) >= resolution]
    table = pa.table(
        {
            "h3_cell": pa.array(fine, pa.string()),
            "zone": pa.array([h3.cell_to_parent(cell, resolution) for cell in fine], pa.string()),
        }
    )
    con.register("cell_zone_arrow", table)
    con.execute("CREATE OR REPLACE TEMP TABLE cell_zone AS SELECT * FROM cell_zone_arrow")
    con.unregister("cell_zone_arrow")


def _register_minimum(
    con: duckdb.DuckDBPyConnection,
    dataset: str,
    contracts: tuple[Contract, ...],
    policy: str,
    length_days: int,
) -> None:
    """Leave the strictest minimum of each direction in `minimum`."""
    con.execute("CREATE OR REPLACE TEMP TABLE minimum (direction VARCHAR, units INTEGER)")
    for direction in ("consumption", "production"):
        least = preset_minimum(known_presets()[policy], direction, DAY_MIN, length_days)
        if least is None:
            raise PublicationError(dataset, "disclosure", f"policy {policy} allows no such series")
        demanded = [contract.terms.minimum_units for contract in contracts if contract.terms.minimum_units]
        con.execute("INSERT INTO minimum VALUES (?, ?)", [direction, max([least, *demanded])])


def _tables_with_units(con: duckdb.DuckDBPyConnection, contract: Contract) -> list[str]:
    unit = contract.terms.protected_unit
    query = (
        "SELECT DISTINCT schema_name, table_name FROM duckdb_columns() WHERE column_name = ? AND NOT internal"
    )
    if unit is None:
        return []
    present = {f"{schema}.{table}" for schema, table in con.execute(query, [unit]).fetchall()}
    names = [f"{contract.domain}.{table.name}" for table in contract.tables]
    return [identifier(*name.split(".")) for name in names if name in present]
