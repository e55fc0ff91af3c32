"""What an author of a contract is told when the file is wrong: file, line, key, problem, fix."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import ContractError, suggest
from contracts.located import LocatedMap, parse_located, place_of
from contracts.resolve import load_contract

ROOT = Path(__file__).resolve().parents[2]
READINGS = ROOT / "pools" / "porto-alegre" / "contracts" / "enerflux-readings.yaml"
BINS = ROOT / "pools" / "porto-alegre" / "contracts" / "velia-bins.yaml"


@pytest.fixture
def broken(tmp_path: Path):
    """Load the readings' contract with one text replaced, and return what the author is told."""

    def load(old: str, new: str, source: Path = READINGS) -> tuple[ContractError, int]:
        text = source.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"the bundled contract has no {old!r}"
        path = tmp_path / source.name
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        line = text[: text.index(old)].count("\n") + 1
        with pytest.raises(ContractError) as caught:
            load_contract(path)
        assert all(p.file == path for p in caught.value.problems)
        return caught.value, line

    return load


def test_an_unknown_key_at_the_top_is_refused_with_the_name_meant(broken):
    error, line = broken("version: 1.0.0", "version: 1.0.0\nstatuss: active")
    assert error.line == line + 1
    assert error.key == "statuss"
    assert "status" in error.fix


def test_an_unknown_key_of_a_column_is_refused_at_its_line(broken):
    error, line = broken(
        "{name: power_w, physicalName: puissance_w}", "{name: power_w, physicalname: puissance_w}"
    )
    assert (error.line, error.problem) == (line, "unknown key `physicalname`")
    assert error.key == "schema[reading].properties[power_w].physicalname"
    assert error.fix == "did you mean `physicalName`?"


def test_an_unknown_custom_property_is_refused(broken):
    error, line = broken("{property: tolerance, value: {quarantined: 2}}", "{property: tolerence, value: 2}")
    assert error.line == line
    assert error.problem == "unknown key `tolerence`"
    assert error.fix == "did you mean `tolerance`?"


def test_an_unknown_key_inside_a_custom_property_is_refused(broken):
    error, line = broken("stepS: 1800", "step: 1800")
    assert (error.line, error.problem) == (line, "unknown key `step`")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version: 1.0.0", "version: 1.0", "a text is wanted, found `1.0`"),
        (
            "status: active",
            "status: live",
            "`live` is not one of: proposed, draft, active, deprecated, retired",
        ),
        ("stepS: 1800", 'stepS: "1800"', "a whole number is wanted, found `1800`"),
        (
            "value: {quarantined: 2}",
            "value: {quarantined: 200}",
            "a number of at most 100 is wanted, found `200`",
        ),
        ("{name: start_at, physicalName: horodate}", "start_at", "a mapping of keys to values is wanted"),
        ("default: private", "default: secret", "`secret` is not one of: open, members, bilateral, private"),
        ('delimiter: ";"', 'delimiter: ";;"', "one ASCII sign is wanted"),
        ('delimiter: ";"', 'delimiter: "é"', "one ASCII sign is wanted"),
        ('delimiter: ";"', 'delimiter: "\\n"', "one ASCII sign is wanted"),
        ('startsOn: "2019-05-13"', 'startsOn: "2019-15-13"', "a day of the calendar is wanted"),
        ('startsOn: "2019-05-13", ', "", "a periodic feed states its first day"),
        ("value: delimited}", "value: csv}", "`csv` is not one of: gtfs, delimited, ngsi-ld"),
        ("value: America/Sao_Paulo", "value: America/Porto_Alegre", "is not an IANA time zone"),
    ],
)
def test_a_wrong_type_or_value_is_refused_at_its_line(broken, old, new, problem):
    error, line = broken(old, new)
    assert problem in str(error)
    assert error.line == line


def test_a_missing_section_is_named(broken):
    error, _ = broken("  - {property: contributor, value: enerflux}\n", "")
    assert error.problem == "the custom property `contributor` is missing"


