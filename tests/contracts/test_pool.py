"""A pool's folder: what it holds together, and what its author is told when it doesn't."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.errors import ContractError
from contracts.pool import load_pool

ROOT = Path(__file__).resolve().parents[2]
POOL = ROOT / "pools" / "porto-alegre"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the bundled pool with two of its contracts, to be broken."""
    pool = tmp_path / "pool"
    (pool / "contracts").mkdir(parents=True)
    shutil.copy(POOL / "pool.yaml", pool)
    for feed in ("ipea-places", "velia-containers", "velia-collections"):
        shutil.copy(POOL / "contracts" / f"{feed}.yaml", pool / "contracts")
    return pool


def edit(path: Path, old: str, new: str) -> int:
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def fault(pool: Path) -> ContractError:
    with pytest.raises(ContractError) as caught:
        load_pool(pool)
    return caught.value


def test_the_bundled_pool_has_its_nine_feeds_and_five_contributors():
    pool = load_pool(POOL)
    assert {(c.contributor, c.id, c.based_on) for c in pool.contracts} == {
        ("eptc", "eptc-gtfs", "gtfs-schedule@1"),
        ("trensurb", "trensurb-gtfs", "gtfs-schedule@1"),
        ("enerflux", "enerflux-meters", "meter-registry@1"),
        ("enerflux", "enerflux-readings", "meter-readings@1"),
        ("velia", "velia-containers", "container-registry@1"),
        ("velia", "velia-bins", "container-observations@1"),
        ("velia", "velia-collections", "collections@1"),
        ("ipea", "ipea-population", "population-grid@1"),
        ("ipea", "ipea-places", "places@1"),
    }
    assert pool.now == datetime(2019, 6, 10, 9, tzinfo=UTC)
    assert pool.publisher.id == "pool-porto-alegre"
    assert pool.timezone == "America/Sao_Paulo"
    assert pool.path == POOL


def test_whoever_reads_the_pool_is_told_what_is_real_and_what_is_relocated():
    pool = load_pool(POOL)
    assert "relocated" in pool.notices["en"]
    assert "relocalis" in pool.notices["fr"]
    for contract in pool.contracts:
        word = {"energy": "relocated", "waste": "relocated"}.get(contract.domain, "Real for this place")
        assert word in contract.origin_note["en"], contract.id


def test_every_feed_and_actor_is_found_by_name():
    pool = load_pool(POOL)
    assert pool.contract("velia-bins").contributor == "velia"
    assert pool.actor("velia").email == "data@velia.example"
    with pytest.raises(KeyError):
        pool.contract("nobody")


def test_every_file_a_contract_points_at_is_in_the_bundled_feeds():
    for contract in load_pool(POOL).contracts:
        location = contract.server.location.replace("{base}", str(POOL / "feeds"))
        day = contract.delivery.starts_on or ""
        assert Path(location.replace("{period}", day)).is_file(), location


def test_a_folder_without_a_pool_is_an_error(tmp_path):
    assert fault(tmp_path).problem == "there is no pool here"


def test_a_pool_without_contracts_is_an_error(copy):
    shutil.rmtree(copy / "contracts")
    error = fault(copy)
    assert error.problem == "the pool has no contract"
    assert "contracts/<feed>.yaml" in error.fix


def test_two_contracts_of_one_feed_are_an_error_that_names_both_files(copy):
    shutil.copy(copy / "contracts" / "ipea-places.yaml", copy / "contracts" / "zz-again.yaml")
    error = fault(copy)
    assert error.file == copy / "contracts" / "zz-again.yaml"
    assert error.line == 3
    assert "ipea-places.yaml" in error.problem


def test_a_contributor_that_the_pool_does_not_know_is_an_error_at_its_line(copy):
    path = copy / "contracts" / "ipea-places.yaml"
    line = edit(path, "value: ipea}", "value: ipeaa}")
    error = fault(copy)
    assert (error.file, error.line) == (path, line)
    assert error.problem == "`ipeaa` is not a contributor of the pool"
    assert error.fix == "did you mean `ipea`?"


def test_a_rule_on_a_register_that_no_feed_gives_is_an_error(copy):
    (copy / "contracts" / "velia-containers.yaml").unlink()
    error = fault(copy)
    assert error.problem == "no feed of the pool has the table `velia-containers/container`"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("zoneScales:", "zoneScale:", "unknown key `zoneScale`"),
        ("h3_7", "h3_16", "a text of the form"),
        ("timezone: America/Sao_Paulo", "timezone: Sao_Paulo", "an IANA time zone is wanted"),
        ("2019-06-10T09:00:00Z", "2019-06-10T09:00:00", "the instant has no offset"),
        ("2019-06-10T09:00:00Z", "10/06/2019", "an instant is wanted"),
        ("publisher: pool-porto-alegre", "publisher: pool-porto", "is not an actor of the pool"),
        ("publisher: pool-porto-alegre", "publisher: ipea", "has not the role publisher"),
        ("roles: [re-user]", "roles: [reuser]", "is not one of: contributor, re-user"),
        ("- id: city", "- id: ipea", "the actor `ipea` is described twice"),
        ("email: dados@cidade.example", "email: dados", "a text of the form"),
        ("country: BR", "country: Brazil", "a text of the form"),
        ("retention: P10Y", "retention: ten years", "a text of the form"),
        ("id: porto-alegre", "id: ../porto", "a text of the form"),
    ],
)
def test_a_wrong_line_of_pool_yaml_is_refused_where_it_stands(copy, old, new, problem):
    line = edit(copy / "pool.yaml", old, new)
    error = fault(copy)
    assert problem in str(error)
    assert line in [p.line for p in error.problems]
    assert error.file == copy / "pool.yaml"


def test_faults_of_several_contracts_are_told_together(copy):
    edit(copy / "contracts" / "ipea-places.yaml", "version: 1.0.0", "version: one")
    edit(copy / "contracts" / "velia-containers.yaml", "version: 1.0.0", "version: two")
    files = {p.file.name for p in fault(copy).problems}
    assert files == {"ipea-places.yaml", "velia-containers.yaml"}
