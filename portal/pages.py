"""Laying out pages: one strict template environment, one way to write a page.

Here: templates to text, text to files. Not here: what a page says (`report_view`, `index_view`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from portal.language import CODES, speak

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_NAMES = {"fr": "Français", "en": "English"}


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment of all templates: everything escaped, an unknown name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def lay_out(template: str, code: str, **content: object) -> str:
    """Return the page in that language; templates say their words through `_` and `ngettext`."""
    language = speak(code)
    other = next(c for c in CODES if c != code)
    return (
        environment()
        .get_template(template)
        .render(
            code=code,
            other=other,
            other_name=LANGUAGE_NAMES[other],
            _=language.say,
            ngettext=language.count,
            **content,
        )
    )
