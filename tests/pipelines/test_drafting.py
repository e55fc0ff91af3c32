"""From raw files alone to a contract that loads, is honest about its guesses, and accepts its own files."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.columns import PERSONAL
from contracts.layout import Home
from contracts.lint import lint_contract
from contracts.model import Contract, LogicalType, Openness, WireFormat
from contracts.resolve import load_contract
from contracts.verdict import Verdict
from pipelines.drafting.draft import draft_contract
from pipelines.drafting.sniff import DraftError, sniff_file
from pipelines.file_check import FileCheck

ROOT = Path(__file__).resolve().parents[2]
FEEDS = ROOT / "pools" / "porto-alegre" / "feeds"
ZONE = "America/Sao_Paulo"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
BUNDLED = [
    ("energy/readings_2019-05-13.csv.gz", "meter-readings", 22_282),
    ("energy/meters.csv", "meter-registry", 415),
    ("waste/bins_2019-05-16.json.gz", "container-observations", None),
    ("waste/containers.csv", "container-registry", 160),
    ("waste/collections.csv", "collections", 3_027),
    ("poa_hexgrid.csv", "population-grid", 1_227),
    ("poa_points_of_interest.csv", "places", 15),
    ("poa_trensurb.zip", "gtfs-schedule", None),
    ("poa_eptc.zip", "gtfs-schedule", None),
]


def draft(tmp_path: Path, standard: str, *files: Path) -> Contract:
    path = tmp_path / "acme-feed.yaml"
    text = draft_contract(files, standard, contributor="acme", feed="acme-feed", timezone=ZONE)
    path.write_text(text, encoding="utf-8")
    return load_contract(path)


def check(tmp_path: Path, contract: Contract, file: Path) -> Verdict:
    return FileCheck(contract, Home(tmp_path / "home"), NOW).judge_file(file, None)


@pytest.mark.parametrize(("name", "standard", "rows"), BUNDLED, ids=[b[0] for b in BUNDLED])
def test_the_draft_of_a_bundled_feed_is_right_and_accepts_its_own_file(tmp_path, name, standard, rows):
    contract = draft(tmp_path, standard, FEEDS / name)
    assert {a.code for a in lint_contract(contract).advice} == {"to_review"}
    assert all(c.openness is Openness.PRIVATE for t in contract.tables for c in t.columns)
    verdict = check(tmp_path, contract, FEEDS / name)
    assert verdict.is_accepted
    if rows is not None:
        assert (verdict.rows_accepted, verdict.rows_quarantined) == (rows, 0)


def test_a_draft_from_several_days_names_the_first_and_leaves_the_day_out_of_the_address(tmp_path):
    files = [FEEDS / "energy" / f"readings_2019-05-{day}.csv.gz" for day in (14, 13)]
    contract = draft(tmp_path, "meter-readings", *files)
    assert contract.server.location == "{base}/readings_{period}.csv.gz"
    assert (contract.delivery.starts_on, contract.delivery.step_s) == ("2019-05-13", 1800)
    assert all(check(tmp_path, contract, file).is_accepted for file in files)


def test_a_file_without_a_day_in_its_name_gets_one_in_its_address_and_the_first_day_of_its_stamps(tmp_path):
    file = tmp_path / "releves.csv"
    file.write_text("prm,horodate,puissance_w\n00000000000011,2019-05-14T00:30:00-03:00,5\n")
    contract = draft(tmp_path, "meter-readings", file)
    assert contract.server.location == "{base}/releves_{period}.csv"
    assert contract.delivery.starts_on == "2019-05-14"


def test_one_wild_value_does_not_change_the_unit(tmp_path):
    contract = draft(tmp_path, "container-observations", FEEDS / "waste" / "bins_2019-05-15.json.gz")
    assert contract.table("fill_observation").column("fill_level").scale is None
    verdict = check(tmp_path, contract, FEEDS / "waste" / "bins_2019-05-15.json.gz")
    assert verdict.rows_accepted == 1_887


FOREIGN = """Compteur;Horodatage;Puissance_kW;Remarque;Nom client
00000000000011;13/05/2019 00:30;0,5;ok;Durand
00000000000011;13/05/2019 01:00;1,25;ok;Durand
00000000000011;14/05/2019 00:00;2;;Durand
"""


def test_a_foreign_file_is_read_for_what_it_is_and_every_guess_is_marked(tmp_path):
    file = tmp_path / "releves_2019-05-13.csv"
    file.write_bytes(FOREIGN.replace("ok", "vérifié").encode("latin-1"))
    contract = draft(tmp_path, "meter-readings", file)
    reading = contract.table("reading")
    dialect = contract.server.dialect
    assert (dialect.delimiter, dialect.decimal, dialect.encoding) == (";", ",", "latin-1")
    assert [reading.column(c).source for c in ("meter_id", "start_at", "power_w")] == [
        "Compteur",
        "Horodatage",
        "Puissance_kW",
    ]
    assert (reading.column("power_w").unit, reading.column("power_w").scale) == ("kW", 1000)
    assert reading.column("power_w").maximum == 2000
    assert (reading.column("start_at").date_format, reading.column("start_at").timezone) == (
        "%d/%m/%Y %H:%M",
        ZONE,
    )
    assert reading.column("direction").derived == "'consumption'"
    assert reading.column("remarque").logical_type is LogicalType.STRING
    assert not reading.column("remarque").required
    assert reading.column("nom_client").classification == PERSONAL
    assert reading.column("nom_client").openness is Openness.PRIVATE
    text = (tmp_path / "acme-feed.yaml").read_text(encoding="utf-8")
    for guess in (
        "multiplied by 1000",
        "%d/%m/%Y %H:%M",
        "every row is taken for `consumption`",
        "about a person",
    ):
        assert any("# to review:" in line and guess in line for line in text.splitlines()), guess


def test_percentages_become_ratios(tmp_path):
    file = tmp_path / "c.csv"
    rows = "".join(f"b1,2019-05-{d:02}T10:00:00Z,{60 + d},0\n" for d in range(1, 20))
    file.write_text("container_id,collected_at,level_before,level_after\n" + rows)
    column = draft(tmp_path, "collections", file).table("collection").column("level_before")
    assert (str(column.scale), column.unit) == ("0.01", "%")
    assert check(tmp_path, load_contract(tmp_path / "acme-feed.yaml"), file).rows_quarantined == 0


def test_stamps_at_the_end_of_their_interval_are_told_from_the_clock(tmp_path):
    file = tmp_path / "r_2019-05-13.csv"
    stamps = [f"2019-05-13T{h:02}:{m}:00-03:00" for h in range(24) for m in ("00", "30")][1:]
    stamps.append("2019-05-14T00:00:00-03:00")
    file.write_text("prm,horodate,puissance_w\n" + "".join(f"00000000000011,{s},5\n" for s in stamps))
    assert draft(tmp_path, "meter-readings", file).delivery.stamp == "interval_end"


def test_a_key_that_repeats_is_marked(tmp_path):
    file = tmp_path / "p.csv"
    file.write_text("id,lat,lon\na,1.5,2.5\na,1.6,2.5\n")
    draft(tmp_path, "places", file)
    assert "the key repeats in 1 rows" in (tmp_path / "acme-feed.yaml").read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"<html></html>", "a web page"),
        (b'{"a": 1}', "one JSON object"),
        (b"\x1f\x8bxx", "can't be unpacked"),
    ],
)
def test_a_file_that_gives_no_contract_is_told_in_words(tmp_path, content, words):
    file = tmp_path / "x_2019-05-13.csv"
    file.write_bytes(content)
    with pytest.raises(DraftError, match=words):
        draft(tmp_path, "places", file)


def test_a_zip_without_timetable_and_an_unknown_standard_are_told_in_words(tmp_path):
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DraftError, match="without GTFS files"):
        draft(tmp_path, "gtfs-schedule", file)
    with pytest.raises(DraftError, match=r"no standard `meter-reading`; known: .*meter-readings"):
        draft(tmp_path, "meter-reading", FEEDS / "energy" / "meters.csv")


def test_files_written_in_two_ways_are_no_feed(tmp_path):
    one, other = tmp_path / "a_2019-05-13.csv", tmp_path / "a_2019-05-14.csv"
    one.write_text("id,lat\na,1\n")
    other.write_text("id;lat\na;1\n")
    with pytest.raises(DraftError, match="written otherwise"):
        draft(tmp_path, "places", one, other)


def test_formats_are_told_by_content_and_not_by_name(tmp_path):
    disguised = tmp_path / "data.txt"
    shutil.copy(FEEDS / "poa_trensurb.zip", disguised)
    assert sniff_file(disguised).wire_format is WireFormat.GTFS
    packed = tmp_path / "data.csv"
    packed.write_bytes(gzip.compress(b"a;b\n1;2,5\n3;4,5\n"))
    sniffed = sniff_file(packed)
    assert (sniffed.compression, sniffed.delimiter, sniffed.decimal) == ("gzip", ";", ",")
