"""Who reads a column: the pool's datasets, through queries, models and indicators.

Here: a search by names, wide rather than narrow, for `regie contract diff`. Not here: the exact columns
of a checked query (`publishing.query`), which need a lake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from contracts.change import Readers, nobody_reads
from contracts.located import read_located
from contracts.model import Contract
from publishing.dataset import Dataset, load_datasets

_TABLE = re.compile(r"\b([a-z]\w*\.[a-z]\w*)\b")
_VALUES = "indicator.value"
PLACES = "territory.object_zone"


@dataclass(frozen=True)
class _Query:
    """A text of SQL and the columns it names of each table, where it says so itself."""

    text: str
    inputs: Mapping[str, frozenset[str]]
    places: frozenset[str] = frozenset()
    """Tables behind the kinds of things it looks for in the model of places."""


class ColumnReaders:
    """The datasets of a pool and what each reads of one contract's tables."""

    def __init__(self, pool: Path, contract: Contract) -> None:
        """Look at a pool's `datasets/` for those that read a contract's feed."""
        self._pool = pool
        self._contract = contract

    def __call__(self, table: str | None, column: str | None) -> tuple[str, ...]:
        """Name the datasets that read a column, any column of a table, or anything of the feed."""
        found = []
        for dataset in self._datasets:
            if table is None:
                found.append(dataset.id)
                continue
            name = f"{self._contract.domain}.{table}"
            if self._reads(self._query_of(dataset), name, column):
                found.append(dataset.id)
            elif _VALUES in self._query_of(dataset).text:
                through = [i for i, q in self._indicators.items() if self._reads(q, name, column)]
                found += [f"{dataset.id} (by {', '.join(through)})"] if through else []
        return tuple(found)

    @cached_property
    def _datasets(self) -> tuple[Dataset, ...]:
        if not (self._pool / "datasets").is_dir():
            return ()
        datasets = load_datasets(self._pool)
        return tuple(d for d in datasets if {"*", self._contract.id} & set(d.sources))

    def _query_of(self, dataset: Dataset) -> _Query:
        """The dataset's SELECT; an aggregate of personal data reads its domain's models."""
        if dataset.select is not None:
            return _Query(dataset.select, {})
        if dataset.sql is not None:
            path = files("publishing").joinpath("datasets", f"{dataset.sql.replace('-', '_')}.sql")
            return _Query(path.read_text(encoding="utf-8") if path.is_file() else "", {})
        domain = f"{self._contract.domain}."
        return _Query("\n".join(text for name, text in self._models.items() if name.startswith(domain)), {})

    @cached_property
    def _models(self) -> dict[str, str]:
        """The warehouse's models: `schema.table` -> SQL."""
        root = Path(str(files("warehouse").joinpath("models")))
        return {
            f"{p.parent.name}.{p.stem}": p.read_text(encoding="utf-8") for p in sorted(root.glob("*/*.sql"))
        }

    @cached_property
    def _indicators(self) -> dict[str, _Query]:
        """The indicators, which say in their definitions what they read."""
        from warehouse.indicators.provenance import TABLE_OF_KIND, find_kinds

        found = {}
        for path in sorted(Path(str(files("warehouse").joinpath("indicators"))).glob("*.yaml")):
            inputs = read_located(path).get("inputs") or {}
            kinds = find_kinds(path.with_suffix(".sql").read_text(encoding="utf-8"))
            found[path.stem] = _Query(
                " ".join(inputs),
                {table: frozenset(columns) for table, columns in inputs.items()},
                frozenset(TABLE_OF_KIND[kind] for kind in kinds),
            )
        return found

    def _reads(self, query: _Query, table: str, column: str | None) -> bool:
        """Whether a query, or a model it reads at any remove, names a table and the column."""
        if table in query.inputs and (column is None or column in query.inputs[table]):
            return True
        texts = [query.text] if not query.inputs else []
        # The model of places reads every kind of thing: who names a kind reads no other.
        seen = {PLACES} if query.places and table not in query.places else set()
        left = [name for name in _TABLE.findall(query.text) if name in self._models]
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                texts.append(self._models[name])
                left += [inner for inner in _TABLE.findall(self._models[name]) if inner in self._models]
        return any(_names(text, table, column) for text in texts)


def readers_for(pool: Path | None, contract: Contract) -> Readers:
    """Return who reads the contract's columns in a pool; nobody without one."""
    return nobody_reads if pool is None else ColumnReaders(pool, contract)


def _names(text: str, table: str, column: str | None) -> bool:
    """Whether a text names the table, and the column as a word of its own."""
    code = "\n".join(line.partition("--")[0] for line in text.splitlines())
    if table not in _TABLE.findall(code):
        return False
    return column is None or re.search(rf"\b{re.escape(column)}\b", code) is not None
