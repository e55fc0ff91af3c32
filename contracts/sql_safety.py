"""SQL that a contract brings along is hostile input: here it is parsed and held to a closed list.

Here: scalar expressions of derived columns. Not here: running them. Nothing that reads a table, a
file, the network, the clock or a setting is on the list, so an expression sees only its own row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from contracts.errors import suggest

if TYPE_CHECKING:
    from sqlglot import exp

MAX_LENGTH = 2_000
MAX_NODES = 300
MAX_WIDTH = 100
MAX_PATTERNS = 2
FUNCTIONS = (
    "abs", "cast", "ceil", "coalesce", "concat", "contains", "date_diff", "date_trunc", "extract", "floor",
    "greatest", "least", "length", "lower", "lpad", "ltrim", "nullif", "regexp_extract",
    "regexp_matches", "regexp_replace", "replace", "round", "rtrim", "split_part", "starts_with", "strptime",
    "substring", "trim", "try_cast", "upper",
)  # fmt: skip
"""What a derived column may call, as the error message lists it."""


_SYNTAX = """
Column Identifier Literal Null Boolean Paren DataType DataTypeParam Var Interval
Add Sub Mul Div IntDiv Mod Neg DPipe EQ NEQ GT GTE LT LTE And Or Not Is In Between Like ILike Case If
"""
_CALLS = """
Abs Cast TryCast Ceil Coalesce Concat Contains DateDiff DateTrunc TimestampTrunc Extract Floor Greatest Least
Length Lower Nullif Pad RegexpExtract RegexpLike RegexpReplace Replace Round SplitPart StartsWith StrToTime
Substring Trim Upper
"""


class UnsafeSqlError(ValueError):
    """An expression that a contract may not bring; the words are for the contract's author."""

    def __init__(self, problem: str, fix: str = "") -> None:
        """Keep problem and fix apart."""
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


def read_expression(sql: str, columns: Iterable[str]) -> exp.Expr:
    """Parse a scalar expression over the named columns of one row (DuckDB dialect).

    Raises UnsafeSqlError for anything else: a query, a table, an unlisted function, an unknown column.
    """
    written = _parse(sql).sql(dialect="duckdb")
    tree = _parse(written)
    if tree.sql(dialect="duckdb") != written:
        raise UnsafeSqlError("the expression can't be read without doubt", "write it more plainly")
    check_size(tree)
    names = set(columns)
    allowed = _allowed_nodes()
    for node in tree.walk():
        if not isinstance(node, allowed):
            raise UnsafeSqlError(
                f"`{_name(node)}` may not stand in a contract", f"allowed functions: {', '.join(FUNCTIONS)}"
            )
        _check_column(node, names)
    _check_growth(tree)
    return tree


def check_size(tree: exp.Expr) -> None:
    """Hold an expression, with all it was derived from, to a size. Raises UnsafeSqlError."""
    for count, _ in enumerate(tree.walk(), 1):
        if count > MAX_NODES:
            raise UnsafeSqlError("the expression is too long", "make it shorter; derived columns count in it")


def place_columns(tree: exp.Expr, replacements: Mapping[str, exp.Expr]) -> exp.Expr:
    """Put expressions in the place of the columns they derive."""
    from sqlglot import exp

    def place(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in replacements:
            return exp.Paren(this=replacements[node.name].copy())
        return node

    return tree.copy().transform(place)


def write_expression(tree: exp.Expr) -> str:
    """Write an expression as DuckDB SQL with every column quoted."""
    from sqlglot import exp

    def quote(node: exp.Expr) -> exp.Expr:
        return exp.column(node.name, quoted=True) if isinstance(node, exp.Column) else node

    return tree.copy().transform(quote).sql(dialect="duckdb")


def check_types(written: str, types: Mapping[str, str]) -> None:
    """Let DuckDB bind an expression to a row of these column types; nothing is read.

    Raises UnsafeSqlError with DuckDB's reason: a wrong number of arguments, a type that doesn't fit.
    """
    import duckdb

    row = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in types.items()) or "1 AS one"
    with duckdb.connect(config={"enable_external_access": "false"}) as con:
        try:
            con.execute(f"SELECT {written} FROM (SELECT {row})")
        except duckdb.Error as error:
            reason = str(error).split("\n", 1)[0]
            raise UnsafeSqlError(f"DuckDB refuses it: {reason}", "mend arguments and types") from None


