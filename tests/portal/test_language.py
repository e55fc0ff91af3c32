"""Every word of a page exists in both languages, written by each language's customs."""

from __future__ import annotations

import ast
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from jinja2.ext import babel_extract

import portal
from portal.language import CODES, LOCALE, speak, typeset
from portal.masking import mask_text
from portal.pages import TEMPLATES, environment

ROOM = Path(portal.__file__).parent
THIN = "\N{NARROW NO-BREAK SPACE}"


def messages_of_templates():
    for path in sorted(TEMPLATES.glob("*.j2")):
        for _, function, message, _ in babel_extract(BytesIO(path.read_bytes()), ["_", "ngettext"], [], {}):
            yield (message[0], message[1]) if function == "ngettext" else message


def messages_of_code():
    for path in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
                yield ast.literal_eval(node.args[0])
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                words = [
                    a.value for a in node.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)
                ]
                if node.func.attr == "say" and words:
                    yield words[0]
                if node.func.attr == "count" and len(words) == 2:
                    yield tuple(words)


def catalogue(code):
    with (LOCALE / code / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return {m.id: m.string for m in read_po(source, locale=code) if m.id}


@pytest.mark.parametrize("code", CODES)
def test_every_message_of_the_pages_is_said_in_each_language(code):
    used = {*messages_of_templates(), *messages_of_code()}
    assert len(used) > 80
    known = catalogue(code)
    assert used - known.keys() == set()
    assert known.keys() - used == set(), "messages that no page says any more"


@pytest.mark.parametrize("code", CODES)
def test_every_translation_keeps_its_placeholders(code):
    for message, translation in catalogue(code).items():
        forms = translation if isinstance(translation, tuple) else (translation,)
        assert all(forms), message
        wanted = set(re.findall(r"\{\w*\}", message[1] if isinstance(message, tuple) else message))
        assert set(re.findall(r"\{\w*\}", forms[-1])) == wanted, message


def test_no_template_holds_words_of_its_own():
    for path in sorted(TEMPLATES.glob("*.j2")):
        source = path.read_text("utf-8")
        text = "\0".join(v for _, kind, v in environment().lex(source) if kind == "data")
        for attribute in re.findall(r'\b(?:title|alt|aria-label|placeholder)="([^"]*)', text):
            assert not re.search(r"[^\W\d_]{2}", attribute.replace("\0", "")), (path.name, attribute)
        bare = re.sub(r"<[^>]*>", "", text, flags=re.DOTALL)
        assert not re.search(r"[^\W\d_]", bare), (path.name, re.findall(r"[^\W\d_]+", bare))


def test_french_writes_numbers_days_and_marks_its_own_way():
    french = speak("fr")
    assert french.number(22409) == f"22{THIN}409"
    assert french.share(0.4552) == f"0,46{THIN}%"
    assert french.measure(">= 95 %") == f"≥ 95{THIN}%"
    assert french.measure("50.1 % (9976 / 19920)") == f"50,1{THIN}% (9{THIN}976 / 19{THIN}920)"
    assert french.measure("0..1") == "de 0 à 1"
    assert french.measure("2019-05-27T22:30-03:00") == "27 mai 2019, 22:30"
    assert french.measure("^[0-9]{14}$") == "^[0-9]{14}$"
    assert typeset("Attention : « oui » ; non ?", "fr") == (
        f"Attention{THIN}: «{THIN}oui{THIN}»{THIN}; non{THIN}?"
    )


def test_english_writes_them_another_way():
    english = speak("en")
    assert english.number(22409) == "22,409"
    assert english.share(0.4552) == "0.46%"
    assert english.measure("0..1") == "from 0 to 1"


def test_a_tiny_share_never_reads_as_nothing():
    assert speak("en").share(0.0001) == "< 0.01%"
    assert speak("en").share(0) == "0%"


@given(st.text())
def test_masking_twice_is_masking_once_and_leaves_no_letter_or_digit(text):
    masked = mask_text(text)
    assert mask_text(masked) == masked
    assert len(masked) == len(text)
    assert not any(c.isnumeric() or (c.isalpha() and c != "x") for c in masked)
