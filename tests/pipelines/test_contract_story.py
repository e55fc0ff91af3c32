"""The pages that tell a contract's life are followed to the letter, in both languages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.resolve import load_contract

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, FRENCH = ROOT / "docs" / "contract-life.md", ROOT / "docs" / "vie-du-contrat.md"


def commands(page: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder in which every command of the page was run, and what each printed."""
    folder = tmp_path_factory.mktemp("story")
    (folder / "feeds").symlink_to(ROOT / "pools" / "porto-alegre" / "feeds")
    tools = folder / "bin"
    tools.mkdir()
    (tools / "regie").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipelines.cli "$@"\n')
    (tools / "regie").chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("REGIE_", "DAGSTER_"))}
    environment |= {"PATH": f"{tools}:{environment['PATH']}", "PYTHONPATH": str(ROOT)}
    printed = {}
    for block in commands(ENGLISH):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        printed[block] = done.stdout + done.stderr
    return folder, printed


def test_both_pages_give_the_same_commands():
    assert commands(ENGLISH) == commands(FRENCH)
    assert len(commands(ENGLISH)) == 8


def test_the_story_ends_with_a_second_version_that_loads(told):
    folder, _ = told
    assert load_contract(folder / "second.yaml").version == "2.0.0"
    assert (folder / "vale" / "contracts" / "enerflux-readings.yaml").is_file()
    assert (folder / "pages" / "reports" / "pages" / "enerflux-readings" / "contract.fr.html").is_file()


@pytest.mark.parametrize("page", [ENGLISH, FRENCH], ids=["en", "fr"])
def test_what_the_page_shows_is_what_was_printed(told, page):
    folder, printed = told
    everything = "\n".join(printed.values())
    text = page.read_text(encoding="utf-8")
    (draft,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert draft in (folder / "draft.yaml").read_text(encoding="utf-8")
    for shown in (
        "BREAKS contributor: reading.power_w: maximum `60000` became `36000` (limit_stricter)",
        "error: version 1.0.0 -> 1.0.0 does not say what changes (major): write `version: 2.0.0`",
        "1 contracts read: 0 wrong, 0 unwise, 0 not checked here",
    ):
        assert shown in text
        assert shown in everything
    assert "1 contracts read: 0 wrong, 8 unwise" in everything
    assert "all 22,276 rows keep the contract" in everything
    assert "102 of 22,409 rows" in everything
    for count in ("“puissance_w”: 50", "repeated rows: 30", "“puissance_w”: 13", "“prm”: 10"):
        assert count in everything
