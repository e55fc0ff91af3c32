"""Primary disclosure rules on the cells of one table: minimum frequency, p%, residual of each insider.

Here: judging cells. Not here: where contributions come from (`energy`), the proof on the staged files
(`audit`), secondary suppression (no published table has totals, so nothing gives a hidden cell back).
"""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files

import duckdb

from warehouse.models import set_variables


def judge_cells(
    con: duckdb.DuckDBPyConnection, contributions: str, into: str, *, minimum_units: int, p_percent: Decimal
) -> None:
    """Judge every cell of `contributions` and leave the result in the temporary table `into`.

    `contributions` is a SELECT of cell, unit, contributor, amount (one measure, Wh or any additive
    quantity). A cell is sensitive if fewer than `minimum_units` units are active in it, if all its units
    are zero and fewer than `minimum_units` are registered, if its p% rule fails (total minus the two
    largest is below p % of the largest), or if any of that holds for what is left after one
    contributor's units while others remain. Columns: cell, is_sensitive, is_sensitive_outside,
    is_sensitive_inside, active_units, upper_protection. Source: Handbook on SDC, 2nd ed., 4.2.1.
    """
    rules = files("publishing").joinpath("disclosure", "primary.sql").read_text(encoding="utf-8")
    con.execute(f"CREATE OR REPLACE TEMP TABLE contribution AS {contributions}")
    set_variables(con, {"minimum_units": minimum_units, "p_percent": str(p_percent)})
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS {rules}")
