"""Whole ODCS documents: read, typed, written and read again without loss."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.document import document_of, read_document, to_plain
from contracts.errors import ContractError
from contracts.located import parse_located
from contracts.parse import read_contract_file
from contracts.resolve import STANDARDS, load_contract
from contracts.shape import Problems, check_official_schema
from contracts.write import write_contract

ROOT = Path(__file__).parents[2]
CONTRACTS = sorted((ROOT / "pools/porto-alegre/contracts").glob("*.yaml"))
WHOLE = Path(__file__).parent / "documents" / "everything.yaml"
EXAMPLES = os.environ.get("ODCS_EXAMPLES", "")
"""Folder of docs/examples of bitol-io/open-data-contract-standard, which is not bundled."""
OFFICIAL = sorted(Path(EXAMPLES).rglob("*.yaml")) if EXAMPLES else []


def read_back(tree: object, comments: dict[tuple[str | int, ...], str] | None = None) -> object:
    text = write_contract(to_plain(tree), comments)
    return to_plain(parse_located(text, Path("written.yaml")))


def typed_again(path: Path) -> object:
    document = read_document(path)
    return document.typed.model_dump(mode="json", by_alias=True, exclude_unset=True)


@pytest.mark.parametrize("path", [*CONTRACTS, *sorted(STANDARDS.glob("*.yaml")), WHOLE], ids=lambda p: p.stem)
def test_a_contract_read_written_and_read_again_is_the_same(path):
    tree = parse_located(path.read_text(encoding="utf-8"), path)
    assert read_back(tree) == to_plain(tree)


@pytest.mark.parametrize("path", sorted(STANDARDS.glob("*.yaml")), ids=lambda p: p.stem)
def test_a_shipped_standard_keeps_the_official_schema_so_that_contracts_need_not_ask_again(path):
    tree = read_contract_file(path)
    problems = Problems(tree, path)
    check_official_schema(tree, problems)
    assert problems.found == []


def test_a_table_that_a_contract_changes_is_asked_again(tmp_path):
    text = (ROOT / "pools/porto-alegre/contracts/eptc-gtfs.yaml").read_text(encoding="utf-8")
    stop_name = "{name: stop_name, logicalTypeOptions: {minimum: 1}}"
    wrong = f"schema:\n  - name: stop\n    properties:\n      - {stop_name}\n"
    assert "\nschema:" not in text
    path = tmp_path / "x.yaml"
    path.write_text(text.replace("slaProperties:", f"{wrong}slaProperties:"), encoding="utf-8")
    with pytest.raises(ContractError, match=r"ODCS 3\.1\.0 refuses this"):
        load_contract(path)


def test_every_section_of_the_standard_is_typed_and_kept():
    assert typed_again(WHOLE) == to_plain(read_document(WHOLE).tree)


@pytest.mark.skipif(not OFFICIAL, reason="ODCS_EXAMPLES names no folder of the official ODCS examples")
@pytest.mark.parametrize("path", OFFICIAL or [WHOLE], ids=lambda p: p.stem)
def test_an_official_example_imports_without_loss(path):
    tree = read_document(path).tree
    assert typed_again(path) == to_plain(tree)
    assert read_back(tree) == to_plain(tree)


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda p: p.stem)
def test_the_document_behind_a_contract_is_whole(path):
    contract = load_contract(path)
    document = document_of(contract)
    assert document.typed.support[0].channel in contract.support
    assert {t.name for t in document.typed.schema_} == {t.name for t in contract.tables}


def test_everything_that_no_gate_looks_at_is_listed_at_its_place():
    found = {(n.key, n.kind.value) for n in load_contract(WHOLE).not_checked}
    assert found == {
        ("schema[reading].quality[enough]", "quality"),
        ("schema[reading].quality[balance]", "quality"),
        ("schema[reading].quality[Looked at]", "text"),
        ("schema[reading].quality[elsewhere]", "quality"),
        ("schema[reading].relationships[0]", "reference"),
        ("schema[reading].properties[power_w].quality[none]", "quality"),
        ("schema[reading].properties[power_w].logicalTypeOptions", "option"),
        ("schema[reading].properties[read_on].logicalTypeOptions", "option"),
        ("schema[reading].properties[meter]", "nested"),
        ("schema[reading].properties[phases]", "nested"),
        ("slaProperties[availability]", "service_level"),
        ("servers[replica]", "server"),
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("priceUnit: gigabyte", "priceUnits: gigabyte", "unknown key `priceUnits`"),
        ("port: 5432", "port: many", "a whole number is wanted, found `many`"),
        ("role: steward", "role: 3", "a text is wanted, found `3`"),
        ("    host: db.acme.example\n", "", "ODCS 3.1.0 refuses this"),
        ("metric: rowCount", "metric: rowCounts", "`rowCounts` is not one of"),
    ],
)
def test_what_the_standard_has_no_place_for_is_refused_at_its_line(tmp_path, old, new, words):
    text = WHOLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "x.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_document(path)
    assert words in str(caught.value)
    assert caught.value.line


words = st.text(st.characters(exclude_categories=["Cs"]))
traps = st.sampled_from(["yes", "0x1F", "1e3", "# no", "a: b", "<<x", "- a", "~", "2022-10-03", "a #b"])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | words | traps,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words.filter(lambda k: k != "<<"), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["id", "schema", "properties", "terms", "x y"]), values, min_size=1))
def test_any_tree_of_values_reads_back_equal(tree):
    assert read_back(tree) == to_plain(tree)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_remark_changes_no_value(words):
    tree = {"a": {"b": [1, {"c": "x"}]}, "d": "y"}
    remarks = dict.fromkeys([("a", "b", 1, "c"), ("a",), ("d",)], f"to review: {words}")
    assert read_back(tree, remarks) == tree
