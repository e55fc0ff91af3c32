"""The scan may suspect too much, never too little: it is compared with pandera on every row."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contracts import record_gate, row_suspects
from contracts.compile.pandera import CheckCrashedError, Setting, build_schema, find_failures
from contracts.model import Contract, Delivery, DeliveryMode, RowRule
from contracts.rules.row_rules import list_checks
from tests.contracts.record_gate_toys import Gate, ceiling, column, contract, failing, known, raw, table

QUICK = settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""Shrinking would run the whole gate hundreds of times."""
PERIOD = "2019-05-20"
N_BELOW_W = {"left": "n", "operator": "<=", "right": "w"}
PROMISE = contract(
    table(
        column("id", primary_key=True, required=True, pattern="^[a-zé]{2}$", min_length=2, max_length=2),
        column("at", "TIMESTAMPTZ", primary_key=True, required=True),
        column("n", "INTEGER", minimum=Decimal(0), valid_values=("0", "1", "384")),
        column("w", "DECIMAL(9,3)", required=True, exclusive_minimum=Decimal(-1), maximum=Decimal("99.5")),
        column("f", "DOUBLE", maximum=Decimal("0.1"), exclusive_minimum=Decimal("-0.1")),
        column("d", "DATE", date_format="%Y%m%d"),
        column("b", "BOOLEAN", valid_values=("true", "1")),
        column("u", unique=True, pattern="^(?!x)"),
        column("half", "DECIMAL(9,3)", derived="w / 2", minimum=Decimal(0)),
        rules=(
            known("id", "feed/known.id", "unknown_thing"),
            ceiling("w", "id", "feed/known", "size", {"small": 10, "large": "20.5"}),
            RowRule(id="n_above_w", kind="compare_columns", parameters=N_BELOW_W),
            RowRule(id="outside_period", kind="within_period", columns=("at",)),
        ),
    ),
    timezone="America/Sao_Paulo",
    delivery=Delivery(mode=DeliveryMode.PERIODIC, period="P1D", step_s=1800),
)  # fmt: skip
HEADER = "id at n w f d b u"
NUMBERS = [
    "0",
    "1",
    "-0",
    "01",
    "384",
    "384.0",
    "384.5",
    "10.001",
    "99.5",
    "99.501",
    "0.1",
    "-0.1",
    "1e3",
    "nan",
]
NUMBERS += ["NaN", "inf", "-1", "-0.999", " 1", "1 ", "+1", ".5", "5.", "1,5", "", "1e999", "٣", "0x1"]
STAMPS = ["2019-05-20T00:00:00-03:00", "2019-05-20T23:30:00-03:00", "2019-05-20T24:00:00-03:00", "2019-05-20"]
STAMPS += [
    "2019-05-20T00:15:00-03:00",
    "2019-05-21T02:59:59Z",
    "2019-05-21T03:00:00Z",
    "2019-05-20T000:0:00-03:00",
]
STAMPS += ["2019-05-20T00:00:00", "2019-05-20T00:00-03:00", "2019-05-20T 0:00:00-03:00", "infinity", ""]
CELLS: Mapping[str, list[str]] = {
    "id": ["ab", "zz", "é", "éé", "A1", "ab ", "", "abc", "🙂", "ab\n"],
    "at": STAMPS,
    "n": NUMBERS,
    "w": NUMBERS,
    "f": NUMBERS,
    "d": ["20190520", "20190230", "2019-05-20", " 20190520", "2019520", "", "99999999"],
    "b": ["true", "TRUE", "1", "0", "false", "yes", ""],
    "u": ["x", "y", "yx", "", "ñ", "NULL"],
}


def cells(name: str) -> st.SearchStrategy[str | None]:
    odd = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=4)
    return st.one_of(st.none(), st.sampled_from(CELLS[name]), odd)


ROWS = st.lists(st.tuples(*(cells(name) for name in HEADER.split())), min_size=1, max_size=60)


Judged = tuple[dict[str, int], list[Any], list[Any]]


def judge(rows: list[tuple[str | None, ...]], promise: Contract = PROMISE) -> Judged:
    with tempfile.TemporaryDirectory() as folder:
        gate = Gate(Path(folder))
        gate.register("feed/known", "FROM (VALUES ('ab', 'small'), ('éé', 'large')) AS t (id, size)")
        found = gate.judge(promise, raw(HEADER, *rows), period=PERIOD)
        for count in found.tables:
            assert count.landed == len(rows) == count.accepted + count.quarantined
        return failing(found), gate.accepted(), gate.quarantined("position, rules, original")


@settings(QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_pandera_on_suspects_finds_what_pandera_on_every_row_finds(
    rows: list[tuple[str | None, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    suspects = judge(rows)
    extract = record_gate.extract_suspects
    with monkeypatch.context() as patch:
        patch.setattr(record_gate, "extract_suspects", lambda *args: extract(*args, everything=True))
        everything = judge(rows)
    assert suspects == everything


@settings(QUICK)
@given(rows=ROWS)
def test_quarantine_gives_back_what_was_sent_letter_by_letter(rows: list[tuple[str | None, ...]]) -> None:
    _, _, quarantined = judge(rows)
    for position, _, original in quarantined:
        sent = dict(zip(HEADER.split(), rows[position], strict=True))
        assert original == {name: cell or None for name, cell in sent.items()}


@settings(QUICK)
@given(values=st.lists(st.decimals(-100, 100, places=4).map(str) | st.sampled_from(NUMBERS), min_size=1))
def test_plain_numbers_give_their_text_back(values: list[str]) -> None:
    promise = contract(
        table(column("v", "DECIMAL(9,3)"), column("i", "BIGINT"), column("never", required=True))
    )
    with tempfile.TemporaryDirectory() as folder:
        gate = Gate(Path(folder))
        gate.judge(promise, raw("v i", *((v, v) for v in values)))
        assert gate.quarantined("original.v, original.i") == [(v or None, v or None) for v in values]


def test_a_check_that_crashes_is_ours() -> None:
    """A frame without the column that the schema names is no contributor's fault."""
    import pandas as pd

    promise = contract(table(column("v", pattern="x")))
    schema = build_schema(list_checks(promise, promise.tables[0]), Setting(promise.tables[0], ".", None))
    with pytest.raises(CheckCrashedError):
        find_failures(schema, pd.DataFrame({"other": [1]}))


def test_chunks_of_suspects_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("zz", "x", "y", "z", None, None, None, str(i % 3)) for i in range(100)]
    whole = judge(rows)
    monkeypatch.setattr(row_suspects, "CHUNK_ROWS", 7)
    assert judge(rows) == whole
    assert whole[0]["duplicate_key:u"] == 97


def test_keys_are_found_over_several_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    from contracts import uniqueness

    monkeypatch.setattr(uniqueness, "BUCKET_ROWS", 10)
    promise = contract(table(column("k", primary_key=True, required=True)))
    with tempfile.TemporaryDirectory() as folder:
        gate = Gate(Path(folder))
        found = gate.judge(promise, raw("k", *((str(i % 60),) for i in range(100))))
        assert failing(found) == {"duplicate_key:k": 40}
        assert [k for (k,) in gate.accepted()] == [str(i) for i in range(60)]
