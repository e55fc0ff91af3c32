"""Where a page is found over HTTP. Here: one rule, for the links in Dagster."""

from __future__ import annotations

from contracts.verdict import Verdict
from pipelines.settings import Settings
from portal.reports import report_address

PAGES = "reports/pages"


def report_url(settings: Settings, verdict: Verdict, language: str = "en") -> str:
    """Return the address of a delivery's report in a language (`fr` or `en`)."""
    return f"{settings.portal}/{PAGES}/{report_address(verdict, language)}"


def index_url(settings: Settings) -> str:
    """Return the address of the pool's index."""
    return f"{settings.portal}/{PAGES}/index.html"
