"""An empty pool and its first contributor: files that pass lint, or a pool that is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import ContractError
from contracts.lint import lint_contract
from contracts.pool import load_pool
from pipelines.drafting.draft import draft_contract
from pipelines.onboarding import NewPool, OnboardingError, add_contributor, init_pool
from publishing.dataset import load_catalogue

FEEDS = Path(__file__).resolve().parents[2] / "pools" / "porto-alegre" / "feeds"
NEW = NewPool(id="val", title_fr="Pool du val", title_en="Pool of the vale", timezone="Europe/Paris",
              email="pool@val.example", country="FR")  # fmt: skip


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """An empty pool."""
    init_pool(tmp_path / "val", NEW)
    return tmp_path / "val"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A drafted contract of places, by somebody not named yet."""
    path = tmp_path / "draft.yaml"
    text = draft_contract([FEEDS / "poa_points_of_interest.csv"], "places", contributor="contributor", feed="acme-places")  # fmt: skip  # noqa: E501
    path.write_text(text, encoding="utf-8")
    return path


def everything(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_an_empty_pool_lacks_a_contributor_and_nothing_else(pool):
    with pytest.raises(ContractError) as caught:
        load_pool(pool)
    assert [p.problem for p in caught.value.problems] == ["the pool has no contract"]
    assert load_catalogue(pool).title["fr"] == "Catalogue : Pool du val"


def test_a_pool_with_its_first_contributor_passes_lint(pool, draft):
    add_contributor(pool, "acme", draft, name="Acme & Co")
    loaded = load_pool(pool)
    assert loaded.actor("acme").name == "Acme & Co"
    assert (loaded.actor("acme").email, loaded.actor("acme").roles) == (
        "data@contributor.example",
        ("contributor",),
    )
    (contract,) = loaded.contracts
    assert (contract.id, contract.contributor) == ("acme-places", "acme")
    assert {a.code for a in lint_contract(contract).advice} == {"to_review"}
    assert "# to review:" in (pool / "contracts" / "acme-places.yaml").read_text()


def test_what_people_wrote_in_the_pool_stays(pool, draft):
    file = pool / "pool.yaml"
    file.write_text(file.read_text() + "\n# our notice\nnotices: {fr: Essai, en: Trial}\n")
    before = file.read_text().splitlines()
    add_contributor(pool, "acme", draft)
    after = file.read_text().splitlines()
    assert [line for line in after if line in before] == before
    assert load_pool(pool).notices["fr"] == "Essai"


def test_a_second_contract_of_a_known_contributor_leaves_the_actors_alone(pool, draft):
    add_contributor(pool, "acme", draft)
    pool_file = (pool / "pool.yaml").read_text()
    draft.write_text(draft.read_text().replace("id: acme-places", "id: acme-sights"))
    assert [p.name for p in add_contributor(pool, "acme", draft)] == ["acme-sights.yaml"]
    assert (pool / "pool.yaml").read_text() == pool_file


@pytest.mark.parametrize(
    ("contributor", "swap", "error"),
    [
        ("Acme!", ("", ""), ContractError),
        ("acme", ("basedOn, value: places@1", "basedOn, value: places@2"), ContractError),
        (
            "acme",
            ("{property: contributor, value: contributor}", "property: contributor\n    value: contributor"),
            OnboardingError,
        ),
        ("pool-val", ("", ""), OnboardingError),
    ],
)
def test_what_would_not_load_leaves_the_pool_as_it_was(pool, draft, contributor, swap, error):
    assert swap[0] in draft.read_text()
    draft.write_text(draft.read_text().replace(*swap, 1))
    before = everything(pool)
    with pytest.raises(error):
        add_contributor(pool, contributor, draft)
    assert everything(pool) == before


def test_a_feed_that_has_a_contract_and_a_folder_that_has_a_pool_are_left_alone(pool, draft):
    add_contributor(pool, "acme", draft)
    before = everything(pool)
    with pytest.raises(OnboardingError, match="has a contract already"):
        add_contributor(pool, "acme", draft)
    with pytest.raises(OnboardingError, match="there is a pool already"):
        init_pool(pool, NEW)
    assert everything(pool) == before


def test_a_person_gets_from_nothing_to_a_pool_that_passes_lint(regie, tmp_path):
    folder, contract = str(tmp_path / "vale"), str(tmp_path / "d.yaml")
    file = str(FEEDS / "waste" / "containers.csv")
    assert regie("init", folder).returncode == 0
    drawn = regie(
        "contract", "draft", file, "--like", "container-registry", "--id", "acme-bins", "--out", contract
    )
    assert drawn.returncode == 0, drawn.stderr
    added = regie("--pool", folder, "contributor", "add", "acme", "--contract", contract)
    assert added.returncode == 0, added.stderr
    lint = regie("--pool", folder, "contract", "lint", "--pool")
    assert lint.returncode == 0, lint.stdout
    assert lint.stdout.endswith("1 contracts read: 0 wrong, 8 unwise, 0 not checked here\n")
    assert regie("--pool", folder, "init", folder).returncode == 2
