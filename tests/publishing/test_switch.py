"""All or nothing: whatever stops a publication, readers see the last whole version."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import lakes
import pytest

from contracts.layout import Home
from publishing import publish as publishing
from publishing.errors import PublicationError
from publishing.switch import (
    current_version,
    digest_tree,
    keep_version,
    name_version,
    stage_folder,
    switch_current,
)


@pytest.fixture
def small(pool, tmp_path):
    """One dataset, two lakes: a day, then two."""
    folder = tmp_path / "pool" / "datasets"
    folder.mkdir(parents=True)
    for name in ("_catalogue.yaml", "container-observations.yaml"):
        (folder / name).write_text((lakes.POOL / "datasets" / name).read_text())
    pool = pool.model_copy(update={"path": folder.parent})
    lake = lakes.empty_lake()
    verdicts = lakes.fill_waste(lake, pool, ["2019-05-13"])
    return pool, lake, verdicts, Home(tmp_path / "home")


def test_a_failing_check_leaves_the_current_version_as_it_was(small, monkeypatch):
    pool, lake, verdicts, home = small
    first = publishing.publish(lake, pool, home, verdicts, code_version="1")
    before = digest_tree(first.path)

    def refuse(_graph):
        raise PublicationError("catalogue", "catalogue_invalid", "for the test")

    monkeypatch.setattr(publishing, "validate_catalogue", refuse)
    more = verdicts + lakes.fill_waste(lake, pool, ["2019-05-14"])
    with pytest.raises(PublicationError, match="catalogue_invalid"):
        publishing.publish(lake, pool, home, more, code_version="1")
    assert current_version(home) == first.version
    assert digest_tree(first.path) == before
    monkeypatch.undo()
    second = publishing.publish(lake, pool, home, more, code_version="1")
    assert second.changed
    assert first.path.is_dir()
    assert not (home.published / ".staging").exists()


@pytest.mark.parametrize("step", ["rename", "replace", "symlink_to"])
def test_a_run_killed_at_any_step_leaves_a_whole_version(small, step):
    pool, lake, verdicts, home = small
    first = publishing.publish(lake, pool, home, verdicts, code_version="1")
    program = textwrap.dedent(f"""
        import os, pathlib, sys
        sys.path.insert(0, {str(lakes.ROOT)!r})
        from contracts.layout import Home
        from pathlib import Path
        from publishing.switch import keep_version, name_version, digest_tree, stage_folder, switch_current
        home = Home(Path({str(home.root)!r}))
        staging = stage_folder(home)
        (staging / "a.txt").write_text("new")
        version = name_version(digest_tree(staging), "inputs")
        setattr(pathlib.Path, {step!r}, lambda self, *a, **k: os._exit(9))
        keep_version(home, staging, version)
        switch_current(home, version)
    """)
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert current_version(home) == first.version
    assert (home.published / "current" / "manifest.json").is_file()
    again = publishing.publish(lake, pool, home, verdicts, code_version="1")
    assert not again.changed
    left = {path.name for path in home.published.iterdir()}
    assert left == {"current", "versions", "publish.lock"}


def test_the_switch_is_one_rename_so_that_a_reader_always_finds_a_version(tmp_path, monkeypatch):
    home = Home(tmp_path)
    seen = []
    for text in ("one", "two"):
        staging = stage_folder(home)
        (staging / "a.txt").write_text(text)
        version = name_version(digest_tree(staging))
        keep_version(home, staging, version)
        original = os.replace
        monkeypatch.setattr(
            os,
            "replace",
            lambda a, b, original=original: (
                seen.append((home.published / "current").exists()),
                original(a, b),
            ),
        )
        assert switch_current(home, version)
        assert (home.published / "current" / "a.txt").read_text() == text
    assert not switch_current(home, version)


def test_a_version_with_other_bytes_under_its_name_is_refused(tmp_path):
    home = Home(tmp_path)
    for text in ("one", "two"):
        staging = stage_folder(home)
        (staging / "a.txt").write_text(text)
        if text == "one":
            keep_version(home, staging, "v")
        else:
            with pytest.raises(PublicationError, match="version_differs"):
                keep_version(home, staging, "v")


def test_another_code_version_is_another_version_of_the_same_data(small):
    pool, lake, verdicts, home = small
    first = publishing.publish(lake, pool, home, verdicts, code_version="1")
    second = publishing.publish(lake, pool, home, verdicts, code_version="2")
    assert first.version != second.version
    name = "container-observations/container-observations.parquet"
    assert (first.path / name).read_bytes() == (second.path / name).read_bytes()
