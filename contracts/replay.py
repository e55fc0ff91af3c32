"""Rows that leave the quarantine: those that pass today's rules, and those that someone lets in as they are.

Here: who may enter, and what is written when they do. Not here: judging (`rejudge`, the gate's own
code), rows that enter again (`restoring`), the log's form (`quarantine_states`), or loading the lake
(`warehouse/load` takes what stands).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from contracts.compile.quoting import name, parquet, text
from contracts.layout import Home
from contracts.model import Table
from contracts.quarantine_states import Act, RowState, append, log_folder, states_sql
from contracts.rejudge import POSITION, Kept, Rules, Ward, judge_again, kept_file
from contracts.released import released_rows, write_released
from contracts.verdict import Verdict

_UNDECIDED = (RowState.OPEN, RowState.WAIVED)


class NotStandingError(Exception):
    """Rows of a delivery that is refused, or was judged by other keys, can't enter one by one."""


@dataclass(frozen=True)
class Replayed:
    """What a replay or a release did.

    Attributes:
        judged: rows looked at.
        entered: rows that are now accepted rows, by table.
    """

    judged: int
    entered: Mapping[str, int]

    @property
    def total(self) -> int:
        """Rows that entered."""
        return sum(self.entered.values())


def replay(ward: Ward, verdict: Verdict) -> Replayed:
    """Judge a delivery's open and waived rows by the contract as it is; those that pass are accepted rows.

    A row whose key an accepted row has stays: it would be a repeat. Doing it twice changes nothing.

    Raises NotStandingError where the delivery, which must stand for its period, is refused.
    """
    _require_accepted(verdict)
    _require_keys(ward, verdict)
    chosen = undecided_sql(ward, verdict)
    version = f"contract {ward.contract.version}"
    act = Act(RowState.RELEASED, ward.now, f"passes {version}", evidence=version)
    return let_in(ward, Kept(verdict, chosen), Rules.ALL, act)


def release(
    ward: Ward, verdict: Verdict, table: str, positions: Sequence[int], *, actor: str, reason: str
) -> Replayed:
    """Let rows in as they are: someone in charge answers for them. Types and a whole, new key are needed.

    Args:
        ward: the feed's quarantine.
        verdict: the delivery that stands for its period.
        table: name of the table.
        positions: the rows, as `regie quarantine list` numbers them.
        actor: who decides; the caller has checked that it may.
        reason: why, for the log.

    Raises:
        NotStandingError: the delivery is refused.
    """
    _require_accepted(verdict)
    _require_keys(ward, verdict)
    numbers = ", ".join(str(int(p)) for p in positions) or "NULL"
    undecided = undecided_sql(ward, verdict)
    chosen = f"SELECT * FROM ({undecided}) WHERE table_name = {text(table)} AND position IN ({numbers})"
    act = Act(RowState.RELEASED, ward.now, reason, actor=actor)
    return let_in(ward, Kept(verdict, chosen), Rules.TYPES, act)


def rows_sql(ward: Ward, verdict: Verdict) -> str:
    """SELECT the rows of a delivery's current quarantine with their state.

    Columns: table_name, position, rules, has_text, state, evidence.
    """
    states = states_sql(log_folder(ward.home, verdict.arrival))
    parts = [
        f"SELECT {text(t.name)} AS table_name, position, rules, original IS NOT NULL AS has_text"
        f" FROM {parquet(path)}"
        for t in ward.contract.tables
        if (path := kept_file(ward.home, verdict, t.name)).exists()
    ]
    none = (
        "SELECT CAST(NULL AS VARCHAR) AS table_name, CAST(NULL AS BIGINT) AS position,"
        ' CAST(NULL AS STRUCT(rule VARCHAR, "column" VARCHAR)[]) AS rules, FALSE AS has_text WHERE FALSE'
    )
    return (
        "SELECT q.*, coalesce(s.state, 'open') AS state, s.evidence"
        f" FROM ({' UNION ALL '.join(parts) or none}) AS q LEFT JOIN ({states}) AS s"
        " ON s.table_name = q.table_name AND s.position = q.position"
    )


def undecided_sql(ward: Ward, verdict: Verdict) -> str:
    """SELECT `table_name` and `position` of the rows that still wait."""
    states = ", ".join(text(state.value) for state in _UNDECIDED)
    rows = rows_sql(ward, verdict)
    return f"SELECT table_name, position FROM ({rows}) WHERE state IN ({states})"


def _require_accepted(verdict: Verdict) -> None:
    if not verdict.is_accepted:
        place = " ".join(filter(None, (verdict.arrival.feed, verdict.arrival.period)))
        raise NotStandingError(
            f"{place}: delivery {verdict.arrival.delivery_id} is refused; its rows can't enter one by one"
        )


