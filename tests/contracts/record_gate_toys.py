"""Toys for gate 1's tests: contracts, tables of text, and a gate with folders of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from contracts.model import (
    Column,
    Contract,
    Delivery,
    DeliveryMode,
    Dialect,
    LogicalType,
    Openness,
    RowRule,
    Server,
    Table,
    Terms,
    WireFormat,
)
from contracts.raw_table import RawTable
from contracts.record_gate import RecordJudgement, judge_rows
from contracts.verdict import RuleResult

LOGICAL = {
    "VARCHAR": LogicalType.STRING,
    "DATE": LogicalType.DATE,
    "BOOLEAN": LogicalType.BOOLEAN,
    "TIMESTAMPTZ": LogicalType.TIMESTAMP,
    "INTEGER": LogicalType.INTEGER,
    "BIGINT": LogicalType.INTEGER,
}


def column(name: str, kind: str = "VARCHAR", **more: Any) -> Column:
    logical = LOGICAL.get(kind, LogicalType.NUMBER)
    return Column(
        name=name, source=more.pop("source", name), logical_type=logical, physical_type=kind, **more
    )


def contract(*tables: Table, delivery: Delivery | None = None, **more: Any) -> Contract:
    return Contract(
        id="toys",
        version="1.2.0",
        status="active",
        name="Toys",
        domain="toys",
        contributor="maker",
        tables=tables,
        delivery=delivery or Delivery(mode=DeliveryMode.SNAPSHOT),
        server=Server(
            location="x",
            type="api",
            wire_format=WireFormat.DELIMITED,
            dialect=Dialect(decimal=more.pop("decimal", ".")),
        ),
        terms=Terms(licence="CC0-1.0", default=Openness.OPEN),
        digest="0" * 64,
        **more,
    )


def table(*columns: Column, name: str = "toy", rules: tuple[RowRule, ...] = ()) -> Table:
    return Table(name=name, source=name, columns=columns, rules=rules)


def raw(header: str, *rows: tuple[str | None, ...], name: str = "toy", **more: Any) -> RawTable:
    names = header.split()
    cells = ", ".join(
        "(" + ", ".join("NULL" if c is None else "'" + c.replace("'", "''") + "'" for c in row) + ")"
        for row in rows
    )
    columns = ", ".join(f'CAST("{n}" AS VARCHAR) AS "{n}"' for n in names)
    listed = ", ".join(f'"{n}"' for n in names)
    sql = f"SELECT {columns} FROM (VALUES {cells}) AS t ({listed})"
    if not rows:
        empty = ", ".join(f'CAST(NULL AS VARCHAR) AS "{n}"' for n in names)
        sql = f"SELECT {empty} WHERE FALSE"
    return RawTable(name, sql, tuple(names), rows=len(rows), **more)


class Gate:
    """A gate with folders of its own; what it wrote can be read back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = duckdb.connect(config={"threads": 2, "memory_limit": "500MB"})
        self.con.execute("SET TimeZone = 'UTC'")
        self.registers: dict[str, Path] = {}
        for name in ("accepted", "quarantine", "scratch"):
            (folder / name).mkdir()

    def register(self, name: str, sql: str) -> None:
        path = self.folder / f"{name.replace('/', '-')}.parquet"
        self.con.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
        self.registers[name] = path

    def judge(self, promise: Contract, *tables: RawTable, period: str | None = None) -> RecordJudgement:
        return judge_rows(
            self.con,
            promise,
            {t.table: t for t in tables},
            self.registers,
            self.folder / "accepted",
            self.folder / "quarantine",
            period=period,
            scratch=self.folder / "scratch",
        )

    def accepted(self, select: str = "*", name: str = "toy") -> list[tuple[Any, ...]]:
        path = self.folder / "accepted" / f"{name}.parquet"
        return self.con.execute(f"SELECT {select} FROM '{path}'").fetchall()

    def quarantined(self, select: str = "*", name: str = "toy") -> list[tuple[Any, ...]]:
        path = self.folder / "quarantine" / f"{name}.parquet"
        return self.con.execute(f"SELECT {select} FROM '{path}'").fetchall()


def failing(judgement: RecordJudgement) -> dict[str, int]:
    """Counts of failed rows by `rule:column`."""
    return {f"{r.rule}:{r.column}": r.failed_rows for r in judgement.rules if r.failed_rows}


def result(judgement: RecordJudgement, rule: str) -> RuleResult:
    (found,) = [r for r in judgement.rules if r.rule == rule]
    return found


def known(column: str, to: str, rule: str = "unknown_reference") -> RowRule:
    """A reference; into a register if `to` has a slash."""
    register = to.rpartition(".")[0]
    needs = (register,) if "/" in to else ()
    return RowRule(id=rule, kind="known_reference", columns=(column,), parameters={"to": to}, needs=needs)


def ceiling(value: str, key: str, register: str, kind: str, ceilings: dict[str, Any]) -> RowRule:
    """A ceiling by class, `too_much`."""
    parameters = {"register": register, "key": key, "class": kind, "ceilings": ceilings}
    return RowRule(
        id="too_much",
        kind="ceiling_by_class",
        columns=(value, key),
        parameters=parameters,
        needs=(register,),
    )
