"""Delimited text: the promised file reads as is, another one says at once what is wrong."""

from __future__ import annotations

import gzip

import pytest

from contracts.model import Dialect
from contracts.raw_table import UnreadableError
from tests.connectors.conftest import FEEDS, READINGS, build, column, readings_contract, table

AB = table("t", column("a"), column("b", logical="number", unit="W"))


def contract(*, delimiter=";", **dialect):
    return build("feed", (AB,), dialect=Dialect(delimiter=delimiter, **dialect))


def refuse(read, contract, data):
    with pytest.raises(UnreadableError) as caught:
        read(contract, data)
    return {finding.rule: finding for finding in caught.value.findings}, caught.value.findings


def rows_of(con, tables, name="t"):
    return con.execute(tables[name].sql).fetchall()


def test_a_day_of_readings_is_read_whole_and_in_order(con, read):
    raw = read(readings_contract(), FEEDS / "energy" / "readings_2019-05-20.csv.gz")["reading"]
    with gzip.open(FEEDS / "energy" / "readings_2019-05-20.csv.gz", "rt") as file:
        expected = [tuple(line.rstrip("\n").split(";")) for line in file][1:]
    assert con.execute(raw.sql).fetchall() == expected
    assert raw.rows == 22_409
    assert raw.header == ("prm", "horodate", "sens", "puissance_w")
    assert raw.line_of(22_408) == 22_410


def test_every_column_is_text_and_empty_cells_are_null(con, read):
    tables = read(contract(null_values=("", "NA")), b'a;b\n001;1e3\n;NA\n" x ";""\n')
    assert rows_of(con, tables) == [("001", "1e3"), (None, None), (" x ", None)]
    assert {str(kind) for _, kind, *_ in con.execute(f"DESCRIBE {tables['t'].sql}").fetchall()} == {"VARCHAR"}


def test_the_sender_of_2019_06_03_learns_all_that_changed(read):
    found, findings = refuse(read, readings_contract(), FEEDS / "energy" / "readings_2019-06-03.csv.gz")
    assert (found["wrong_separator"].expected, found["wrong_separator"].observed) == (";", ",")
    renamed = {f.expected: f.observed for f in findings if f.rule == "missing_column"}
    assert renamed == {"prm": "PRM", "horodate": "Date", "sens": "Sens", "puissance_w": "Puissance kW"}
    assert (found["wrong_unit"].expected, found["wrong_unit"].observed) == ("W", "kW")
    assert (found["wrong_decimal_mark"].expected, found["wrong_decimal_mark"].observed) == ("0.384", "0,384")
    assert found["wrong_date_format"].observed.endswith("(dd/mm/yyyy)")
    assert found["wrong_decimal_mark"].line == found["wrong_date_format"].line == 2


def test_a_personal_value_is_shown_by_its_shape_only(read):
    personal = table("t", column("a"), column("b", logical="number", classification="personal"))
    found, _ = refuse(read, build("feed", (personal,), dialect=Dialect(delimiter=";")), b'a,b\n1,"0,384"\n')
    assert found["wrong_decimal_mark"].observed == "#,###"


def test_a_file_in_another_one_byte_encoding_names_its_first_line(read):
    found, _ = refuse(read, contract(), "a;b\nx;1\ncafé;2\n".encode("latin-1"))
    assert (found["wrong_encoding"].line, found["wrong_encoding"].observed) == (3, "Latin-1")


def test_utf16_is_named(read):
    found, _ = refuse(read, contract(), "a;b\nx;1\n".encode("utf-16"))
    assert found["wrong_encoding"].observed == "UTF-16"


@pytest.mark.parametrize("encoding", ["latin-1", "iso-8859-15", "windows-1252", "utf-16"])
def test_a_promised_other_encoding_is_read(con, read, encoding):
    tables = read(contract(encoding=encoding), "a;b\ncafé;2\n".encode(encoding))
    assert rows_of(con, tables) == [("café", "2")]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_delivery(read, data):
    assert set(refuse(read, contract(), data)[0]) == {"empty_delivery"}


@pytest.mark.parametrize("data", [b"a;b", b"a;b\n", b"a;b\r\n", b"\xef\xbb\xbfa;b\n\n"])
def test_a_header_alone_is_a_table_without_rows(con, read, data):
    tables = read(contract(), data)
    assert (rows_of(con, tables), tables["t"].rows, tables["t"].header) == ([], 0, ("a", "b"))


def test_a_byte_order_mark_and_blanks_around_names_are_passed_over(con, read):
    tables = read(contract(), b'\xef\xbb\xbfa ; b\n1;"2"\n')
    assert tables["t"].header == ("a", "b")
    assert tables["t"].notes == ("header_blanks_stripped",)
    assert rows_of(con, tables) == [("1", "2")]


def test_a_web_page_is_recognised(read):
    assert set(refuse(read, contract(), b"\n<!DOCTYPE html><html>Sign in</html>")[0]) == {
        "html_instead_of_data"
    }
    page = refuse(read, readings_contract(), b"<html>Sign in</html>")[0]
    assert set(page) == {"html_instead_of_data"}


def test_a_missing_column_names_the_nearest(read):
    found, _ = refuse(read, contract(), b"a;zzz\n1;2\n")
    assert (found["missing_column"].column, found["missing_column"].observed) == ("b", None)
    found, _ = refuse(read, contract(), b"a;B\n1;2\n")
    assert found["missing_column"].observed == "B"


def test_unknown_columns_are_read_along(con, read):
    tables = read(contract(), b"a;more;b\n1;x;2\n")
    assert tables["t"].header == ("a", "more", "b")
    assert rows_of(con, tables) == [("1", "x", "2")]


