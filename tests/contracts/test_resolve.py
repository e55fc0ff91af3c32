"""A contract over its standard: what the merge keeps, what it changes, what it refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft201909Validator

from contracts.errors import ContractError
from contracts.located import LocatedList, LocatedMap, Place, parse_located, place_of
from contracts.merge import merge_maps
from contracts.model import Openness, Severity
from contracts.resolve import STANDARDS, load_contract, resolve_tree
from contracts.shape import SCHEMA_FILE

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "pools" / "porto-alegre" / "contracts"
NINE = sorted(CONTRACTS.glob("*.yaml"))
STANDARD_FILES = sorted(STANDARDS.glob("*.yaml"))

MINIMAL = """
apiVersion: v3.1.0
kind: DataContract
id: acme-things
version: 2.0.0
status: active
domain: test
servers:
  - server: production
    type: api
    location: https://acme.example/things.csv
    customProperties:
      - {property: wireFormat, value: delimited}
schema:
  - name: thing
    properties:
      - {name: thing_id, logicalType: string, primaryKey: true, required: true}
      - {name: weight, logicalType: number, physicalType: "DECIMAL(9,2)"}
customProperties:
  - {property: contributor, value: acme}
  - {property: delivery, value: {mode: snapshot}}
  - {property: terms, value: {licence: CC-BY-4.0, default: open}}