def columns_of(tree: exp.Expr) -> set[str]:
    """Name the columns an expression reads."""
    from sqlglot import exp

    return {node.name for node in tree.find_all(exp.Column)}


def _parse(sql: str) -> exp.Expr:
    """Parse one expression; several statements or bad syntax are errors."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    if len(sql) > MAX_LENGTH:
        raise UnsafeSqlError(f"the expression is longer than {MAX_LENGTH} characters", "make it shorter")
    try:
        parsed = sqlglot.parse(f"SELECT {sql}", dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        words = str(error).split("\n", 1)[0].split(". Line", 1)[0]
        raise UnsafeSqlError(
            f"not a valid expression: {words}", "write one scalar DuckDB expression"
        ) from None
    select = parsed[0] if len(parsed) == 1 else None
    plain = select is not None and type(select).__name__ == "Select" and len(select.expressions) == 1
    extra = {k for k, v in select.args.items() if v and k not in {"expressions", "kind"}} if select else set()
    if select is None or not plain or extra:
        raise UnsafeSqlError("one scalar expression is wanted", "no SELECT, FROM, WHERE, `;` or alias")
    return select.expressions[0]  # type: ignore[no-any-return]


@cache
def _allowed_nodes() -> tuple[type[exp.Expr], ...]:
    """Name the syntax an expression may be made of."""
    from sqlglot import exp

    names = (*_SYNTAX.split(), *_CALLS.split())
    return tuple(getattr(exp, name) for name in names)


def _check_column(node: exp.Expr, names: set[str]) -> None:
    """A column stands alone and is one of the table's."""
    from sqlglot import exp

    if not isinstance(node, exp.Column):
        return
    if node.table or isinstance(node.this, exp.Star):
        raise UnsafeSqlError(
            f"`{node.sql(dialect='duckdb')}` reaches beyond the row", "name the column alone"
        )
    if node.name not in names:
        raise UnsafeSqlError(f"the table has no column `{node.name}` in its file", suggest(node.name, names))


def _check_growth(tree: exp.Expr) -> None:
    """Texts may not grow much beyond their cell: a short expression could fill the memory."""
    from sqlglot import exp

    padded = [node.expression for node in tree.find_all(exp.Pad)]
    if any(not node.is_int or int(node.name) > MAX_WIDTH for node in padded):
        raise UnsafeSqlError(
            f"a text is padded to at most {MAX_WIDTH} characters", "state the width as a number"
        )
    for node in tree.find_all(exp.Replace):
        old, new = node.expression, node.args.get("replacement")
        if not (
            old.is_string and new is not None and new.is_string and len(new.name) <= max(1, len(old.name))
        ):
            raise UnsafeSqlError(
                "replace() must not make a text longer", "replace by a text that is not longer"
            )
    patterns = list(tree.find_all(exp.RegexpReplace))
    texts = [node.args.get("replacement") for node in patterns]
    if len(patterns) > MAX_PATTERNS or any(
        t is None or not t.is_string or len(t.name) > MAX_WIDTH for t in texts
    ):
        raise UnsafeSqlError(
            f"regexp_replace() stands at most {MAX_PATTERNS} times, with a short text",
            "use split_part or replace",
        )


def _name(node: exp.Expr) -> str:
    """Name a piece of syntax as the author wrote it, nearly."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        return f"{node.name.lower()}()"
    return node.sql(dialect="duckdb")[:60]
