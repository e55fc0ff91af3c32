"""A drafted contract as a tree with remarks, ready to be written.

Here: everything around the columns. Not here: the columns (`columns`), reading files (`draft`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.lint import REVIEW
from contracts.model import WireFormat
from contracts.shape import KeyPath
from pipelines.drafting.columns import Entry
from pipelines.drafting.sniff import Sniffed

UNDECIDED = "LicenseRef-undecided"
_SHARE_OF_ROWS = 80


@dataclass(frozen=True)
class Facts:
    """What is known of a feed before its columns are looked at."""

    feed: str
    contributor: str
    standard: str
    """`name@major`."""
    location: str
    sniffed: Sniffed
    timezone: str
    period: str | None = None
    starts_on: str | None = None
    step_s: int | None = None
    stamp: str | None = None
    protected_unit: str | None = None
    table: str | None = None
    fewest_rows: int | None = None


class Draft:
    """A contract being written: its tree and the remarks at their places."""

    def __init__(self, facts: Facts) -> None:
        """Write all but the columns."""
        self.facts = facts
        self.remarks: dict[KeyPath, str] = {}
        self.tree: dict[str, Any] = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": facts.feed,
            "name": facts.feed.replace("-", " ").capitalize(),
            "version": "0.1.0",
            "status": "draft",
            "servers": [self._server()],
            "slaProperties": [{"property": "frequency", "value": 1, "unit": "d" if facts.period else "w"}],
            "support": [{"channel": f"data@{facts.contributor}.example", "tool": "email"}],
            "customProperties": self._custom(),
        }
        self.remark(("servers", 0), "where the pool fetches the file; {base} stands for your server")
        self.remark(
            ("slaProperties", 0), "how often you deliver; add latency and completeness if you promise them"
        )
        self.remark(("support", 0), "who reads the reports")

    def remark(self, path: KeyPath, *words: str) -> None:
        """Mark a guess."""
        self.remarks[path] = f"{REVIEW} {'; '.join(words)}"

    def add_table(self, name: str, entries: Sequence[Entry], *, repeated: int) -> None:
        """Write a table's columns, those that say something beyond the standard."""
        said = [e for e in entries if e.says_something]
        if not said and not repeated:
            return
        place = len(self.tree.get("schema", ()))
        table: dict[str, Any] = {"name": name}
        if said:
            table["properties"] = [e.values for e in said]
        self.tree = _with_schema(self.tree, table)
        if repeated:
            self.remark(
                ("schema", place), f"the key repeats in {repeated:,} rows: is a column missing from it?"
            )
        for index, entry in enumerate(said):
            if entry.remarks:
                self.remark(("schema", place, "properties", index), *entry.remarks)

    def _server(self) -> dict[str, Any]:
        sniffed = self.facts.sniffed
        custom: list[dict[str, Any]] = [{"property": "wireFormat", "value": sniffed.wire_format.value}]
        dialect: dict[str, Any] = {}
        if sniffed.wire_format is WireFormat.DELIMITED:
            dialect = {
                "delimiter": sniffed.delimiter,
                "decimal": sniffed.decimal,
                "encoding": sniffed.encoding,
            }
        if sniffed.compression:
            dialect["compression"] = sniffed.compression
        if dialect:
            custom.append({"property": "dialect", "value": dialect})
        return {
            "server": "production",
            "type": "api",
            "location": self.facts.location,
            "customProperties": custom,
        }

    def _custom(self) -> list[dict[str, Any]]:
        facts = self.facts
        found: list[tuple[str, Any, str]] = [
            ("contributor", facts.contributor, ""),
            ("basedOn", facts.standard, ""),
            ("timezone", facts.timezone, "local days are counted in it"),
        ]
        if facts.period:
            delivery: dict[str, Any] = {"mode": "periodic", "period": facts.period}
            known = {"startsOn": facts.starts_on, "stepS": facts.step_s, "stamp": facts.stamp}
            delivery |= {key: value for key, value in known.items() if value is not None}
            found.append(
                ("delivery", delivery, "first day, seconds between observations, which end a stamp names")
            )
        if facts.table and facts.fewest_rows is not None:
            least = max(1, facts.fewest_rows * _SHARE_OF_ROWS // 100)
            rule = {
                "id": "row_count",
                "kind": "row_count",
                "parameters": {"table": facts.table, "minimum": least},
            }
            words = f"{_SHARE_OF_ROWS} % of the {facts.fewest_rows:,} rows observed"
            found.append(("deliveryRules", [rule], words))
        terms: dict[str, Any] = {"licence": UNDECIDED, "default": "private"}
        if facts.protected_unit:
            terms |= {"protectedUnit": facts.protected_unit, "minimumUnits": 10}
        found.append(("terms", terms, "all is closed: say what may be seen, by whom, under which licence"))
        for index, (_, _, words) in enumerate(found):
            if words:
                self.remark(("customProperties", index), words)
        return [{"property": name, "value": value} for name, value, _ in found]


def _with_schema(tree: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Add a table behind the servers, where people look for it."""
    tables = [*tree.get("schema", []), table]
    whole: dict[str, Any] = {}
    for key, value in tree.items():
        if key != "schema":
            whole[key] = value
        if key == "servers":
            whole["schema"] = tables
    return whole