def _require_keys(ward: Ward, verdict: Verdict) -> None:
    """Rows judged by a contract of other keys can't be compared: the delivery must be judged anew first."""
    for table in ward.contract.tables:
        path = ward.home.accepted / (verdict.folder or "-") / f"{table.name}.parquet"
        if not path.exists():
            continue
        known = {c[0] for c in ward.con.execute(f"FROM {parquet(path)} LIMIT 0").description}
        if missing := [c for c in _unique_columns(table) if c not in known]:
            raise NotStandingError(
                f"{verdict.arrival.feed}: delivery {verdict.arrival.delivery_id} was judged by contract"
                f" {verdict.contract_version}, which has no {', '.join(missing)} in {table.name};"
                " ask for it anew first (regie run)"
            )


def let_in(ward: Ward, kept: Kept, rules: Rules, act: Act) -> Replayed:
    """Judge kept rows, write what passes beside the accepted rows, then log it; return what entered.

    The log comes last: a row that entered and is not logged yet passes again, and replaces itself.
    """
    judged = ward.con.execute(f"SELECT count(*) FROM ({kept.chosen})").fetchone()
    entered = {}
    with judge_again(ward, kept, rules) as passing:
        for table in (t for t in ward.contract.tables if t.name in passing):
            with _scratch_file(ward.home) as fresh:
                count = _write_fresh(ward, kept.verdict, table, passing[table.name], act, fresh)
                if not count:
                    continue
                _add_released(ward, kept.verdict, table, fresh)
                alias = text(table.name)
                rows = f"SELECT {alias} AS table_name, regie_position AS position FROM {parquet(fresh)}"
                append(ward.con, ward.home, kept.verdict.arrival, rows, act)
                entered[table.name] = count
    return Replayed(int(judged[0]) if judged else 0, entered)


def _write_fresh(  # a file in, a file out, and all that a row remembers
    ward: Ward, verdict: Verdict, table: Table, passing: Path, act: Act, target: Path
) -> int:
    """Write the passing rows that repeat no accepted key, with their lineage; return how many."""
    source = kept_file(ward.home, verdict, table.name)
    columns = ", ".join(f"p.{name(c.name)}" for c in table.columns)
    lineage = (
        f"p.{POSITION}, q.line AS regie_line, CAST({text(act.at.isoformat())} AS TIMESTAMPTZ) AS regie_since,"
        f" {text(act.reason)} AS regie_reason, {text_or_null(act.actor)} AS regie_actor,"
        f" {text_or_null(act.evidence)} AS regie_evidence"
    )
    keys = _same_key(table)
    accepted = _accepted_sql(ward.home, verdict, table, passing) if keys else ""
    known = "".join(f" AND NOT EXISTS (SELECT 1 FROM ({accepted}) AS a WHERE {same})" for same in keys)
    written = ward.con.execute(
        f"COPY (SELECT {columns}, {lineage} FROM {parquet(passing)} AS p"
        f" JOIN {parquet(source)} AS q ON q.position = p.{POSITION} WHERE TRUE{known}"
        f" ORDER BY p.{POSITION}) TO {text(target)} (FORMAT parquet)"
    ).fetchone()
    return int(written[0]) if written else 0


def _accepted_sql(home: Home, verdict: Verdict, table: Table, passing: Path) -> str:
    """Accepted rows, and released ones but those that are judged now."""
    folder = home.accepted / (verdict.folder or "-")
    keys = ", ".join(name(c) for c in _unique_columns(table))
    query = f"SELECT {keys} FROM {parquet(folder / f'{table.name}.parquet')}"
    released = released_rows(home, verdict, table.name)
    if released.exists():
        query += (
            f" UNION ALL SELECT {keys} FROM {parquet(released)}"
            f" WHERE regie_position NOT IN (SELECT {POSITION} FROM {parquet(passing)})"
        )
    return query


def _unique_columns(table: Table) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*table.key, *(c.name for c in table.columns if c.unique))))


def _same_key(table: Table) -> list[str]:
    """Conditions under which an accepted row `a` has the key of `p`, or a value that only one may have."""
    same = [" AND ".join(f"a.{name(c)} IS NOT DISTINCT FROM p.{name(c)}" for c in table.key)]
    same += [f"a.{name(c.name)} = p.{name(c.name)}" for c in table.columns if c.unique]
    return [condition for condition in same if condition]


def _add_released(ward: Ward, verdict: Verdict, table: Table, fresh: Path) -> None:
    """Put fresh rows among the released ones; a row known already is replaced."""
    query = f"SELECT * FROM {parquet(fresh)}"
    released = released_rows(ward.home, verdict, table.name)
    if released.exists():
        query = (
            f"SELECT * FROM ({query} UNION ALL BY NAME SELECT * FROM {parquet(released)}"
            f" WHERE regie_position NOT IN (SELECT regie_position FROM {parquet(fresh)}))"
        )
    write_released(ward.con, ward.home, verdict, table.name, query)


def text_or_null(value: str | None) -> str:
    """Return a text, or null, as SQL."""
    return f"CAST({'NULL' if value is None else text(value)} AS VARCHAR)"


@contextmanager
def _scratch_file(home: Home) -> Iterator[Path]:
    folder = home.scratch / f"replay-{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder / "rows.parquet"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
