"""SQL that a contract brings along: scalar expressions pass, everything else is refused."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.sql_safety import (
    UnsafeSqlError,
    check_types,
    columns_of,
    place_columns,
    read_expression,
    write_expression,
)

COLUMNS = ("a", "b", "name", "moment")


@pytest.mark.parametrize(
    "sql",
    [
        "a",
        "a * b / 3600",
        "-a + 2.5 - (b % 3)",
        "CAST(a AS DECIMAL(18,3))",
        "TRY_CAST(split_part(name, ':', 1) AS INTEGER) * 3600",
        "a::DOUBLE",
        "CASE WHEN a > 3 AND b <> 2 OR NOT (a = b) THEN 'x' ELSE lower(trim(name)) END",
        "CASE name WHEN 'C' THEN 'consumption' WHEN 'P' THEN 'production' END",
        "coalesce(nullif(name, ''), 'none')",
        "round(abs(a), 2) + floor(b) + ceil(b) + greatest(a, b) + least(a, 1)",
        "upper(name) || '-' || concat(name, 'x')",
        "regexp_extract(name, '([0-9]+)', 1)",
        "regexp_replace(name, '[^0-9]', '', 'g')",
        "substring(name, 1, 3)",
        "length(replace(name, ' ', ''))",
        "date_trunc('day', moment)",
        "moment - INTERVAL 30 MINUTE",
        "extract(hour FROM moment)",
        "a BETWEEN 1 AND 3",
        "name IN ('x', 'y')",
        "name LIKE 'x%'",
        "a IS NULL",
        "'measured'",
        "if(a > 1, 'x', 'y')",
        "lpad(name, 14, '0')",
        "date_diff('day', moment, moment)",
        "contains(name, ':')",
        "starts_with(name, '12')",
        "strptime(name, '%H:%M')",
        "regexp_matches(name, '^[0-9:]+$')",
        "ltrim(rtrim(name))",
        "replace(name, ':', '')",
    ],
)
def test_a_scalar_expression_over_the_rows_columns_passes_and_runs(sql):
    written = write_expression(read_expression(sql, COLUMNS))
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (a INTEGER, b INTEGER, name VARCHAR, moment TIMESTAMP)")
        con.execute("INSERT INTO t VALUES (1, 2, '12:30', TIMESTAMP '2019-05-13 00:00')")
        given_value = con.sql(f"SELECT {sql} FROM t").fetchall()
        assert con.sql(f"SELECT {written} FROM t").fetchall() == given_value


@pytest.mark.parametrize(
    "sql",
    [
        "(SELECT 1)",
        "a FROM other",
        "a; DROP TABLE t",
        "a AS b",
        "a, b",
        "*",
        "t.a",
        "count(*)",
        "sum(a) OVER ()",
        "a IN (SELECT b FROM other)",
        "EXISTS (SELECT 1)",
        "read_text('/etc/passwd')",
        "(FROM read_csv('x.csv'))",
        "getenv('HOME')",
        "current_setting('temp_directory')",
        "now()",
        "current_timestamp",
        "random()",
        "nextval('s')",
        "unnest([1, 2])",
        "generate_series(1, 1000000000)",
        "repeat('x', 1000000000)",
        "[x for x in [1, 2]]",
        "list_transform([1], x -> x)",
        "{'a': 1}",
        "$1",
        "?",
        "a WHERE true",
        "a LIMIT 1",
        "DISTINCT a",
        "pg_sleep(1)",
        "query('SELECT 1')",
        "a UNION SELECT 1",
        "",
        "a +",
        "'unclosed",
        "missing_column + 1",
        "name COLLATE NOCASE",
        "a::STRUCT(x INTEGER)",
        "max(a)",
        "struct_pack(a := 1)",
        "\x00",
        "a " + "+ a " * 400,
        "(" * 400 + "a" + ")" * 400,
        "x" * 3000,
        "lpad(name, 1000000000, '0')",
        "lpad(name, a, '0')",
        "replace(replace(name, 'a', 'aaaa'), 'a', 'aaaa')",
        "replace(name, 'a', name)",
        "regexp_replace(name, '.', name)",
        "regexp_replace(regexp_replace(regexp_replace(name, 'a', 'aa'), 'a', 'aa'), 'a', 'aa')",
    ],
)
def test_what_reaches_beyond_the_row_is_refused(sql):
    with pytest.raises(UnsafeSqlError):
        read_expression(sql, COLUMNS)


def test_an_unlisted_function_is_named_with_those_allowed():
    with pytest.raises(UnsafeSqlError, match="read_text") as caught:
        read_expression("read_text('/etc/passwd')", COLUMNS)
    assert "split_part" in caught.value.fix


def test_an_unknown_column_is_named_with_the_one_meant():
    with pytest.raises(UnsafeSqlError, match="nam") as caught:
        read_expression("lower(nam)", COLUMNS)
    assert caught.value.fix == "did you mean `name`?"


def test_derived_columns_are_put_in_the_place_of_their_names():
    inner = read_expression("a + 1", COLUMNS)
    outer = read_expression("c * 2", (*COLUMNS, "c"))
    assert columns_of(outer) == {"c"}
    with duckdb.connect() as con:
        written = write_expression(place_columns(outer, {"c": inner}))
        assert con.sql(f"SELECT {written} FROM (SELECT 3 AS a)").fetchone() == (8,)


@pytest.mark.parametrize("sql", ["split_part(name, ':')", "a + name || moment", "date_trunc(a, moment)"])
def test_what_duckdb_cannot_bind_is_refused_with_its_reason(sql):
    types = {"a": "INTEGER", "b": "INTEGER", "name": "VARCHAR", "moment": "TIMESTAMP"}
    with pytest.raises(UnsafeSqlError, match="DuckDB refuses it"):
        check_types(write_expression(read_expression(sql, COLUMNS)), types)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_refusal_never_a_crash(text):
    try:
        written = write_expression(read_expression(text, COLUMNS))
    except UnsafeSqlError:
        return
    assert columns_of(read_expression(written, COLUMNS)) <= set(COLUMNS)
