"""NGSI-LD: three forms of one day read alike; what is not the promised shape says so."""

from __future__ import annotations

import gzip
import json

import pytest

from contracts.raw_table import UnreadableError
from tests.connectors.conftest import FEEDS, bins_contract

NORMALISED = {
    "id": "urn:1",
    "type": "WasteContainer",
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [-51.2, -30.1]}},
    "fillingLevel": {"type": "Property", "value": 0.25, "observedAt": "2019-05-15T03:00:00Z"},
    "temperature": {"type": "Property", "value": 10.0, "unitCode": "CEL"},
    "storedWasteKind": {"type": "Property", "value": ["mixed"]},
}
CONCISE = {
    "type": "WasteContainer",
    "storedWasteKind": ["mixed"],
    "temperature": {"value": 10.0, "unitCode": "CEL"},
    "fillingLevel": {"observedAt": "2019-05-15T03:00:00Z", "value": 0.25},
    "location": {"type": "Point", "coordinates": [-51.2, -30.1]},
    "id": "urn:1",
}
SIMPLIFIED = {"id": "urn:1", "type": "WasteContainer", "fillingLevel": 0.25, "temperature": 10.0}
ROW = ("urn:1", "2019-05-15T03:00:00Z", "0.25", "10.0", "CEL", "mixed", "-51.2", "-30.1")


def rows(con, read, *entities, text=None):
    raw = read(bins_contract(), text if text is not None else json.dumps(entities).encode())[
        "fill_observation"
    ]
    found = con.execute(raw.sql).fetchall()
    assert len(found) == raw.rows
    return raw, found


def refuse(read, data):
    with pytest.raises(UnreadableError) as caught:
        read(bins_contract(), data if isinstance(data, bytes) else json.dumps(data).encode())
    return caught.value.findings


def test_a_day_of_observations_reads_as_python_reads_it(con, read):
    path = FEEDS / "waste" / "bins_2019-05-15.json.gz"
    raw = read(bins_contract("gzip"), path)["fill_observation"]
    entities = json.loads(gzip.decompress(path.read_bytes()))
    found = con.execute(
        f'SELECT id, "fillingLevel.observedAt", "fillingLevel", "location.lon" FROM ({raw.sql})'
    ).fetchall()
    assert raw.first_line is None
    assert [(i, at, float(level), float(lon)) for i, at, level, lon in found] == [
        (
            e["id"],
            e["fillingLevel"]["observedAt"],
            e["fillingLevel"]["value"],
            e["location"]["value"]["coordinates"][0],
        )
        for e in entities
    ]


def test_normalised_and_concise_forms_give_the_same_row_whatever_the_order_of_keys(con, read):
    raw, found = rows(con, read, NORMALISED, CONCISE)
    assert found == [ROW, ROW]
    assert raw.header[:2] == ("id", "fillingLevel.observedAt")


def test_expanded_names_are_matched_by_their_last_segment(con, read):
    prefix = "https://smartdatamodels.org/dataModel.WasteManagement/"
    expanded = {
        prefix + key if key not in {"id", "type"} else key: value for key, value in NORMALISED.items()
    }
    assert rows(con, read, expanded, NORMALISED)[1] == [ROW, ROW]


def test_a_typed_date_and_a_relationship_are_their_text(con, read):
    typed = NORMALISED | {
        "fillingLevel": {
            "type": "Property",
            "value": 1,
            "observedAt": {"@type": "DateTime", "@value": "2019-05-15"},
        },
        "storedWasteKind": {"type": "Relationship", "object": "urn:kind"},
    }
    found = rows(con, read, typed)[1][0]
    assert (found[1], found[5]) == ("2019-05-15", "urn:kind")


def test_an_attribute_given_once_a_data_set_is_a_row_each(con, read):
    levels = [
        {
            "type": "Property",
            "value": value,
            "observedAt": "2019-05-15T03:00:00Z",
            "datasetId": f"urn:d{value}",
        }
        for value in (2, 1)
    ]
    found = rows(con, read, NORMALISED, NORMALISED | {"id": "urn:2", "fillingLevel": levels})[1]
    assert [(row[0], row[2], row[3]) for row in found] == [
        ("urn:1", "0.25", "10.0"),
        ("urn:2", "1", "10.0"),
        ("urn:2", "2", "10.0"),
    ]


def test_lists_are_joined_and_nulls_are_null(con, read):
    entity = NORMALISED | {"storedWasteKind": {"type": "Property", "value": ["a", "b"]}, "temperature": None}
    found = rows(con, read, entity)[1][0]
    assert found[3:6] == (None, None, "a,b")


def test_the_simplified_form_is_refused_with_the_parameter_to_drop(read):
    (finding,) = refuse(read, [SIMPLIFIED])
    assert (finding.rule, finding.column) == ("not_the_promised_shape", "fillingLevel.observedAt")
    assert "options=keyValues" in finding.detail


def test_an_entity_without_its_time_is_left_to_the_record_gate(con, read):
    silent = NORMALISED | {"fillingLevel": {"type": "Property", "value": 0.5}}
    assert [row[1] for row in rows(con, read, NORMALISED, silent)[1]] == ["2019-05-15T03:00:00Z", None]


def test_an_attribute_that_nobody_has_is_a_missing_column_with_the_nearest_name(read):
    renamed = {("fillLevel" if key == "fillingLevel" else key): value for key, value in NORMALISED.items()}
    (finding,) = refuse(read, [renamed])
    assert (finding.rule, finding.expected, finding.observed) == (
        "missing_column",
        "fillingLevel",
        "fillLevel",
    )


def test_an_empty_array_is_a_table_without_rows(con, read):
    raw, found = rows(con, read, text=b" [ ] ")
    assert (raw.rows, found) == (0, [])


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty_delivery"),
        (b'{"type":"https://uri.etsi.org/ngsi-ld/errors/X","title":"no"}', "not_the_promised_shape"),
        (b'[{"id":"a"},', "not_the_promised_shape"),
        (b'[{"id":"a"}, {"b" ]', "not_the_promised_shape"),
        (b"[1, 2]", "not_the_promised_shape"),
        (b"<!doctype html>", "html_instead_of_data"),
        ('[{"id":"é"}]'.encode("latin-1"), "wrong_encoding"),
        (b'[{"id":"a","type":"W","fillingLevel":{"type":"Number","value":1}}]', "not_the_promised_shape"),
    ],
)
def test_what_is_not_the_promised_shape_is_refused(read, data, rule):
    assert [finding.rule for finding in refuse(read, data)] == [rule]


def test_hostile_keys_do_not_reach_the_sql(con, read):
    hostile = NORMALISED | {"x'); DROP TABLE y; --:fillingLevel": 1, 'a"b/c~d#temperature': 2}
    assert rows(con, read, hostile)[1] == [ROW]