def test_hostile_and_doubled_header_names_stay_names(con, read):
    names = ["a", "b", 'x"; DROP TABLE t; --', "A", "", "a'", "{base}"]
    line = ";".join('"' + name.replace('"', '""') + '"' for name in names)
    tables = read(contract(), f"{line}\n{';'.join('1234567')}\n".encode())
    assert rows_of(con, tables) == [tuple("1234567")]
    assert con.execute(f"SELECT a, b FROM ({tables['t'].sql})").fetchall() == [("1", "2")]
    assert len({name.casefold() for name in tables["t"].header}) == len(names)


def test_a_promised_name_is_kept_beside_one_of_another_case(con, read):
    tables = read(contract(), b"A;a;b\n1;2;3\n")
    assert tables["t"].header == ("A (1)", "a", "b")
    assert con.execute(f"SELECT a FROM ({tables['t'].sql})").fetchall() == [("2",)]


def test_lines_that_end_with_cr_alone_are_named(read):
    found, _ = refuse(read, contract(), b"a;b\r1;2\r3;4\r")
    assert "CR alone" in found["not_the_promised_shape"].detail


def test_a_promised_header_is_told_without_the_columns_that_no_file_holds(read):
    derived = table("t", column("a"), column("b"), column("c", derived="a || b"))
    found, _ = refuse(read, build("feed", (derived,), dialect=Dialect(delimiter=";")), b"a;b\r1;2\r")
    assert found["not_the_promised_shape"].expected == "a;b"


def test_a_stranger_s_header_is_cut_and_cleaned_before_it_is_shown(read):
    found, _ = refuse(read, contract(), ("a;" + "z\u202e" * 900 + "\n1;2\n").encode())
    assert len(found["missing_column"].detail) < 300
    assert found["missing_column"].detail.isprintable()


def test_thousands_of_columns_are_refused(read):
    header = ";".join(["a", "b", *(f"c{i}" for i in range(3000))])
    found, _ = refuse(read, contract(), f"{header}\n".encode())
    assert "3002 columns" in found["not_the_promised_shape"].detail


def test_a_promised_column_that_stands_twice_is_refused(read):
    found, _ = refuse(read, contract(), b"a;b;b\n1;2;3\n")
    assert found["not_the_promised_shape"].observed == "2 times"


def test_lines_that_never_fit_the_header_are_another_shape(read):
    found, _ = refuse(read, contract(), b"a;b\n1;2;\n3;4;\n")
    assert (found["not_the_promised_shape"].line, found["not_the_promised_shape"].expected) == (2, "a;b")


def test_ragged_lines_are_counted_and_the_rest_is_read(con, read):
    tables = read(contract(), b"a;b\n1;2\n3\n4;5;6\n7;8\n")
    assert rows_of(con, tables) == [("1", "2"), ("7", "8")]
    assert tables["t"].unread_lines == ((3, "3"), (4, "4;5;6"))
    assert [tables["t"].line_of(position) for position in (0, 1)] == [2, 5]


def test_a_truncated_gzip_is_refused_although_its_text_would_read(read):
    whole = (FEEDS / "energy" / "readings_2019-05-21.csv.gz").read_bytes()
    assert set(refuse(read, readings_contract(), whole[:-40])[0]) == {"truncated_archive"}


def test_a_gzip_whose_checksum_is_wrong_is_refused(read):
    whole = bytearray((FEEDS / "energy" / "readings_2019-05-21.csv.gz").read_bytes())
    whole[-6] ^= 1
    assert set(refuse(read, readings_contract(), bytes(whole))[0]) == {"unreadable"}


def test_plain_text_where_gzip_was_promised_says_so(read):
    found, _ = refuse(read, readings_contract(), b"prm;horodate;sens;puissance_w\n")
    assert (found["unreadable"].expected, found["unreadable"].observed) == ("gzip", "plain text")


def test_gzip_where_plain_text_was_promised_says_so(read):
    found, _ = refuse(read, contract(), gzip.compress(b"a;b\n1;2\n"))
    assert found["unreadable"].observed == "gzip"


def test_a_gzip_bomb_is_not_unpacked(read, monkeypatch):
    from connectors.formats import archive

    monkeypatch.setattr(archive, "RATIO_FLOOR_BYTES", 100_000)
    found, _ = refuse(read, readings_contract(), gzip.compress(b"a" * 3_000_000))
    assert "bomb" in found["unreadable"].detail


def test_the_scan_is_plain_enough_to_be_copied_in_file_order(con, read, tmp_path):
    body = "".join(f"{i};x\n" for i in range(200_000))
    raw = read(contract(), ("a;b\n" + body).encode())["t"]
    target = tmp_path / "out.parquet"
    con.execute(f"COPY (SELECT * FROM ({raw.sql})) TO '{target}' (FORMAT parquet)")
    copied = f"read_parquet('{target}', file_row_number = true)"
    assert con.execute(f"SELECT count(*) FROM {copied} WHERE a::INT <> file_row_number").fetchone() == (0,)


def test_a_path_with_glob_characters_is_one_file(con, tmp_path):
    from connectors.formats import read_tables

    folder = tmp_path / "home [a]*?"
    folder.mkdir()
    (folder / "data").write_bytes(b"a;b\n1;2\n")
    tables = read_tables(con, contract(), folder / "data", folder / "scratch")
    assert rows_of(con, tables) == [("1", "2")]


def test_optional_and_derived_columns_may_be_absent(read):
    assert {c.name for c in READINGS.columns} > {"quality", "energy_wh"}
    raw = read(readings_contract(), gzip.compress(b"prm;horodate;sens;puissance_w\n1;2;3;4\n"))["reading"]
    assert raw.rows == 1