"""


def write(tmp_path: Path, text: str, name: str = "acme-things.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def fault(path: Path) -> ContractError:
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    return caught.value


@pytest.mark.parametrize("path", NINE, ids=lambda p: p.stem)
def test_each_bundled_contract_loads_and_passes_the_official_schema_when_resolved(path):
    official = Draft201909Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    resolved = json.loads(json.dumps(resolve_tree(path, STANDARDS)))
    assert [e.message for e in official.iter_errors(resolved)] == []
    contract = load_contract(path)
    assert contract.id == path.stem
    assert contract.timezone == "America/Sao_Paulo"
    assert set(contract.origin_note) == set(contract.label) == {"fr", "en"}


def test_there_are_nine_bundled_contracts():
    assert len(NINE) == 9


@pytest.mark.parametrize("path", STANDARD_FILES, ids=lambda p: p.stem)
def test_each_standard_names_itself_and_labels_every_column_in_both_languages(path):
    standard = resolve_tree(path, STANDARDS)
    assert standard["id"] == path.stem
    for table in standard["schema"]:
        for column in table["properties"]:
            own = {c["property"]: c["value"] for c in column["customProperties"]}
            assert set(own["label"]) == {"en", "fr"}, (table["name"], column["name"])
            assert column.get("description"), (table["name"], column["name"])


def test_the_accepted_columns_are_those_the_warehouse_expects():
    readings = load_contract(CONTRACTS / "enerflux-readings.yaml").table("reading")
    assert [(c.name, c.physical_type) for c in readings.columns] == [
        ("meter_id", "VARCHAR"),
        ("start_at", "TIMESTAMPTZ"),
        ("direction", "VARCHAR"),
        ("power_w", "DECIMAL(18,3)"),
        ("duration_s", "INTEGER"),
        ("energy_wh", "DECIMAL(18,3)"),
        ("quality", "VARCHAR"),
    ]
    assert readings.key == ("meter_id", "start_at", "direction")
    assert [c.source for c in readings.columns if c.derived is None] == [
        "prm",
        "horodate",
        "sens",
        "puissance_w",
    ]


def test_every_column_of_every_bundled_file_is_in_its_contract():
    """The contracts are compared with the headers of the files they promise."""
    feeds = ROOT / "pools" / "porto-alegre" / "feeds"
    files = {
        "enerflux-meters": feeds / "energy" / "meters.csv",
        "velia-containers": feeds / "waste" / "containers.csv",
        "velia-collections": feeds / "waste" / "collections.csv",
        "ipea-population": feeds / "poa_hexgrid.csv",
        "ipea-places": feeds / "poa_points_of_interest.csv",
    }
    for feed, file in files.items():
        header = file.read_text(encoding="utf-8").splitlines()[0].split(",")
        columns = load_contract(CONTRACTS / f"{feed}.yaml").tables[0].columns
        assert {c.source for c in columns} == set(header), feed


def test_energy_is_derived_from_power_and_the_feeds_step():
    reading = load_contract(CONTRACTS / "enerflux-readings.yaml").table("reading")
    row = "SELECT CAST(384 AS DECIMAL(18,3)) AS power_w"
    with duckdb.connect() as con:
        energy = con.sql(f"SELECT {reading.column('energy_wh').derived} FROM ({row})").fetchone()
        length = con.sql(f"SELECT {reading.column('duration_s').derived}").fetchone()
    assert energy == (Decimal("192.000"),)
    assert length == (1800,)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:00", 0), ("8:05:09", 29109), ("25:10:00", 90600), (None, None), ("noon", None)],
)
def test_stop_times_become_seconds_of_the_service_day(text, seconds):
    stop_time = load_contract(CONTRACTS / "eptc-gtfs.yaml").table("stop_time")
    with duckdb.connect() as con:
        found = con.execute(
            f"SELECT {stop_time.column('arrival_s').derived} FROM (SELECT $t::VARCHAR AS arrival_time)",
            {"t": text},
        ).fetchone()
    assert found == (seconds,)


def test_a_contract_without_a_standard_stands_alone(tmp_path):
    contract = load_contract(write(tmp_path, MINIMAL), timezone="Europe/Paris")
    assert (contract.id, contract.version, contract.contributor) == ("acme-things", "2.0.0", "acme")
    assert contract.based_on is None
    assert contract.timezone == "Europe/Paris"
    assert contract.table("thing").column("weight").physical_type == "DECIMAL(9,2)"
    assert contract.quarantine_tolerance_pct == 2


def test_the_standards_known_are_named_when_one_is_unknown(tmp_path):
    text = (CONTRACTS / "velia-bins.yaml").read_text(encoding="utf-8")
    error = fault(write(tmp_path, text.replace("container-observations@1", "container-observation@1")))
    assert error.problem == "there is no standard `container-observation`"
    assert "did you mean `container-observations`?" in error.fix
    assert "meter-readings" in error.fix


def test_another_major_version_of_a_standard_is_refused(tmp_path):
    text = (CONTRACTS / "velia-bins.yaml").read_text(encoding="utf-8")
    error = fault(write(tmp_path, text.replace("container-observations@1", "container-observations@2")))
    assert error.problem == "the standard `container-observations` has major version 1, not 2"


def test_a_contributor_changes_a_limit_adds_a_column_and_keeps_the_rest(tmp_path):
    text = (CONTRACTS / "ipea-places.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "      - {name: place_id, physicalName: id}\n",
        "      - {name: place_id, physicalName: id}\n"
        "      - {name: lat, logicalTypeOptions: {minimum: -34}}\n"
        "      - {name: opened_on, logicalType: date}\n",
    )
    place = load_contract(write(tmp_path, text)).table("place")
    assert [c.name for c in place.columns] == ["place_id", "lat", "lon", "opened_on"]
    assert (place.column("lat").minimum, place.column("lat").maximum) == (-34, 90)
    assert place.column("lat").required
    assert place.column("opened_on").physical_type == "DATE"


def test_a_null_removes_what_the_standard_says(tmp_path):
    text = (CONTRACTS / "ipea-places.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "      - {name: place_id, physicalName: id}\n",
        "      - {name: place_id, physicalName: id}\n      - {name: lat, logicalTypeOptions: null}\n",
    )
    assert load_contract(write(tmp_path, text)).table("place").column("lat").minimum is None


def test_a_column_that_the_file_holds_is_no_longer_derived(tmp_path):
    text = (CONTRACTS / "enerflux-readings.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "      - {name: start_at, physicalName: horodate}\n",
        "      - {name: start_at, physicalName: horodate}\n      - {name: quality, physicalName: qualite}\n",
    )
    quality = load_contract(write(tmp_path, text)).table("reading").column("quality")
    assert (quality.derived, quality.source, quality.is_expected) == (None, "qualite", True)
    assert quality.valid_values == ("measured", "estimated", "corrected")


def test_a_file_that_gives_energy_may_derive_power_from_it(tmp_path):
    text = (CONTRACTS / "enerflux-readings.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "      - {name: power_w, physicalName: puissance_w}\n",
        "      - {name: power_w, transformLogic: energy_wh * 3600 / duration_s}\n"
        "      - {name: energy_wh, physicalName: energie_wh, required: true}\n",
    )
    reading = load_contract(write(tmp_path, text)).table("reading")
    assert reading.column("energy_wh").derived is None
    with duckdb.connect() as con:
        power = con.sql(
            f"SELECT {reading.column('power_w').derived} FROM (SELECT 192.0 AS energy_wh)"
        ).fetchone()
    assert power == (384.0,)


def test_columns_derived_from_each_other_are_refused(tmp_path):
    text = MINIMAL.replace(
        '      - {name: weight, logicalType: number, physicalType: "DECIMAL(9,2)"}\n',
        "      - {name: a, logicalType: number, transformLogic: b + 1}\n"
        "      - {name: b, logicalType: number, transformLogic: a + 1}\n",
    )
    error = fault(write(tmp_path, text))
    assert "derived from each other" in str(error)


def test_derived_columns_that_double_each_other_are_refused_and_take_no_time(tmp_path):
    doubled = "".join(
        f'      - {{name: d{i + 1}, logicalType: string, transformLogic: "concat(d{i}, d{i})"}}\n'
        for i in range(60)
    )
    text = MINIMAL.replace(
        '      - {name: weight, logicalType: number, physicalType: "DECIMAL(9,2)"}\n',
        "      - {name: d0, logicalType: string}\n" + doubled,
    )
    assert "too long with all it is derived from" in str(fault(write(tmp_path, text)))


def test_a_delivery_rule_of_the_standard_can_be_loosened_by_its_id(tmp_path):
    text = (CONTRACTS / "enerflux-readings.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "      - id: series_incomplete\n",
        "      - {id: wrong_period, severity: warning, parameters: {minimum_pct: 90}}\n"
        "      - id: series_incomplete\n",
    )
    rule = next(r for r in load_contract(write(tmp_path, text)).rules if r.id == "wrong_period")
    assert rule.severity is Severity.WARNING
    assert rule.parameters == {"table": "reading", "column": "start_at", "minimum_pct": 90}


def test_terms_open_and_close_columns_one_by_one():
    bins = load_contract(CONTRACTS / "velia-bins.yaml").table("fill_observation")
    assert bins.column("fill_level").openness is Openness.OPEN
    assert bins.column("battery_voltage").openness is Openness.MEMBERS
    meter = load_contract(CONTRACTS / "enerflux-meters.yaml")
    assert {c.openness for c in meter.tables[0].columns} == {Openness.PRIVATE}
    assert (meter.terms.protected_unit, meter.terms.minimum_units) == ("meter_id", 10)


def test_a_personal_column_left_open_is_refused_at_its_line(tmp_path):
    text = (CONTRACTS / "enerflux-meters.yaml").read_text(encoding="utf-8")
    error = fault(write(tmp_path, text.replace("default: private", "default: open")))
    assert "`meter_id` is personal, and the terms leave it open" in str(error)
    assert "close it" in error.fix


def test_terms_about_a_column_that_is_not_there_are_refused(tmp_path):
    text = (CONTRACTS / "velia-bins.yaml").read_text(encoding="utf-8")
    error = fault(write(tmp_path, text.replace("{battery_voltage: members}", "{batery_voltage: members}")))
    assert error.fix == "did you mean `battery_voltage`?"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: weight", "name: Weight", "can't name a column"),
        ("name: weight", "name: delivery_id", "is the engine's own"),
        ("DECIMAL(9,2)", "DECIMAL(9,2)); DROP TABLE x; --", "does not fit a number"),
        ("DECIMAL(9,2)", "VARCHAR", "does not fit a number"),
        ("id: acme-things", "id: acme/../things", "can't name a feed"),
        ('"DECIMAL(9,2)"', '"DOUBLE", logicalTypeOptions: {pattern: x}', "ODCS 3.1.0 refuses this"),
        ("required: true", 'logicalTypeOptions: {pattern: "(a+"}', "not a valid pattern"),
        ("required: true", 'logicalTypeOptions: {pattern: "(?=a)b"}', "look-around"),
        ("required: true", 'logicalTypeOptions: {pattern: "(a+)+b"}', "can take for ever"),
        ("required: true", 'logicalTypeOptions: {pattern: "a{2000}"}', "not a valid pattern"),
        ("things.csv", "things_{period}.csv", "which a snapshot has not"),
        ("{mode: snapshot}", "{mode: periodic, period: P1D}", "names no `{period}`"),
        ("type: api", "type: snowflake", "is not one of: api, local, custom"),
        ("default: open", "default: open, minimumUnits: 3", "go together"),
        ("licence: CC-BY-4.0", "licence: free for all", "a text of the form"),
    ],
)
def test_what_would_harm_later_rooms_is_refused(tmp_path, old, new, words):
    assert old in MINIMAL
    assert words in str(fault(write(tmp_path, MINIMAL.replace(old, new, 1))))


def with_weight(tmp_path: Path, column: str) -> Path:
    """The minimal contract with its second column replaced."""
    old = '      - {name: weight, logicalType: number, physicalType: "DECIMAL(9,2)"}\n'
    assert old in MINIMAL
    return write(tmp_path, MINIMAL.replace(old, f"      - {column}\n"))


@pytest.mark.parametrize(
    ("name", "unit", "scale"),
    [
        ("power_w", "kW", Decimal(1000)),
        ("power_w", "W", None),
        ("energy_wh", "kWh", Decimal(1000)),
        ("volume_l", "m3", Decimal(1000)),
        ("mass_kg", "g", Decimal("0.001")),
        ("score", "points", None),
    ],
)
def test_a_known_unit_gives_its_own_factor(tmp_path, name, unit, scale):
    custom = f"customProperties: [{{property: unit, value: {unit}}}]"
    path = with_weight(tmp_path, f"{{name: {name}, logicalType: number, {custom}}}")
    assert load_contract(path).table("thing").column(name).scale == scale


def test_a_stated_factor_holds_over_the_units_own(tmp_path):
    custom = "customProperties: [{property: unit, value: hp}, {property: scale, value: 735.5}]"
    path = with_weight(tmp_path, f"{{name: power_w, logicalType: number, {custom}}}")
    assert load_contract(path).table("thing").column("power_w").scale == Decimal("735.5")


@pytest.mark.parametrize(
    ("format_", "expected"),
    [("dd/MM/yyyy HH:mm", "%d/%m/%Y %H:%M"), ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S")],
)
def test_a_date_format_of_the_standard_is_translated(tmp_path, format_, expected):
    path = with_weight(
        tmp_path, f'{{name: at, logicalType: timestamp, logicalTypeOptions: {{format: "{format_}"}}}}'
    )
    assert load_contract(path).table("thing").column("at").date_format == expected


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("{name: power_w, logicalType: number, customProperties: [{property: unit, value: hp}]}", "holds W"),
        ("{name: w, logicalType: date, logicalTypeOptions: {format: 'QQ yyyy'}}", "is not a date format"),
        (
            "{name: w, logicalType: string, customProperties: [{property: dateFormat, value: '%d'}]}",
            "no date format",
        ),
        ("{name: w, logicalType: timestamp, customProperties: [{property: timezone, value: CET9}]}", "IANA"),
        (
            "{name: w, logicalType: string, customProperties: [{property: scale, value: 2}]}",
            "can't be scaled",
        ),
        (
            "{name: w, logicalType: number, customProperties: [{property: namespaced, value: true}]}",
            "namespaced",
        ),
        (
            "{name: w, logicalType: date, required: true, "
            "customProperties: [{property: expected, value: false}]}",
            "need not have it",
        ),
        ("{name: w}", "`logicalType` is missing"),
        ("{name: w, logicalType: number, transformLogic: split_part(thing_id)}", "DuckDB refuses it"),
        ("{name: w, logicalType: number, transformLogic: (SELECT 1)}", "may not stand in a contract"),
        ("{name: w, logicalType: string, relationships: [{to: thing.thing_ix}]}", "has no column `thing_ix`"),
        ("{name: w, logicalType: string, relationships: [{to: somewhere}]}", "does not name a column"),
        ("{name: w, logicalType: string, physicalName: thing_id}", "are both read from `thing_id`"),
    ],
)
def test_a_column_that_would_not_do_what_it_says_is_refused_at_its_line(tmp_path, column, words):
    path = with_weight(tmp_path, column)
    error = fault(path)
    assert words in str(error)
    line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if column in text)
    assert line in [p.line for p in error.problems]


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (
            "{type: custom, engine: regie, implementation: {rule: r, kind: compare_colums, parameters: {}}}",
            "unknown kind of row rule `compare_colums`",
        ),
        (
            "{type: custom, engine: regie, severity: fatal, implementation: {rule: r, kind: compare_columns, "
            "parameters: {left: weight, operator: '<', right: weight}}}",
            "`fatal` is not one of: error, warning, info",
        ),
    ],
)
def test_a_rule_of_ours_that_does_not_exist_is_refused(tmp_path, check, words):
    text = MINIMAL.replace("  - name: thing\n", f"  - name: thing\n    quality: [{check}]\n")
    assert words in str(fault(write(tmp_path, text)))


@pytest.mark.parametrize(
    ("check", "kind", "detail"),
    [
        ("{type: sql, query: SELECT 1, mustBe: 1}", "quality", "sql: SELECT 1"),
        ("{metric: rowCount, mustBe: 3}", "quality", "library: rowCount"),
        ("{type: custom, engine: soda, implementation: x}", "quality", "custom: soda"),
        ("{type: text, description: Looks right.}", "text", "text: Looks right."),
    ],
)
def test_a_check_of_a_table_that_no_gate_runs_is_kept_and_listed(tmp_path, check, kind, detail):
    text = MINIMAL.replace("  - name: thing\n", f"  - name: thing\n    quality: [{check}]\n")
    (found,) = load_contract(write(tmp_path, text)).not_checked
    assert (found.key, found.kind, found.detail) == ("schema[thing].quality[0]", kind, detail)


@pytest.mark.parametrize(
    ("column", "place", "kind", "detail"),
    [
        (
            "{name: w, logicalType: number, logicalTypeOptions: {multipleOf: 5}}",
            ".logicalTypeOptions",
            "option",
            "multipleOf: 5",
        ),
        (
            "{name: w, logicalType: date, logicalTypeOptions: {minimum: '2019-01-01'}}",
            ".logicalTypeOptions",
            "option",
            "minimum: 2019-01-01",
        ),
        ("{name: w, logicalType: array, items: {logicalType: string}}", "", "nested", "array"),
        (
            "{name: w, logicalType: string, quality: [{metric: nullValues, mustBe: 0}]}",
            ".quality[0]",
            "quality",
            "library: nullValues",
        ),
        (
            "{name: w, logicalType: string, relationships: [{to: schema/thing/properties/thing_id}]}",
            ".relationships[0]",
            "reference",
            "schema/thing/properties/thing_id",
        ),
    ],
)
def test_what_a_column_says_and_no_gate_looks_at_is_kept_and_listed(tmp_path, column, place, kind, detail):
    (found,) = load_contract(with_weight(tmp_path, column)).not_checked
    assert (found.key, found.kind, found.detail) == (f"schema[thing].properties[w]{place}", kind, detail)


def test_the_bundled_contracts_say_nothing_that_is_not_checked():
    for path in sorted(CONTRACTS.glob("*.yaml")):
        assert load_contract(path).not_checked == (), path.name


def test_the_digest_follows_the_resolved_contract_and_nothing_else(tmp_path):
    original = load_contract(CONTRACTS / "velia-bins.yaml")
    text = (CONTRACTS / "velia-bins.yaml").read_text(encoding="utf-8")
    with_comment = load_contract(write(tmp_path, "# a comment\n" + text, "a.yaml"))
    looser = load_contract(write(tmp_path, text.replace("minimum_pct: 80", "minimum_pct: 70"), "b.yaml"))
    assert original.digest == with_comment.digest
    assert original.digest != looser.digest
    assert len(original.digest) == 64


def test_a_changed_standard_changes_the_digest(tmp_path):
    standards = tmp_path / "standards"
    standards.mkdir()
    for file in STANDARD_FILES:
        (standards / file.name).write_bytes(file.read_bytes())
    places = CONTRACTS / "ipea-places.yaml"
    before = load_contract(places, standards=standards)
    assert before.digest == load_contract(places).digest
    changed = (standards / "places.yaml").read_text(encoding="utf-8").replace("maximum: 90", "maximum: 80")
    (standards / "places.yaml").write_text(changed, encoding="utf-8")
    assert load_contract(places, standards=standards).digest != before.digest


def test_a_fault_that_comes_from_the_standard_is_told_in_the_standards_file(tmp_path):
    standards = tmp_path / "standards"
    standards.mkdir()
    text = (STANDARDS / "places.yaml").read_text(encoding="utf-8")
    (standards / "places.yaml").write_text(
        text.replace("required: true", "requird: true", 1), encoding="utf-8"
    )
    with pytest.raises(ContractError) as caught:
        load_contract(CONTRACTS / "ipea-places.yaml", standards=standards)
    assert caught.value.file == standards / "places.yaml"
    assert caught.value.fix == "did you mean `required`?"


KEYS = st.sampled_from(["a", "b", "c", "name"])
VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=6,
)
TREES = st.dictionaries(KEYS, VALUES, max_size=4)


def located(value: object, file: str) -> object:
    """Give a plain tree places, all in one file."""
    place = Place(Path(file), 1)
    if isinstance(value, dict):
        tree = LocatedMap(place)
        for key, inner in value.items():
            tree.put(key, located(inner, file), place)
        return tree
    if isinstance(value, list):
        items = LocatedList(place)
        for inner in value:
            items.put(located(inner, file), place)
        return items
    return value


@given(TREES)
def test_a_file_laid_over_itself_or_nothing_changes_nothing(tree):
    one, other = located(tree, "base"), located(tree, "over")
    assert merge_maps(one, other) == tree
    assert merge_maps(one, located({}, "over")) == tree
    assert merge_maps(located({}, "base"), other) == tree


@given(TREES, TREES)
def test_a_merge_leaves_both_files_as_they_were_and_knows_where_each_key_came_from(base, over):
    below, above = located(base, "base"), located(over, "over")
    merged = merge_maps(below, above)
    assert (below, above) == (base, over)
    for key in merged:
        assert place_of(merged, (key,)).file.name == ("over" if key in over else "base")


@given(st.permutations(["a", "b", "c", "d"]), st.sets(st.sampled_from(["a", "c", "e"])))
def test_columns_merge_by_name_in_the_standards_order(names, changed):
    base = parse_located(
        "properties: [" + ", ".join(f"{{name: {n}, v: 1}}" for n in names) + "]\n", Path("b")
    )
    text = ", ".join(f"{{name: {n}, v: 2}}" for n in sorted(changed))
    merged = merge_maps(base, parse_located(f"properties: [{text}]\n", Path("o")))
    expected = names + (["e"] if "e" in changed else [])
    assert [p["name"] for p in merged["properties"]] == expected
    assert {p["name"] for p in merged["properties"] if p["v"] == 2} == changed


def test_a_second_table_that_no_reader_would_look_at_is_refused(tmp_path):
    second = "  - name: kind\n    properties:\n      - {name: kind_id, logicalType: string}\n"
    owner = "customProperties:\n  - {property: contributor"
    text = MINIMAL.replace(owner, second + owner)
    assert "a delimited delivery is one table" in str(fault(write(tmp_path, text)))
