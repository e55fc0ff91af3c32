"""Uploads come in pieces of any size: however they are cut, the same files are written, or none."""

from __future__ import annotations

import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from portal.api.uploads import Received, receive
from portal.api.words import RefusalError

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nsecret\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="one.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\na;b\r\n--not the end\r\n1;2\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="two.csv"\r\n\r\n\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n'
    b"--b--\r\n"
)
CONTENTS = [b"a;b\r\n--not the end\r\n1;2\r\n", b""]


def send(
    pieces: list[bytes], kind: str, folder: Path, *, max_bytes: int = 1000, cut: bool = False
) -> tuple[Received, list[dict[str, str]]]:
    """Receive pieces as the server would hand them over; return what came and what was asked first."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append(
        {"type": "http.disconnect"} if cut else {"type": "http.request", "body": b"", "more_body": False}
    )
    asked: list[dict[str, str]] = []

    async def next_message():
        return messages.pop(0)

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"name=x.csv", "headers": headers}

    async def run() -> Received:
        request = Request(scope, next_message)
        return await receive(
            request, folder, max_bytes=max_bytes, idle_s=5, permit=lambda fields: asked.append(dict(fields))
        )

    return asyncio.run(run()), asked


def cut_at(body: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places} | {0, len(body)})
    return [body[start:end] for start, end in pairwise(ends)]


@settings(max_examples=60)
@given(st.lists(st.integers(min_value=0, max_value=10_000), max_size=30))
def test_a_form_is_the_same_however_it_is_cut(places: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        received, asked = send(cut_at(FORM, places), "multipart/form-data; boundary=b", Path(name))
        assert [upload.name for upload in received.files] == ["one.csv", "two.csv"]
        assert [upload.path.read_bytes() for upload in received.files] == CONTENTS
        assert [upload.size for upload in received.files] == [len(c) for c in CONTENTS]
    assert received.fields == {"token": "secret"}
    assert asked[0] == {"token": "secret"}, "who sends is asked before the first byte is kept"


@settings(max_examples=60)
@given(st.integers(min_value=0, max_value=len(FORM) - 8))
def test_a_form_cut_anywhere_is_never_taken(end: int) -> None:
    for cut in (True, False):
        with tempfile.TemporaryDirectory() as name, pytest.raises(RefusalError) as caught:
            send([FORM[:end]], "multipart/form-data; boundary=b", Path(name), cut=cut)
        assert caught.value.problem in ("interrupted", "bad_form")


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (b"x" * 1001, "text/csv", "too_large"),
        (b"", "text/csv", "no_file"),
        (b"nothing like a form", "multipart/form-data; boundary=b", "bad_form"),
        (b"x", "multipart/form-data", "bad_form"),
        (FORM.replace(b"1;2", b"1" * 1001), "multipart/form-data; boundary=b", "too_large"),
        (FORM.replace(b"secret", b"s" * 5000), "multipart/form-data; boundary=b", "bad_form"),
        (FORM[: FORM.index(b"--b", 5)] + b"--b--\r\n", "multipart/form-data; boundary=b", "no_file"),
    ],
)  # fmt: skip
def test_what_is_no_upload_is_refused_by_its_reason(
    tmp_path: Path, body: bytes, kind: str, problem: str
) -> None:
    with pytest.raises(RefusalError) as caught:
        send([body], kind, tmp_path)
    assert caught.value.problem == problem


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n1\r\n'
    with pytest.raises(RefusalError) as caught:
        send([part * 32 + b"--b--\r\n"], "multipart/form-data; boundary=b", tmp_path)
    assert caught.value.problem == "too_many"


def test_a_body_of_exactly_the_limit_is_taken(tmp_path: Path) -> None:
    received, asked = send([b"x" * 600, b"y" * 400], "text/csv", tmp_path)
    assert received.files[0].size == 1000
    assert received.files[0].name == "x.csv"
    assert asked == [{}]
