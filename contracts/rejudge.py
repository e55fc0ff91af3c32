"""Kept rows before the record gate again: the text in quarantine, read back as a table of the delivery.

Here: what is shown to the gate and under which rules, and which rows pass. Not here: deciding to let
them in (`replay`), or closing them (`quarantine_upkeep`). It is the gate's own code that judges.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from uuid import uuid4

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.layout import Home
from contracts.model import Column, Contract, LogicalType, RowRule, Severity, Table
from contracts.raw_table import RawTable
from contracts.released import standing_rows
from contracts.rules.row_rules import CheckKind
from contracts.verdict import Verdict

POSITION = "regie_position"
"""Column that carries a row's position through the gate."""
ONE_ROW_KINDS = frozenset({CheckKind.REFERENCE, CheckKind.CEILING, CheckKind.COMPARE, CheckKind.PERIOD})
"""Kinds of rules that a row can be asked alone; others look at its neighbours, which are not shown."""


class Rules(Enum):
    """Under which rules kept rows are judged."""

    ALL = "all"
    """Those of the contract."""
    TYPES = "types"
    """Types, and a whole and unrepeated key: what the warehouse can hold."""
    KEY = "key"
    """Only that the key can be read; nothing else of the row."""


@dataclass(frozen=True)
class Ward:
    """What working a feed's quarantine takes.

    Attributes:
        con: DuckDB; nothing is left in it.
        home: where rows, verdicts and states lie.
        contract: the feed's contract today.
        registers: `feed/table` -> Parquet of accepted rows, for rules that look things up.
        now: UTC, injected.
    """

    con: DuckDBPyConnection
    home: Home
    contract: Contract
    registers: Mapping[str, Path]
    now: datetime


@dataclass(frozen=True)
class Kept:
    """Rows of one delivery in quarantine: those that `chosen` selects by `table_name` and `position`."""

    verdict: Verdict
    chosen: str


def kept_file(home: Home, verdict: Verdict, table: str) -> Path:
    """Return the quarantine of one of a delivery's tables; it may not exist."""
    return home.quarantine / (verdict.folder or "-") / f"{table}.parquet"


@contextmanager
def judge_again(ward: Ward, kept: Kept, rules: Rules) -> Iterator[dict[str, Path]]:
    """Judge kept rows; yield, by table, the Parquet of those that pass: accepted columns and `POSITION`.

    Of rows with one key only the first passes (not under `Rules.KEY`); keys of accepted rows are the
    caller's to compare. Rows without text (unread lines, expired ones) are not judged. Under `Rules.ALL` a
    row that broke a rule which looks at other rows stays, for its neighbours are not shown, and so does one
    that broke a rule whose register is not there.
    """
    from contracts.record_gate import judge_rows

    with _folder(ward.home) as folder:
        contract, registers = _contract_for(ward, kept, rules, folder)
        tables = _read_back(ward, kept, rules, folder)
        if not tables:
            yield {}
            return
        accepted, quarantine = folder / "accepted", folder / "quarantine"
        accepted.mkdir()
        quarantine.mkdir()
        arrival = kept.verdict.arrival
        judge_rows(
            ward.con,
            contract,
            tables,
            registers,
            accepted,
            quarantine,
            period=arrival.period,
            scratch=folder,
            examples=0,
            received_at=arrival.received_at,
        )
        yield {table: accepted / f"{table}.parquet" for table in tables}


@contextmanager
def _folder(home: Home) -> Iterator[Path]:
    folder = home.scratch / f"rejudge-{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_back(ward: Ward, kept: Kept, rules: Rules, folder: Path) -> dict[str, RawTable]:
    """Write the chosen rows' text, a file a table, and describe each as the readers do."""
    tables = {}
    for table in ward.contract.tables:
        source = kept_file(ward.home, kept.verdict, table.name)
        if not source.exists():
            continue
        target = folder / f"text-{table.name}.parquet"
        others = _not_askable(table, ward.registers) if rules is Rules.ALL else ()
        where = "".join(
            f" AND NOT list_contains(list_transform(q.rules, lambda r: r.rule), {text(rule)})"
            for rule in others
        )
        written = ward.con.execute(
            f"COPY (SELECT CAST(q.position AS VARCHAR) AS {POSITION}, unnest(q.original)"
            f" FROM {parquet(source)} AS q"
            f" JOIN ({kept.chosen}) AS c ON c.table_name = {text(table.name)} AND c.position = q.position"
            f" WHERE q.original IS NOT NULL{where} ORDER BY q.position) TO {text(target)} (FORMAT parquet)"
        ).fetchone()
        if written and written[0]:
            header = tuple(
                column[0] for column in ward.con.execute(f"FROM {parquet(target)} LIMIT 0").description
            )
            sql = f"SELECT {', '.join(name(c) for c in header)} FROM {parquet(target)}"
            tables[table.name] = RawTable(table.name, sql, header, first_line=None, rows=int(written[0]))
    return tables


