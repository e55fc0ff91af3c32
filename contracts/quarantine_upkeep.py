"""What becomes of quarantined rows without anyone deciding: fixed, waived, opened again, expired.

Here: the facts that change a row's state, for all deliveries of one period. Not here: the log's form
(`quarantine_states`), or rows that enter the pool (`replay`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text, texts
from contracts.layout import SNAPSHOT, Home
from contracts.model import Severity, Table, Waiver
from contracts.quarantine_states import Act, RowState, append
from contracts.rejudge import POSITION, Kept, Rules, Ward, judge_again, kept_file
from contracts.released import standing_rows
from contracts.replay import rows_sql
from contracts.restoring import restore
from contracts.rules.row_rules import list_checks
from contracts.verdict import Verdict
from contracts.waiving import covers, in_force


def keep_up(ward: Ward, verdicts: Sequence[Verdict]) -> int:
    """Bring the states of a period's quarantined rows up to date; return how many rows changed.

    A row is `fixed` once a newer delivery of the period, the one that stands, has its key among its accepted
    rows; a row whose key can't be read, once no row of that delivery breaks the same rules. It opens again if
    that delivery stands no more. It is `waived` while each rule that put it aside is accepted by someone, and
    opens again the day after. It is `expired` when the contract's retention, from the day its delivery
    came, is over: then its text is gone. Rows released earlier stay in where the contract lets them. Doing it
    twice changes nothing.

    Args:
        ward: the feed's quarantine.
        verdicts: the period's (a snapshot feed: all), in the store's order, the newest last.
    """
    changed = 0
    accepted = [place for place, verdict in enumerate(verdicts) if verdict.is_accepted]
    standing = accepted[-1] if accepted else -1
    for place, verdict in enumerate(verdicts):
        if verdict.folder is None or not _was_quarantined(ward.home, verdict):
            continue
        if _is_expired(ward, verdict):
            changed += _expire(ward, verdict)
            continue
        changed += _leave_old_rules(ward, verdict)
        changed += restore(ward, verdict)
        changed += _close_fixed(ward, verdict, verdicts[standing] if standing > place else None)
        changed += _follow_waivers(ward, verdict)
    return changed


def _was_quarantined(home: Home, verdict: Verdict) -> bool:
    return bool(verdict.rows_quarantined) or len(_folders(home, verdict)) > 1


def _folders(home: Home, verdict: Verdict) -> list[Path]:
    """Quarantines of a delivery, by whatever contract version."""
    arrival = verdict.arrival
    root = home.quarantine / arrival.feed / (arrival.period or SNAPSHOT)
    return sorted(root.glob(f"{arrival.delivery_id}@*"))


def _is_expired(ward: Ward, verdict: Verdict) -> bool:
    days = ward.contract.service_levels.retention_days
    return days is not None and verdict.arrival.received_at + timedelta(days=days) < ward.now


def _expire(ward: Ward, verdict: Verdict) -> int:
    """Log the end of retention, then take the text away from every quarantine of the delivery."""
    days = ward.contract.service_levels.retention_days
    act = Act(RowState.EXPIRED, ward.now, f"kept {days} days, as the contract says")
    kept = f"SELECT table_name, position FROM ({rows_sql(ward, verdict)}) WHERE state <> 'released'"
    changed = append(ward.con, ward.home, verdict.arrival, kept, act)
    for file in (f for folder in _folders(ward.home, verdict) for f in sorted(folder.glob("*.parquet"))):
        _take_text(ward.con, file)
    pages = ward.home.pages / verdict.arrival.feed / (verdict.arrival.period or SNAPSHOT)
    for page in pages.glob(f"{verdict.arrival.delivery_id}*.quarantine.csv"):
        page.unlink()
    return changed


def _take_text(con: DuckDBPyConnection, file: Path) -> None:
    has = con.execute(
        f"SELECT 1 FROM {parquet(file)} WHERE original IS NOT NULL OR raw_line IS NOT NULL LIMIT 1"
    ).fetchone()
    if has is None:
        return
    partial = file.with_name(f".{file.name}.part")
    gone = "CASE WHEN FALSE THEN original END AS original, CAST(NULL AS VARCHAR) AS raw_line"
    con.execute(
        f"COPY (SELECT * REPLACE ({gone}) FROM {parquet(file)} ORDER BY position)"
        f" TO {text(partial)} (FORMAT parquet, COMPRESSION zstd)"
    )
    partial.replace(file)


def _leave_old_rules(ward: Ward, verdict: Verdict) -> int:
    """Rows that an earlier contract version put aside and this one accepts have entered the pool."""
    if not verdict.is_accepted:
        return 0
    changed = 0
    current = ward.home.quarantine / (verdict.folder or "-")
    for folder in (f for f in _folders(ward.home, verdict) if f.name != current.name):
        for table in ward.contract.tables:
            old, new = folder / f"{table.name}.parquet", current / f"{table.name}.parquet"
            if not old.exists() or not new.exists():
                continue
            rows = (
                f"SELECT {text(table.name)} AS table_name, position FROM {parquet(old)}"
                f" WHERE position NOT IN (SELECT position FROM {parquet(new)})"
            )
            version = f"contract {verdict.contract_version}"
            act = Act(RowState.RELEASED, ward.now, f"accepted by {version}", evidence=version)
            changed += append(ward.con, ward.home, verdict.arrival, rows, act)
    return changed


def _close_fixed(ward: Ward, verdict: Verdict, newer: Verdict | None) -> int:
    """Close what the newer delivery has right, and open what no standing delivery has."""
    rows = rows_sql(ward, verdict)
    asked = f"SELECT table_name, position FROM ({rows}) WHERE state IN ('open', 'waived', 'fixed')"
    if ward.con.execute(f"SELECT 1 FROM ({asked}) LIMIT 1").fetchone() is None:
        return 0
    undone = Act(RowState.OPEN, ward.now, "the delivery that had it right stands no more")
    was_fixed = f"SELECT table_name, position FROM ({rows}) WHERE state = 'fixed'"
    if newer is None:
        return append(ward.con, ward.home, verdict.arrival, was_fixed, undone)
    with _scratch(ward.home) as folder:
        files = _write_fixed(ward, verdict, newer, asked, folder)
        fixed = " UNION ALL ".join(f"SELECT * FROM {parquet(f)}" for f in files) or _NOTHING
        by = newer.arrival.delivery_id
        act = Act(RowState.FIXED, ward.now, f"right in delivery {by}", evidence=f"delivery {by}")
        changed = append(ward.con, ward.home, verdict.arrival, fixed, act)
        others = f"SELECT w.* FROM ({was_fixed}) AS w ANTI JOIN ({fixed}) AS f USING (table_name, position)"
        return changed + append(ward.con, ward.home, verdict.arrival, others, undone)


def _follow_waivers(ward: Ward, verdict: Verdict) -> int:
    """Waive the rows whose every error rule is waived today, and open those for which that is over."""
    today = ward.now.astimezone(ZoneInfo(ward.contract.timezone)).date()
    held = in_force(ward.contract, today)
    parts = [_waived_sql(ward, verdict, table, held) for table in ward.contract.tables] if held else []
    covered = " UNION ALL ".join(part for part in parts if part) or _NOTHING
    who = ", ".join(f"{w.accepted_by} until {w.until}" for w in held)
    act = Act(RowState.WAIVED, ward.now, f"accepted by {who}", actor=held[0].accepted_by if held else None)
    changed = append(ward.con, ward.home, verdict.arrival, covered, act) if held else 0
    over = (
        f"SELECT r.table_name, r.position FROM ({rows_sql(ward, verdict)}) AS r"
        f" ANTI JOIN ({covered}) AS w USING (table_name, position) WHERE r.state = 'waived'"
    )
    ended = Act(RowState.OPEN, ward.now, "no waiver covers it any more")
    return changed + append(ward.con, ward.home, verdict.arrival, over, ended)


def _waived_sql(ward: Ward, verdict: Verdict, table: Table, held: Sequence[Waiver]) -> str:
    """SELECT the rows of a table that no uncovered error rule keeps aside; empty without a quarantine."""
    path = kept_file(ward.home, verdict, table.name)
    if not path.exists():
        return ""
    checks = list_checks(ward.contract, table)
    weighing = [(c.rule, c.column) for c in checks if c.severity is Severity.ERROR]
    weighing.append(("malformed_line", None))
    left = [
        f"{rule} {column or ''}"
        for rule, column in weighing
        if not any(covers(w, rule, table.name, column, ward.contract) for w in held)
    ]
    known = texts(f"{rule} {column or ''}" for rule, column in weighing)
    labels = f"list_transform(rules, lambda b: {_label('b')})"
    return (
        f"SELECT {text(table.name)} AS table_name, position FROM {parquet(path)}"
        f" WHERE list_has_any({labels}, [{known}])"
        f" AND NOT list_has_any({labels}, CAST([{texts(left)}] AS VARCHAR[]))"
    )


def _write_fixed(ward: Ward, verdict: Verdict, newer: Verdict, asked: str, folder: Path) -> list[Path]:
    """Write, table by table, the rows that the newer delivery has right."""
    files = []
    with judge_again(ward, Kept(verdict, asked), Rules.KEY) as readable:
        for table in ward.contract.tables:
            source = kept_file(ward.home, verdict, table.name)
            if not source.exists():
                continue
            target = folder / f"{table.name}.parquet"
            asked_here = (
                f"SELECT q.position, q.rules, {_breaks_key(table)} AS is_key_wrong"
                f" FROM {parquet(source)} AS q JOIN ({asked}) AS a"
                f" ON a.table_name = {text(table.name)} AND a.position = q.position"
            )
            fixed = _fixed_sql(ward.home, table, newer, asked_here, readable.get(table.name))
            ward.con.execute(f"COPY ({fixed}) TO {text(target)} (FORMAT parquet)")
            files.append(target)
    return files


def _fixed_sql(home: Home, table: Table, newer: Verdict, rows: str, readable: Path | None) -> str:
    """SELECT rows whose key the newer delivery accepted, and unreadable ones whose rules it keeps."""
    accepted = standing_rows(home, newer, table.name)
    found = "SELECT CAST(NULL AS BIGINT) AS position WHERE FALSE"
    known = found
    if readable is not None:
        known = f"SELECT {POSITION} AS position FROM {parquet(readable)}"
    if readable is not None and table.key and accepted.exists():
        same = " AND ".join(f"n.{name(c)} IS NOT DISTINCT FROM k.{name(c)}" for c in table.key)
        found = (
            f"SELECT k.{POSITION} AS position FROM {parquet(readable)} AS k"
            f" SEMI JOIN {parquet(accepted)} AS n ON {same}"
        )
    still = _still_broken(home, table, newer)
    return (
        f"SELECT {text(table.name)} AS table_name, r.position FROM ({rows}) AS r"
        f" WHERE r.position IN ({found})"
        f" OR ((r.is_key_wrong OR r.position NOT IN ({known}))"
        f" AND NOT list_has_any(list_transform(r.rules, lambda b: {_label('b')}), {still}))"
    )


def _breaks_key(table: Table) -> str:
    """SQL: whether the row broke a rule on a column of its key, so that the key as sent names nothing."""
    if not table.key:
        return "TRUE"
    keys = ", ".join(text(c) for c in table.key)
    return f"len(list_filter(q.rules, lambda b: b.\"column\" IN ({keys}) AND b.rule <> 'duplicate_key')) > 0"


def _still_broken(home: Home, table: Table, newer: Verdict) -> str:
    """SQL list of the rules that rows of the newer delivery break."""
    path = home.quarantine / (newer.folder or "-") / f"{table.name}.parquet"
    if not path.exists():
        return "CAST([] AS VARCHAR[])"
    return (
        f"(SELECT coalesce(list(DISTINCT {_label('b')}), CAST([] AS VARCHAR[]))"
        f" FROM (SELECT unnest(rules) AS b FROM {parquet(path)}))"
    )


def _label(rule: str) -> str:
    return f"{rule}.rule || ' ' || coalesce({rule}.\"column\", '')"


@contextmanager
def _scratch(home: Home) -> Iterator[Path]:
    folder = home.scratch / f"upkeep-{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_NOTHING = "SELECT CAST(NULL AS VARCHAR) AS table_name, CAST(NULL AS BIGINT) AS position WHERE FALSE"
