"""The pages on contracts name what the code accepts, and their examples are contracts that load."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from contracts.extensions import ContractExtensions, DataTerms, DeliveryTerms, DialectTerms, ServerExtensions
from contracts.odcs import Section
from contracts.pool import load_pool
from contracts.resolve import STANDARDS, load_contract
from contracts.rule_kinds import DELIVERY_KINDS, ROW_KINDS
from contracts.sql_safety import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
POOL = ROOT / "pools" / "porto-alegre"
PAGE = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
TEN_MINUTES = (ROOT / "docs" / "adding-a-contributor.md").read_text(encoding="utf-8")
KINDS = {**ROW_KINDS, **{kind: model for kind, (model, _) in DELIVERY_KINDS.items()}}


def test_the_pages_example_loads_and_keeps_battery_voltage_to_members(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "acme-bins.yaml"
    path.write_text(example.group(1), encoding="utf-8")
    contract = load_contract(path)
    assert contract.id == "acme-bins"
    assert contract.table("fill_observation").column("battery_voltage").openness == "members"


def test_the_contributor_of_the_ten_minutes_page_can_join_the_bundled_pool(tmp_path):
    actor, contract = re.findall(r"```yaml\n(.*?)```", TEN_MINUTES, re.DOTALL)
    shutil.copytree(POOL / "contracts", tmp_path / "contracts")
    settings = (POOL / "pool.yaml").read_text(encoding="utf-8")
    (tmp_path / "pool.yaml").write_text(settings.replace("actors:\n", f"actors:\n{actor}"), encoding="utf-8")
    (tmp_path / "contracts" / "recicla-containers.yaml").write_text(contract, encoding="utf-8")
    joined = load_pool(tmp_path).contract("recicla-containers")
    assert [c.source for c in joined.tables[0].columns][:3] == ["codigo", "latitude", "longitude"]
    assert joined.server.dialect.decimal == ","


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
