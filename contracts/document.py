"""A document of the Open Data Contract Standard, whole: every section read and kept, run here or not.

Here: reading one file as ODCS v3.1 (v3.0's headers are understood), and the whole document behind a
contract. Not here: what this engine makes of it (`resolve`), or writing it back (`write`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.located import LocatedMap, read_located
from contracts.model import Contract
from contracts.odcs import DataContract
from contracts.resolve import STANDARDS, resolve_tree, shipped_tables
from contracts.shape import Problems, check_official_schema, read_section


@dataclass(frozen=True)
class Document:
    """A file as the standard sees it."""

    tree: LocatedMap
    """What is written, with its lines."""
    typed: DataContract


def read_document(path: Path) -> Document:
    """Read a file that follows ODCS, from any tool. Raises ContractError with every fault's line."""
    tree = read_located(path)
    return _typed(tree, path)


def document_of(contract: Contract, *, standards: Path | None = None) -> Document:
    """Return the whole document behind a contract, its standard laid under it.

    Raises ContractError if the file has changed and no longer fits; ValueError for a contract that
    was not read from a file.
    """
    if contract.file is None:
        raise ValueError(f"{contract.id} was not read from a file")
    return _typed(resolve_tree(contract.file, standards or STANDARDS), contract.file)


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any YAML value
    """Return a tree as plain dicts and lists, without its lines."""
    if isinstance(value, dict):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    return value


def _typed(tree: LocatedMap, path: Path) -> Document:
    problems = Problems(tree, path)
    typed = read_section(DataContract, tree, problems)
    check_official_schema(tree, problems, shipped=shipped_tables(tree))
    problems.raise_if_any()
    if typed is None:  # pragma: no cover - a misfit is always noted
        raise RuntimeError("a document that doesn't fit must have been refused")
    return Document(tree, typed)
