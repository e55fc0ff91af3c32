"""Rows that entered once and must again, after their delivery was judged anew.

Here: comparing the log with the released rows at hand, and making them agree. Not here: who may enter for
the first time (`replay`), or when this is asked (`quarantine_upkeep`).
"""

from __future__ import annotations

from contracts.compile.quoting import parquet, text
from contracts.layout import Home
from contracts.model import Table
from contracts.quarantine_states import Act, RowState, append, log_folder, states_sql
from contracts.rejudge import Kept, Rules, Ward, kept_file
from contracts.released import released_rows, write_released
from contracts.replay import let_in, text_or_null
from contracts.verdict import Verdict


def restore(ward: Ward, verdict: Verdict) -> int:
    """Let rows in again that the log says are in, after their delivery was judged anew; return changes.

    Those that someone let in need their types only; those that passed a replay must pass again, else
    they open again. Nothing is done where the released rows are those of the log.
    """
    if not verdict.is_accepted:
        return 0
    states = states_sql(log_folder(ward.home, verdict.arrival))
    changed = 0
    for table in ward.contract.tables:
        source = kept_file(ward.home, verdict, table.name)
        if not source.exists():
            continue
        wanted = (
            f"SELECT s.table_name, s.position FROM ({states}) AS s JOIN {parquet(source)} AS q"
            f" ON q.position = s.position WHERE s.table_name = {text(table.name)} AND s.state = 'released'"
        )
        if not _differs(ward, verdict, table, wanted):
            continue
        changed += _restore_table(ward, Kept(verdict, wanted), table)
    return changed


def _differs(ward: Ward, verdict: Verdict, table: Table, wanted: str) -> bool:
    """Whether the released rows at hand are others than the log's."""
    released = released_rows(ward.home, verdict, table.name)
    have = (
        f"SELECT regie_position FROM {parquet(released)}"
        if released.exists()
        else "SELECT CAST(NULL AS BIGINT) WHERE FALSE"
    )
    want = f"SELECT position FROM ({wanted})"
    found = ward.con.execute(f"({want} EXCEPT {have}) UNION ALL ({have} EXCEPT {want}) LIMIT 1").fetchone()
    return found is not None


def _restore_table(ward: Ward, kept: Kept, table: Table) -> int:
    states = states_sql(log_folder(ward.home, kept.verdict.arrival))
    write_released(ward.con, ward.home, kept.verdict, table.name, _no_rows(ward.home, kept.verdict, table))
    entered = 0
    for rules, who in ((Rules.TYPES, "IS NOT NULL"), (Rules.ALL, "IS NULL")):
        chosen = (
            f"SELECT w.* FROM ({kept.chosen}) AS w JOIN ({states}) AS s ON s.table_name = w.table_name"
            f" AND s.position = w.position WHERE s.actor {who}"
        )
        acts = ward.con.execute(
            f"SELECT DISTINCT s.since, s.reason, s.actor, s.evidence FROM ({states}) AS s"
            f" WHERE s.state = 'released' AND s.actor {who} ORDER BY ALL"
        ).fetchall()
        for since, reason, actor, evidence in acts:
            act = Act(RowState.RELEASED, since, reason, actor, evidence)
            mine = (
                f"SELECT c.* FROM ({chosen}) AS c JOIN ({states}) AS s ON s.table_name = c.table_name"
                f" AND s.position = c.position WHERE s.since = CAST({text(since.isoformat())} AS TIMESTAMPTZ)"
                f" AND s.reason = {text(reason)} AND s.actor IS NOT DISTINCT FROM {text_or_null(actor)}"
                f" AND s.evidence IS NOT DISTINCT FROM {text_or_null(evidence)}"
            )
            entered += let_in(ward, Kept(kept.verdict, mine), rules, act).total
    return entered + _reopen(ward, kept, table)


def _reopen(ward: Ward, kept: Kept, table: Table) -> int:
    """Open again what the log calls released and the contract no longer lets in."""
    released = released_rows(ward.home, kept.verdict, table.name)
    inside = (
        f" AND position NOT IN (SELECT regie_position FROM {parquet(released)})" if released.exists() else ""
    )
    version = ward.contract.version
    act = Act(
        RowState.OPEN, ward.now, f"contract {version} no longer lets it in", evidence=f"contract {version}"
    )
    rows = f"SELECT * FROM ({kept.chosen}) WHERE TRUE{inside}"
    return append(ward.con, ward.home, kept.verdict.arrival, rows, act)


def _no_rows(home: Home, verdict: Verdict, table: Table) -> str:
    base = home.accepted / (verdict.folder or "-") / f"{table.name}.parquet"
    return f"SELECT *, CAST(NULL AS BIGINT) AS regie_position FROM {parquet(base)} WHERE FALSE"