def _not_askable(table: Table, registers: Mapping[str, Path]) -> tuple[str, ...]:
    """Rules that kept rows can't be asked: they look at neighbours, or their register is not there."""
    alone = [rule for rule in table.rules if rule.severity is Severity.ERROR]
    return tuple(
        rule.id
        for rule in alone
        if rule.kind not in ONE_ROW_KINDS or any(need not in registers for need in rule.needs)
    )


def _contract_for(ward: Ward, kept: Kept, rules: Rules, folder: Path) -> tuple[Contract, dict[str, Path]]:
    """The contract as kept rows are judged by it, and the registers that it takes."""
    registers = dict(ward.registers)
    tables = []
    for table in ward.contract.tables:
        if rules is Rules.ALL:
            changed = _with_lookups(ward, kept, table, registers, folder)
        elif rules is Rules.TYPES:
            changed = _only_types(table)
        else:
            changed = _only_key(table)
        tables.append(changed)
    return ward.contract.model_copy(update={"tables": tuple(tables)}), registers


def _with_lookups(ward: Ward, kept: Kept, table: Table, registers: dict[str, Path], folder: Path) -> Table:
    """Look references within the delivery up in all of it: what was accepted and what is kept."""
    rules = []
    for rule in table.rules:
        target = str(rule.parameters.get("to", ""))
        if rule.kind != CheckKind.REFERENCE or not target or "/" in target:
            if rule.kind in ONE_ROW_KINDS:
                rules.append(rule)
            continue
        inner, _, column = target.rpartition(".")
        register = f"{ward.contract.id}/{inner}.{column}".replace(".", "-")
        path = folder / f"known-{inner}-{column}.parquet"
        if not path.exists():
            _write_known(ward, kept.verdict, inner, column, path)
        registers[register] = path
        rules.append(_redirected(rule, register, column))
    return table.model_copy(update={"rules": tuple(rules), "columns": (*table.columns, _POSITION_COLUMN)})


def _redirected(rule: RowRule, register: str, column: str) -> RowRule:
    parameters = {**rule.parameters, "to": f"{register}.{column}"}
    return rule.model_copy(update={"parameters": parameters, "needs": (*rule.needs, register)})


def _write_known(ward: Ward, verdict: Verdict, table: str, column: str, target: Path) -> None:
    """Write the values of a column that landed, as text."""
    known = ward.contract.table(table).column(column)
    kind, alias = known.physical_type, name(column)
    parts = [f"SELECT CAST(NULL AS {kind}) AS {alias}"]
    accepted, quarantine = standing_rows(ward.home, verdict, table), kept_file(ward.home, verdict, table)
    if accepted.exists():
        parts.append(f"SELECT CAST({alias} AS {kind}) AS {alias} FROM {parquet(accepted)}")
    if quarantine.exists():
        sent = f"TRY_CAST(original.{name(known.source)} AS {kind})"
        parts.append(f"SELECT {sent} AS {alias} FROM {parquet(quarantine)}")
    ward.con.execute(f"COPY ({' UNION '.join(parts)}) TO {text(target)} (FORMAT parquet)")


def _only_types(table: Table) -> Table:
    """Columns without limits and rules; a row without its whole key can't be told from others."""
    columns = tuple(_unlimited(c, required=c.primary_key and c.required) for c in table.columns)
    return table.model_copy(update={"columns": (*columns, _POSITION_COLUMN), "rules": ()})


def _only_key(table: Table) -> Table:
    """The key's columns alone; the position makes each row's key its own, so that repeats pass too."""
    columns = tuple(_unlimited(c, required=c.required) for c in table.columns if c.primary_key)
    position = _POSITION_COLUMN.model_copy(update={"primary_key": bool(columns)})
    return table.model_copy(update={"columns": (*columns, position), "rules": ()})


def _unlimited(column: Column, *, required: bool) -> Column:
    return column.model_copy(
        update={
            "required": required,
            "unique": False,
            "minimum": None,
            "maximum": None,
            "exclusive_minimum": None,
            "exclusive_maximum": None,
            "pattern": None,
            "min_length": None,
            "max_length": None,
            "valid_values": None,
        }
    )


_POSITION_COLUMN = Column(
    name=POSITION,
    source=POSITION,
    logical_type=LogicalType.INTEGER,
    physical_type="BIGINT",
    required=True,
)
