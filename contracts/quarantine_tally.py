"""How many kept rows each rule has in each state: what a feed's page shows of its quarantine.

Here: counting. Not here: the rows (`quarantine`), or their states (`quarantine_states`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from contracts.layout import Home
from contracts.model import Contract
from contracts.quarantine import rows_query
from contracts.quarantine_states import RowState


@dataclass(frozen=True)
class Tally:
    """One rule of a feed and the rows it put aside, over all deliveries, by state."""

    rule: str
    table: str
    column: str | None
    counts: Mapping[RowState, int]

    @property
    def open_rows(self) -> int:
        """Rows that still wait."""
        return self.counts.get(RowState.OPEN, 0)


def tally_feed(con: DuckDBPyConnection, home: Home, contract: Contract) -> tuple[Tally, ...]:
    """Return a tally for each rule that put rows aside, the most open rows first.

    A row that broke several rules counts for each; warnings on kept rows count too.
    """
    rows = rows_query(home, {contract.id: contract}, feed=contract.id)
    found = con.execute(
        'SELECT b.rule, "table", b."column", state, count(*) FROM'
        f' (SELECT "table", state, unnest(rules) AS b FROM ({rows})) GROUP BY ALL ORDER BY ALL'
    ).fetchall()
    places: dict[tuple[str, str, str | None], dict[RowState, int]] = {}
    for rule, table, column, state, count in found:
        places.setdefault((rule, table, column), {})[RowState(state)] = int(count)
    tallies = [Tally(*place, counts) for place, counts in places.items()]
    return tuple(sorted(tallies, key=lambda t: (-t.open_rows, t.rule, t.table, t.column or "")))