def test_a_required_key_that_is_missing_is_named(broken):
    error, _ = broken("kind: DataContract\n", "")
    assert error.problem == "`kind` is missing"


def test_an_unknown_kind_of_row_rule_names_the_kind_meant(broken):
    error, line = broken("kind: ceiling_by_class", "kind: ceiling_by_klass")
    assert (error.line, error.problem) == (line, "unknown kind of row rule `ceiling_by_klass`")
    assert error.fix == "did you mean `ceiling_by_class`?"


def test_an_unknown_kind_of_delivery_rule_names_the_kind_meant(broken):
    error, line = broken("kind: series_complete", "kind: serie_complete")
    assert (error.line, error.fix) == (line, "did you mean `series_complete`?")


def test_a_misspelt_parameter_of_a_rule_is_refused(broken):
    error, line = broken("minimum_pct: 80", "minimum_percent: 80")
    assert line in [p.line for p in error.problems]
    assert "unknown key `minimum_percent`" in str(error)
    assert "`minimum_pct` is missing" in str(error)


def test_a_rule_on_a_column_that_is_not_there_is_refused(broken):
    error, line = broken("columns: [power_w, meter_id]", "columns: [power, meter_id]")
    assert (error.line, error.fix) == (line, "did you mean `power_w`?")


def test_a_reference_to_a_table_that_is_not_there_is_refused(broken):
    error, line = broken("enerflux-meters.yaml#/schema/meter/properties/meter_id", "meters.meter_id")
    assert (error.line, error.problem) == (line, "the contract has no table `meters`")


def test_a_key_written_twice_is_refused_with_both_lines(broken):
    error, line = broken("status: active", "status: active\nstatus: draft")
    assert error.line == line + 1
    assert error.problem == f"`status` is written twice (first on line {line})"


def test_a_column_described_twice_is_refused(broken):
    error, line = broken(
        "{name: start_at, physicalName: horodate}",
        "{name: start_at, physicalName: horodate}\n      - {name: start_at, physicalName: date}",
    )
    assert (error.line, error.problem) == (line + 1, "the column `start_at` is described twice")


def test_yaml_that_does_not_parse_names_its_line(broken):
    error, line = broken("status: active", "status: [active")
    assert error.line in {line, line + 1}
    assert error.problem.startswith("not valid YAML")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x [1]\nb: [*x, *x]\n", "anchors and aliases are refused"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "the tag `tag:yaml.org,2002:python/object/apply:os.system`",
        ),
        ("a: 1\n---\nb: 2\n", "the file holds several documents"),
        ("- 1\n- 2\n", "the file is not a mapping"),
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("a: " + "[" * 60 + "]" * 60 + "\n", "nested deeper than 40 levels"),
        ("a: " + "[" * 5000 + "]" * 5000 + "\n", "nested deeper"),
        ("- " * 3000 + "x\n", "nested deeper"),
        ("<<: {a: 1}\n", "keys must be plain text"),
        ("? [a]\n: 1\n", "keys must be plain text"),
    ],
)
def test_yaml_that_a_contract_has_no_use_for_is_refused(text, problem):
    with pytest.raises(ContractError, match="fix:") as caught:
        parse_located(text, Path("x.yaml"))
    assert problem in caught.value.problem


def test_a_file_that_is_not_there_is_an_error_not_a_traceback(tmp_path):
    with pytest.raises(ContractError, match="can't be read"):
        load_contract(tmp_path / "none.yaml")


