"""Put names and texts of strangers into SQL safely.

Here: quoting of identifiers, literals and paths for DuckDB. Not here: any statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def quote_identifier(name: str) -> str:
    """Return the name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return the text as a string literal (DuckDB knows no backslash escapes in plain literals)."""
    return "'" + text.replace("'", "''") + "'"


def quote_path(path: Path) -> str:
    """Return a path as a literal that names that one file, whatever glob characters it holds."""
    return quote_text(re.sub(r"([*?\[])", r"[\1]", str(path)))


def quote_list(texts: Iterable[str]) -> str:
    """Return the texts as a list literal."""
    return "[" + ", ".join(quote_text(text) for text in texts) + "]"
