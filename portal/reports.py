"""Validation reports: for each delivery a page in French and in English, and its content as JSON.

Here: writing them at their stable addresses. Not here: what they say (`report_view`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from contracts.failing_rows import write_failing_rows
from contracts.layout import SNAPSHOT, Home
from contracts.model import Contract
from contracts.verdict import Verdict
from contracts.verdicts import write_atomically
from portal.language import CODES, speak
from portal.masking import mask_verdict
from portal.pages import lay_out
from portal.problem_view import file_name
from portal.report_view import Report, compose

FORMAT = "regie-report/1"


def write_report(
    verdict: Verdict,
    contract: Contract,
    home: Home,
    *,
    pool_title: Mapping[str, str],
    previous: Verdict | None,
    quarantine: Path | None,
) -> Path:
    """Write `<delivery_id>.fr.html`, `.en.html` and `.json`; return the French page.

    Rows in quarantine go whole to `<delivery_id>.quarantine.csv` beside them.

    Same verdict, same bytes: no page holds the time it was written.

    Args:
        verdict: the judgement to report.
        contract: the resolved contract it was judged by.
        home: pages go to `home.pages/<feed>/<period or snapshot>/`.
        pool_title: the pool's name by language; empty outside a pool.
        previous: the delivery of this feed received before this one, if any.
        quarantine: folder of the quarantined rows' Parquet files, if any were kept.
    """
    verdict = mask_verdict(verdict, contract)
    folder = home.pages / report_folder(verdict)
    files = _quarantined_files(verdict, quarantine)
    reports = {
        code: compose(
            verdict,
            contract,
            speak(code),
            pool_title=pool_title,
            previous=previous,
            quarantined_files=files,
        )
        for code in CODES
    }
    stem = verdict.arrival.delivery_id
    failing = _write_failing_rows(verdict, contract, quarantine, folder)
    for code, report in reports.items():
        write_atomically(folder / f"{stem}.{code}.html", _lay_out(report, stem, failing))
    write_atomically(folder / f"{stem}.json", _as_json(verdict, reports))
    return folder / f"{stem}.{CODES[0]}.html"


def report_folder(verdict: Verdict) -> str:
    """Return where a delivery's pages lie under `home.pages`, with forward slashes."""
    return f"{verdict.arrival.feed}/{verdict.arrival.period or SNAPSHOT}"


def report_address(verdict: Verdict, code: str) -> str:
    """Return the page's address relative to the pool's index."""
    return quote(f"{report_folder(verdict)}/{verdict.arrival.delivery_id}.{code}.html")


def _quarantined_files(verdict: Verdict, quarantine: Path | None) -> tuple[str, ...]:
    """Names under the home, so that two homes write the same page."""
    if quarantine is None or not verdict.rows_quarantined or verdict.arrival.is_try:
        return ()
    return tuple(
        f"quarantine/{verdict.folder or report_folder(verdict)}/{t.table}.parquet"
        for t in verdict.tables
        if t.quarantined and (quarantine / f"{t.table}.parquet").exists()
    )


def _write_failing_rows(
    verdict: Verdict, contract: Contract, quarantine: Path | None, folder: Path
) -> tuple[str, ...]:
    """Write every quarantined row for its sender; return the files' names."""
    if quarantine is None or not verdict.rows_quarantined or not quarantine.is_dir():
        return ()
    import duckdb

    with duckdb.connect(config={"threads": 2, "memory_limit": "500MB"}) as con:
        files = write_failing_rows(con, contract, quarantine, folder, verdict.arrival.delivery_id)
    return tuple(file.name for file in files)


def _lay_out(report: Report, stem: str, failing: tuple[str, ...]) -> str:
    return lay_out("report.html.j2", report.code, r=report, stem=quote(stem), failing_rows=failing)


def _as_json(verdict: Verdict, reports: Mapping[str, Report]) -> str:
    facts = verdict.model_dump(mode="json", exclude={"rules", "profile"})
    # Where and how the bytes were fetched differs from run to run; the file's name does not.
    del facts["arrival"]["headers"]
    facts["arrival"]["source"] = file_name(verdict)
    facts["rules"] = [r.model_dump(mode="json") for r in verdict.rules]
    content = {
        "format": FORMAT,
        "verdict": facts,
        **{code: _without_chart(report) for code, report in reports.items()},
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _without_chart(report: Report) -> dict[str, Any]:
    texts = asdict(report)
    del texts["chart"]
    return texts
