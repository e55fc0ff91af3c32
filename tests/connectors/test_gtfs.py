"""GTFS zips: real ones read as published, broken ones name their fault."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from connectors.formats import archive
from contracts.raw_table import UnreadableError
from tests.connectors.conftest import FEEDS, column, gtfs_contract, table

STOPS = table("stop", column("stop_id"), column("stop_name", is_expected=False), source="stops.txt")
AGENCY = table("agency", column("agency_name"), column("agency_url"), source="agency.txt")
TIMES = table("stop_time", *(column(c) for c in ("trip_id", "stop_sequence")), source="stop_times.txt")
FREQUENCIES = table("frequency", column("trip_id"), source="frequencies.txt", is_optional=True)
CONTRACT = gtfs_contract(STOPS, AGENCY, TIMES, FREQUENCIES)


def pack(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name.replace("__", "/") + ".txt", data)
    return buffer.getvalue()


GOOD = {
    "stops": b"stop_id\ns1\n",
    "agency": b"agency_name,agency_url\nA,u",
    "stop_times": b"trip_id,stop_sequence\r\nt,1\r\n",
}


def refuse(read, data, contract=CONTRACT):
    with pytest.raises(UnreadableError) as caught:
        read(contract, data)
    return caught.value.findings


@pytest.mark.parametrize("feed", ["poa_eptc.zip", "poa_trensurb.zip"])
def test_real_feeds_read_as_python_reads_them(con, read, feed):
    tables = read(CONTRACT, FEEDS / feed)
    assert set(tables) == {"stop", "agency", "stop_time"}
    with zipfile.ZipFile(FEEDS / feed) as packed:
        for table_ in (STOPS, AGENCY, TIMES):
            text = packed.read(table_.source).decode("utf-8-sig")
            expected = [tuple(cell or None for cell in row) for row in csv.reader(text.splitlines())][1:]
            assert con.execute(tables[table_.name].sql).fetchall() == expected


def test_a_header_cell_with_a_leading_blank_is_stripped_and_noted(read):
    agency = read(CONTRACT, FEEDS / "poa_trensurb.zip")["agency"]
    assert "agency_name" in agency.header
    assert agency.notes == ("header_blanks_stripped",)


def test_crlf_and_a_last_line_without_newline_are_rows(con, read):
    tables = read(CONTRACT, pack(**GOOD))
    assert con.execute(tables["agency"].sql).fetchall() == [("A", "u")]
    assert con.execute(tables["stop_time"].sql).fetchall() == [("t", "1")]
    assert "frequency" not in tables


def test_findings_of_all_files_come_at_once(read):
    files = GOOD | {"stops": b"stop_code\n1\n", "agency": b"agency_name;agency_url\nA;u\n"}
    del files["stop_times"]
    found = {(f.table, f.rule) for f in refuse(read, pack(**files))}
    assert found == {
        ("stop", "missing_column"),
        ("agency", "wrong_separator"),
        ("stop_time", "missing_table"),
    }


def test_files_in_a_sub_folder_are_missing_and_found(read):
    (finding,) = refuse(
        read, pack(feed__stops=GOOD["stops"], agency=GOOD["agency"], stop_times=GOOD["stop_times"])
    )
    assert (finding.rule, finding.observed) == ("missing_table", "feed/stops.txt")


def test_a_zip_cut_short_is_truncated(read):
    data = (FEEDS / "poa_trensurb.zip").read_bytes()
    assert [f.rule for f in refuse(read, data[: len(data) // 2])] == ["truncated_archive"]


def test_a_damaged_entry_fails_its_checksum(read):
    with zipfile.ZipFile(io.BytesIO(pack(**GOOD))) as packed:
        offset = packed.getinfo("stops.txt").header_offset
    data = bytearray(pack(**GOOD))
    data[offset + 14] ^= 0xFF
    buffer = io.BytesIO(bytes(data))
    with zipfile.ZipFile(buffer) as packed:
        central = packed.start_dir
    data[central + 16] ^= 0xFF
    assert [f.rule for f in refuse(read, bytes(data))] == ["unreadable"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [(b"", "empty_delivery"), (b"<html></html>", "html_instead_of_data"), (b"stop_id\n1\n", "unreadable")],
)
def test_what_is_no_zip_says_what_it_is(read, data, rule):
    assert [f.rule for f in refuse(read, data)] == [rule]


def test_a_zip_that_escapes_its_folder_is_refused(read, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("../../evil.txt", b"x")
    assert "leaves its folder" in refuse(read, buffer.getvalue())[0].detail
    assert not list(tmp_path.parent.glob("evil.txt"))


def test_too_many_entries_and_bombs_are_refused(read, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    assert "entries" in refuse(read, pack(**GOOD))[0].detail
    monkeypatch.setattr(archive, "MAX_ENTRIES", 200)
    monkeypatch.setattr(archive, "RATIO_FLOOR_BYTES", 1000)
    assert "bomb" in refuse(read, pack(**GOOD, shapes=b"a" * 2_000_000))[0].detail
