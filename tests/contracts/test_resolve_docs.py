"""The page on contracts names what the code accepts, and its example is a contract that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.extensions import ContractExtensions, DataTerms, DeliveryTerms, DialectTerms, ServerExtensions
from contracts.odcs import Section
from contracts.resolve import STANDARDS, load_contract
from contracts.rule_kinds import DELIVERY_KINDS, ROW_KINDS
from contracts.sql_safety import FUNCTIONS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
KINDS = {**ROW_KINDS, **{kind: model for kind, (model, _) in DELIVERY_KINDS.items()}}


def test_the_pages_example_loads_and_keeps_battery_voltage_to_members(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "acme-bins.yaml"
    path.write_text(example.group(1), encoding="utf-8")
    contract = load_contract(path)
    assert contract.id == "acme-bins"
    assert contract.table("fill_observation").column("battery_voltage").openness == "members"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rule_is_on_the_page_with_its_parameters(kind):
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |")]
    assert len(rows) == 1
    for name, field in KINDS[kind].model_fields.items():
        assert f"`{field.alias or name}`" in rows[0], field


@pytest.mark.parametrize(
    "model", [ContractExtensions, DataTerms, DeliveryTerms, DialectTerms, ServerExtensions]
)
def test_every_custom_property_is_on_the_page(model: type[Section]):
    for name, field in model.model_fields.items():
        assert re.search(rf"`{field.alias or name}[`:]", PAGE), field.alias


def test_every_standard_and_every_function_is_on_the_page():
    for standard in STANDARDS.glob("*.yaml"):
        assert f"`{standard.stem}@1`" in PAGE
    for function in FUNCTIONS:
        assert re.search(rf"\b{function}\b", PAGE), function
