"""The walk over lines agrees with DuckDB on every file, and loses no line."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.formats import lines
from connectors.formats.delimited import read_text
from connectors.formats.lines import Shape, walk_lines
from contracts.model import Dialect
from tests.connectors.conftest import column, table

AB = table("t", column("a"), column("b"))
SHAPE = Shape(";", '"', 2)


def walk(tmp_path: Path, text: str) -> lines.Walk:
    path = tmp_path / "walked"
    path.write_bytes(text.encode())
    return walk_lines(path, 0, 2, SHAPE)


def read_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path, body: bytes, dialect: Dialect) -> tuple:
    (tmp_path / "data").write_bytes(b"a;b\n" + body)
    (tmp_path / "t.rows").unlink(missing_ok=True)
    raw = read_text(AB, dialect, tmp_path / "data", tmp_path)
    return raw, con.execute(raw.sql).fetchall()


def test_good_lines_are_rows(tmp_path):
    found = walk(tmp_path, '1;2\n"a;b";"c\n3;4')
    assert (found.rows, [line for line, _ in found.unread]) == (2, [3])


def test_short_and_long_lines_are_set_aside_with_their_numbers(tmp_path):
    found = walk(tmp_path, "1;2\n3\n4;5\n6;7;8\n9;0\n")
    assert found.rows == 3
    assert found.unread == [(3, "3"), (5, "6;7;8")]


def test_a_stray_quote_costs_its_own_line_only(con, tmp_path):
    body = "".join(f"{i};v{i}\n" if i != 500 else '500;"oops\n' for i in range(50_000))
    raw, rows = read_rows(con, tmp_path, body.encode(), Dialect(delimiter=";"))
    assert raw.unread_lines == ((502, '500;"oops'),)
    assert len(rows) == raw.rows == 49_999
    assert rows[-1] == ("49999", "v49999")


def test_a_quoted_cell_may_hold_separators_quotes_and_line_ends(con, tmp_path):
    raw, rows = read_rows(con, tmp_path, b'1;"x;""y"""\n2;"one\ntwo"\n3;z\n', Dialect(delimiter=";"))
    assert rows == [("1", 'x;"y"'), ("2", "one\ntwo"), ("3", "z")]
    assert [raw.line_of(p) for p in range(3)] == [2, 3, 5]


def test_lines_of_rows_stay_right_after_unread_and_blank_lines(con, tmp_path):
    raw, rows = read_rows(con, tmp_path, b"1;a\nbad\n2;b\n\n3;c\r\nworse;1;2\n4;d", Dialect(delimiter=";"))
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert [raw.line_of(p) for p in range(4)] == [2, 4, 6, 8]
    assert raw.unread_lines == ((3, "bad"), (7, "worse;1;2"))
    assert "mixed_line_ends" in raw.notes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("first", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n"])
def test_a_header_may_end_otherwise_than_the_rows_and_the_last_line_not_at_all(
    con, tmp_path, first, end, last
):
    (tmp_path / "data").write_bytes(f"a;b{first}1;a{end}2;b{end}3;c{last}".encode())
    raw = read_text(AB, Dialect(delimiter=";"), tmp_path / "data", tmp_path)
    assert con.execute(raw.sql).fetchall() == [("1", "a"), ("2", "b"), ("3", "c")]
    is_mixed = len({first, end, last or end}) > 1
    assert raw.notes == (("mixed_line_ends",) if is_mixed else ())


def test_a_line_too_long_for_the_reader_is_one_unread_line(con, tmp_path):
    body = b"1;a\n2;" + b"x" * 2_500_000 + b"\n3;c\n"
    raw, rows = read_rows(con, tmp_path, body, Dialect(delimiter=";"))
    assert [row[0] for row in rows] == ["1", "3"]
    assert [line for line, _ in raw.unread_lines] == [3]
    assert raw.line_of(1) == 4


def test_a_damaged_line_in_a_utf8_file_is_set_aside(con, tmp_path):
    body = "1;café\n".encode() + b"2;caf\xe9\n" + "3;thé\n".encode()
    raw, rows = read_rows(con, tmp_path, body, Dialect(delimiter=";"))
    assert rows == [("1", "café"), ("3", "thé")]
    assert [line for line, _ in raw.unread_lines] == [3]


def test_blocks_do_not_change_what_is_found(con, tmp_path, monkeypatch):
    body = b"".join(b'%d;"a\nb"\n' % i if i % 7 == 0 else b"%d;x\n" % i for i in range(400)) + b"bad\n"
    whole, rows = read_rows(con, tmp_path, body, Dialect(delimiter=";"))
    monkeypatch.setattr(lines, "BLOCK_BYTES", 11)
    blocks, same_rows = read_rows(con, tmp_path, body, Dialect(delimiter=";"))
    assert (blocks.rows, blocks.unread_lines, blocks.anchors) == (
        whole.rows,
        whole.unread_lines,
        whole.anchors,
    )
    assert rows == same_rows


PIECES = [
    "a",
    "1",
    "D",
    "Q",
    "QQ",
    "\n",
    "\r\n",
    "\r",
    " ",
    "é",
    "xDy\n",
    "QqQD2\n",
    "\t",
    "'",
    "aDbDc\n",
    ";",
    ",",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.integers(1, 3),
    st.tuples(st.sampled_from([";", ",", "\t", "|"]), st.sampled_from(['"', "'", ""])),
)
def test_duckdb_reads_exactly_the_rows_that_the_walk_counts(con, tmp_path, pieces, cells, marks):
    delimiter, quote = marks
    body = pieces.replace("D", delimiter).replace("Q", quote)
    first = delimiter.join("123"[:cells])
    dialect = Dialect(delimiter=delimiter, quote=quote)
    columns = table("t", *(column(name) for name in "abc"[:cells]))
    (tmp_path / "data").write_bytes(f"{delimiter.join('abc'[:cells])}\n{first}\n{body}".encode())
    (tmp_path / "t.rows").unlink(missing_ok=True)
    raw = read_text(columns, dialect, tmp_path / "data", tmp_path)
    assert len(con.execute(raw.sql).fetchall()) == raw.rows
    text = body.encode().split(b"\n")
    for line, unread in raw.unread_lines:
        assert text[line - 3].decode().rstrip("\r\n") == unread


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters='\r\n;"'), min_size=1),
        min_size=1,
    )
)
def test_cells_come_through_untouched(con, tmp_path, cells):
    body = "".join(f"{i};{cell}\n" for i, cell in enumerate(cells))
    raw, rows = read_rows(con, tmp_path, body.encode(), Dialect(delimiter=";", null_values=("",)))
    assert [row[1] for row in rows] == cells
    assert raw.unread_lines == ()
