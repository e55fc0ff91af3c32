"""The server's and its mails' words exist in both languages, and each refusal has its sentence."""

from __future__ import annotations

import ast
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import pipelines.notify
import portal.api
from portal.api.uploads import safe_name
from portal.api.views import TEMPLATES
from portal.api.words import CATALOGUE, PROBLEMS
from portal.language import CODES, LOCALE

ROOMS = (Path(portal.api.__file__).parent, Path(pipelines.notify.__file__).parent)


def messages_of_templates():
    for path in sorted(TEMPLATES.glob("*.j2")):
        for _, function, message, _ in babel_extract(BytesIO(path.read_bytes()), ["_", "ngettext"], [], {}):
            if function == "ngettext":
                yield (message[0], message[1])
            else:
                yield message[0] if isinstance(message, tuple) else message


def messages_of_code():
    for path in sorted(p for room in ROOMS for p in room.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("say", "N_") and words:
                yield words[0]
            if name == "count" and len(words) == 2:
                yield tuple(words)


def catalogue(code, name):
    with (LOCALE / code / "LC_MESSAGES" / name).open("rb") as source:
        return {m.id: m.string for m in read_po(source, locale=code) if m.id}


@pytest.mark.parametrize("code", CODES)
def test_every_message_is_said_in_each_language(code):
    used = {*messages_of_templates(), *messages_of_code()}
    known = catalogue(code, CATALOGUE)
    assert len(used) > 40
    assert used - known.keys() - catalogue(code, "messages.po").keys() == set()
    assert known.keys() - used == set(), "messages that nothing says any more"


@pytest.mark.parametrize("code", CODES)
def test_every_translation_keeps_its_placeholders(code):
    for message, translation in catalogue(code, CATALOGUE).items():
        forms = translation if isinstance(translation, tuple) else (translation,)
        assert all(forms), message
        wanted = set(re.findall(r"\{\w*\}", message[1] if isinstance(message, tuple) else message))
        assert set(re.findall(r"\{\w*\}", forms[-1])) == wanted, message


def test_each_refusal_that_the_code_makes_is_in_the_closed_list():
    sources = [p.read_text("utf-8") for room in ROOMS for p in room.glob("*.py")]
    sources.append((ROOMS[1].parent / "serve.py").read_text("utf-8"))
    made = {m for source in sources for m in re.findall(r'RefusalError\(\s*\d+,\s*"(\w+)"', source)}
    assert len(made) > 10
    assert made <= PROBLEMS.keys()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\relevés 2019-05-20.csv", "relevés 2019-05-20.csv"),
        ("a\r\nSet-Cookie: x", "a_Set-Cookie_ x"),
        ("<b>", "_b_"),
        ("...", "file"),
        ("", "file"),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_files_name_loses_what_means_something_elsewhere(name, safe):
    assert safe_name(name) == safe
