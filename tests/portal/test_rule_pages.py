"""The pages of rules say every rule of the catalogue, and a kind that a page teaches works as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from contracts.layout import Home
from contracts.model import Frozen
from contracts.parameter_types import Positive
from contracts.pool import load_pool
from contracts.resolve import load_contract
from contracts.rule_kinds import ROW_KINDS
from contracts.rules import catalogue, row_kinds
from contracts.rules.catalogue import Entry, load_catalogue
from contracts.rules.row_kinds import RowKind, register
from pipelines.file_check import FileCheck
from portal.language import CODES
from portal.reports import write_report
from portal.rule_pages import write_rule_pages

ROOT = Path(__file__).parents[2]
POOL = ROOT / "pools" / "porto-alegre"
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)


class Ids(HTMLParser):
    """Ids of elements, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name == "id" and value]


def ids(page: str) -> list[str]:
    parser = Ids()
    parser.feed(page)
    return parser.found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = Home(tmp_path_factory.mktemp("home"))
    page = write_rule_pages(load_pool(POOL), home)
    return {code: page.with_name(f"rules.{code}.html").read_text("utf-8") for code in CODES}


@pytest.mark.parametrize("code", CODES)
def test_every_rule_of_the_catalogue_has_its_anchor_once(pages: dict[str, str], code: str) -> None:
    found = ids(pages[code])
    assert len(found) == len(set(found))
    assert set(load_catalogue()) <= set(found)


@pytest.mark.parametrize("code", CODES)
def test_no_placeholder_is_left_and_every_severity_says_what_it_does(
    pages: dict[str, str], code: str
) -> None:
    assert not re.search(r"\{[a-z]+\}", pages[code].partition("</style>")[2])
    meanings = {
        "fr": ("mise en quarantaine", "avec réserves"),
        "en": ("put in quarantine", "with reservations"),
    }
    assert all(words in pages[code] for words in meanings[code])


def test_a_rule_names_the_feeds_that_are_asked_it(pages: dict[str, str]) -> None:
    jump = pages["fr"].partition('id="jump_up"')[2].partition("</article>")[0]
    assert 'href="velia-bins/index.fr.html">Remplissage des conteneurs</a>' in jump
    assert "enerflux" not in jump


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Whatever a test registers is forgotten after it."""
    known, parameters, texts = dict(row_kinds._KNOWN), dict(ROW_KINDS), dict(catalogue._ADDED)
    yield
    for live, before in ((row_kinds._KNOWN, known), (ROW_KINDS, parameters), (catalogue._ADDED, texts)):
        live.clear()
        live.update(before)


@pytest.mark.usefixtures("forgotten")
def test_the_ten_lines_of_the_page_are_a_rule_in_gate_report_and_catalogue(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    texts, quality = (
        YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    )
    assert code is not None
    assert len([line for line in code[1].splitlines() if line.strip()]) <= 10
    names = {"Frozen": Frozen, "Positive": Positive, "RowKind": RowKind, "register": register}
    exec(compile(code[1], "rules.md", "exec", dont_inherit=True), {"__name__": "rules", **names})  # noqa: S102
    catalogue.add_entries({rule: Entry.model_validate(body, strict=False) for rule, body in texts.items()})
    contract = load_contract(_contract(tmp_path, quality), timezone="America/Sao_Paulo")
    sent = tmp_path / "containers.csv"
    sent.write_text("container_id,lat,lon,capacity_l\na,-30,-51,90\nb,-30,-51,95\nc,-30,-51,480\n", "utf-8")

    verdict = FileCheck(contract, Home(tmp_path / "home"), NOW).judge_file(sent, None)
    (found,) = [r for r in verdict.rules if r.rule == "not_a_multiple"]
    assert (found.outcome, found.failed_rows, found.expected) == ("warning", 1, "× 10")
    assert (found.examples[0].line, found.examples[0].value) == (3, "95")
    assert (verdict.rows_accepted, verdict.status) == (3, "accepted_with_warnings")

    home = Home(tmp_path / "home")
    report = write_report(verdict, contract, home, pool_title={"fr": "Essai"}, previous=None, quarantine=None)
    page = report.read_text("utf-8")
    assert "Valeur hors des paliers" in page
    assert '<a href="../../rules.fr.html#not_a_multiple">' in page
    rules = write_rule_pages(load_pool(POOL), home)
    assert "not_a_multiple" in ids(rules.read_text("utf-8"))
    assert (report.parent / "../../rules.fr.html").resolve() == rules.resolve()


@pytest.mark.usefixtures("forgotten")
def test_a_kind_cannot_take_anothers_name() -> None:
    class Other(Frozen):
        """Nothing."""

    with pytest.raises(ValueError, match="there is a row kind jump already"):
        register(RowKind("jump", Other, expected=lambda _rule: "", fails=lambda _look: "TRUE"))
    with pytest.raises(ValueError, match="there is a row kind compare_columns already"):
        register(RowKind("compare_columns", Other, expected=lambda _rule: "", fails=lambda _look: "TRUE"))


def _contract(folder: Path, quality: object) -> Path:
    """Velia's registry with one more check."""
    yaml = YAML(typ="safe")
    tree = yaml.load((POOL / "contracts" / "velia-containers.yaml").read_text("utf-8"))
    tree["schema"] = [{"name": "container", "quality": quality}]
    path = folder / "velia-containers.yaml"
    with path.open("w", encoding="utf-8") as target:
        yaml.dump(tree, target)
    return path


def test_what_is_told_for_information_is_not_the_thing_to_fix_first(tmp_path: Path) -> None:
    contract = load_contract(POOL / "contracts" / "velia-containers.yaml", timezone="America/Sao_Paulo")
    check = FileCheck(contract, Home(tmp_path / "home"), NOW)
    first = tmp_path / "first.csv"
    first.write_text("container_id,lat,lon,capacity_l\na,-30,-51,90\n", "utf-8")
    check.judge_file(first, None)
    check.now = NOW.replace(hour=10)
    moved = tmp_path / "moved.csv"
    moved.write_text("container_id,lat,lon,capacity_l\na,-30.01,-51,90\n", "utf-8")
    verdict = check.judge_file(moved, None)
    assert (verdict.status, [r.rule for r in verdict.rules if r.failed_rows]) == (
        "accepted",
        ["container_moved"],
    )
    page = check.write_report(verdict, Home(tmp_path / "pages")).read_text("utf-8")
    assert "Conteneurs déplacés" in page
    assert "À corriger en premier" not in page
