"""DuckDB's extensions, loaded by path from the wheels that carry them.

Here: finding and loading. Not here: what they are used for. Nothing is ever fetched: the wheels are
pinned to DuckDB's own version.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from warehouse.quoting import literal


class MissingExtensionError(RuntimeError):
    """The wheel of an extension is not installed, or is of another DuckDB version."""


def find_extension(name: str) -> Path:
    """Return the path of extension `name` for the running DuckDB; MissingExtensionError if absent."""
    package = f"duckdb_extension_{name}"
    spec = find_spec(package)
    for folder in spec.submodule_search_locations or [] if spec else []:
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if path.exists():
            return path
    wheel = package.replace("_", "-")
    raise MissingExtensionError(f"extension {name} needs the wheel {wheel}=={duckdb.__version__}")


def load_extensions(con: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> None:
    """Load extensions into the instance of `con`, in order; MissingExtensionError if one is absent."""
    for name in names:
        con.execute(f"LOAD {literal(str(find_extension(name)))}")