def test_a_file_that_is_not_text_is_an_error(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"id: caf\xe9\n")
    with pytest.raises(ContractError, match="not UTF-8"):
        load_contract(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\n" + "#" * 1_000_001)
    with pytest.raises(ContractError, match="larger than 1,000,000 bytes"):
        load_contract(path)


@pytest.mark.parametrize("version", ["v3.0.2", "v3.2.0", "v2.2.2"])
def test_another_version_of_odcs_is_named(broken, version):
    error, line = broken("apiVersion: v3.1.0", f"apiVersion: {version}")
    assert error.line == line
    assert error.problem == f"this engine reads ODCS v3.1.0, the file says `{version}`"


def test_several_faults_are_told_at_once_in_order_of_lines(tmp_path):
    text = READINGS.read_text(encoding="utf-8")
    text = text.replace("status: active", "status: live").replace("stepS: 1800", "stepS: 0")
    text = text.replace("licence: CC", "license: CC").replace("kind: covers_period", "kind: covers")
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    lines = [p.line for p in caught.value.problems]
    assert lines == sorted(lines)
    for words in ("`live`", "stepS", "unknown key `license`"):
        assert words in str(caught.value)


def test_an_error_reads_like_a_compilers(broken):
    error, line = broken("minimum_pct: 80", "minimum_pct: lots")
    first = str(error).splitlines()[0]
    assert first.startswith(f"{error.file}:{line}: customProperties[deliveryRules].value[series_incomplete]")
    assert "fix:" in str(broken("stepS: 1800", "step: 1800")[0])


def test_an_error_survives_the_way_between_processes(broken):
    error, _ = broken("stepS: 1800", "step: 1800")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert again.problems == error.problems
    assert str(again) == str(error)


def test_dates_and_octal_like_texts_stay_what_the_author_wrote():
    tree = parse_located('day: 2019-05-13\nid: "012"\nyes_word: yes\nnothing: ~\nhex: 0x1F\n', Path("x.yaml"))
    assert dict(tree) == {"day": "2019-05-13", "id": "012", "yes_word": "yes", "nothing": None, "hex": 31}


@given(st.sampled_from(["physicalName", "logicalType", "required", "transformLogic"]), st.data())
def test_a_misspelt_key_is_recognised(word, data):
    position = data.draw(st.integers(0, len(word) - 1))
    misspelt = word[:position] + word[position + 1 :]
    known = ["physicalName", "logicalType", "required", "transformLogic", "tags", "quality"]
    assert suggest(misspelt, known) == f"did you mean `{word}`?"


SCALARS = st.one_of(st.integers(-1000, 1000), st.booleans(), st.none(), st.text("abc xyz", max_size=8))
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcxyz", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abcxyz", min_size=1, max_size=4), TREES, min_size=1, max_size=4))
def test_what_is_written_as_yaml_is_read_back_with_lines(tree):
    import io

    from ruamel.yaml import YAML

    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.dump(tree, stream)
    if "&" in stream.getvalue():
        return
    read = parse_located(stream.getvalue(), Path("x.yaml"))
    assert read == tree
    lines = stream.getvalue().splitlines()
    for key in tree:
        place = place_of(read, (key,))
        assert place is not None
        assert key in lines[place.line - 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damage_to_a_contract_gives_a_traceback(tmp_path, data):
    """Cut, double or change any line of a real contract: it loads, or says what is wrong and where."""
    lines = BINS.read_text(encoding="utf-8").splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    damage = data.draw(st.sampled_from(["cut", "double", "truncate", "list", "number"]))
    line = lines[index]
    lines[index : index + 1] = {
        "cut": [],
        "double": [line, line],
        "truncate": [line[: len(line) // 2]],
        "list": [line.partition(":")[0] + ": [1, {a: b}]"],
        "number": [line.partition(":")[0] + ": 12"],
    }[damage]
    path = tmp_path / "velia-bins.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        load_contract(path)
    except ContractError as error:
        assert error.problems
        assert all(p.problem for p in error.problems)


def test_a_located_map_is_a_plain_mapping_for_its_readers():
    tree = parse_located("a: {b: [1, 2]}\n", Path("x.yaml"))
    assert isinstance(tree, LocatedMap)
    assert tree == {"a": {"b": [1, 2]}}
