"""A quarantined row waits, enters, is mended or expires; it is never in the pool twice, nor lost."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connectors.formats import read_tables
from contracts import verdicts as verdict_store
from contracts.failing_rows import write_failing_rows
from contracts.gate import judge
from contracts.layout import Home
from contracts.pool import load_pool
from contracts.quarantine import list_quarantine
from contracts.quarantine_states import FOLLOWERS, Act, RowState, append, count_states, log_folder
from contracts.quarantine_tally import tally_feed
from contracts.quarantine_upkeep import keep_up
from contracts.rejudge import Ward
from contracts.released import LINEAGE, released_rows
from contracts.replay import NotStandingError, release, replay
from contracts.verdict import Arrival
from contracts.verdicts import registers_for
from tests.contracts.quarantine_toys import NOW, Toys, retained, toys
from tests.contracts.record_gate_toys import column, known

ROOT = Path(__file__).resolve().parents[2]
POOL = load_pool(ROOT / "pools" / "porto-alegre")
GOOD, HIGH, ODD, TEXT = ("aa", "1", "me"), ("bb", "11", "me"), ("B!", "2", "me"), ("cc", "much", "me")
REPEAT = ("aa", "3", "you")


@pytest.fixture
def home(tmp_path):
    return Toys(tmp_path)


def test_a_row_that_nobody_touched_is_open(home):
    verdict = home.deliver(GOOD, HIGH, ODD)
    assert home.keep_up() == 0
    assert home.states(verdict) == {1: "open", 2: "open"}


def test_a_replay_under_the_same_contract_lets_nothing_in(home):
    verdict = home.deliver(GOOD, HIGH, ODD, TEXT, REPEAT)
    done = replay(home.ward(), verdict)
    assert (done.judged, done.total) == (4, 0)
    assert home.standing(verdict) == [("aa", 1)]


def test_a_looser_contract_lets_in_what_it_allows_and_the_log_says_by_which_version(home):
    verdict = home.deliver(GOOD, HIGH, ODD)
    loose = toys(most=20, version="1.1.0")
    assert replay(home.ward(loose), verdict).entered == {"toy": 1}
    assert home.standing(verdict) == [("aa", 1), ("bb", 11)]
    assert home.said(verdict, 1) == ("released", "passes contract 1.1.0", None, "contract 1.1.0")
    assert home.states(verdict) == {1: "released", 2: "open"}


def test_a_second_replay_changes_nothing(home):
    verdict = home.deliver(GOOD, HIGH)
    loose = toys(most=20, version="1.1.0")
    replay(home.ward(loose), verdict)
    path = released_rows(home.home, verdict, "toy")
    before = path.read_bytes()
    assert replay(home.ward(loose), verdict).total == 0
    assert path.read_bytes() == before


def test_a_released_row_carries_its_lineage(home):
    verdict = home.deliver(GOOD, HIGH)
    release(home.ward(), verdict, "toy", [1], actor="maker", reason="measured again by hand")
    path = released_rows(home.home, verdict, "toy")
    row = home.con.execute(f"SELECT {', '.join(LINEAGE)} FROM '{path}'").fetchone()
    assert row == (1, 3, NOW, "measured again by hand", "maker", None)


def test_the_gates_own_file_is_never_changed(home):
    verdict = home.deliver(GOOD, HIGH)
    path = home.home.accepted / verdict.folder / "toy.parquet"
    before = path.read_bytes()
    release(home.ward(), verdict, "toy", [1], actor="maker", reason="right")
    assert path.read_bytes() == before


def test_a_column_that_only_the_new_contract_has_does_not_reach_the_old_rows(home):
    verdict = home.deliver(GOOD, HIGH)
    loose = toys(most=20, version="1.1.0")
    wider = loose.tables[0].model_copy(update={"columns": (*loose.tables[0].columns, column("colour"))})
    replay(home.ward(loose.model_copy(update={"tables": (wider,)})), verdict)
    assert home.standing(verdict) == [("aa", 1), ("bb", 11)]


def test_what_does_not_fit_its_type_cannot_be_released(home):
    verdict = home.deliver(GOOD, TEXT, ODD)
    done = release(home.ward(), verdict, "toy", [1, 2], actor="maker", reason="right")
    assert done.total == 1
    assert home.states(verdict) == {1: "open", 2: "released"}


def test_a_repeat_of_an_accepted_key_is_never_let_in(home):
    verdict = home.deliver(GOOD, REPEAT)
    assert release(home.ward(), verdict, "toy", [1], actor="maker", reason="right").total == 0
    assert replay(home.ward(toys(most=99)), verdict).total == 0
    assert home.standing(verdict) == [("aa", 1)]


def test_of_two_kept_rows_with_one_key_the_first_enters(home):
    verdict = home.deliver(("dd", "12", ""), ("dd", "13", ""))
    replay(home.ward(toys(most=20)), verdict)
    assert home.standing(verdict) == [("dd", 12)]
    # The other is a repeat of an accepted row from now on, whoever answers for it.
    assert release(home.ward(), verdict, "toy", [1], actor="maker", reason="both").total == 0


def test_rows_of_a_refused_delivery_do_not_enter_one_by_one(home):
    verdict = home.deliver(GOOD, HIGH, is_accepted=False)
    with pytest.raises(NotStandingError):
        replay(home.ward(), verdict)
    with pytest.raises(NotStandingError):
        release(home.ward(), verdict, "toy", [1], actor="maker", reason="x")


def test_a_redelivery_that_has_the_row_right_closes_it(home):
    first = home.deliver(GOOD, HIGH)
    second = home.deliver(GOOD, ("bb", "9", "me"))
    assert home.keep_up() == 1
    by = second.arrival.delivery_id
    assert home.said(first, 1) == ("fixed", f"right in delivery {by}", None, f"delivery {by}")
    assert home.keep_up() == 0


def test_a_redelivery_without_the_row_leaves_it_open(home):
    first = home.deliver(GOOD, HIGH)
    home.deliver(GOOD)
    assert home.keep_up() == 0
    assert home.states(first) == {1: "open"}


def test_a_row_whose_key_cannot_be_read_is_fixed_once_no_row_breaks_that_rule(home):
    first = home.deliver(GOOD, ODD)
    home.deliver(GOOD, ("C!", "2", "me"))
    home.keep_up()
    assert home.states(first) == {1: "open"}
    home.deliver(GOOD, ("cd", "2", "me"))
    home.keep_up()
    assert home.states(first) == {1: "fixed"}


def test_a_refused_redelivery_fixes_nothing(home):
    first = home.deliver(GOOD, HIGH)
    home.deliver(GOOD, ("bb", "9", "me"), is_accepted=False)
    assert home.keep_up() == 0
    assert home.states(first) == {1: "open"}


def test_rows_open_again_when_what_mended_them_stands_no_more(home):
    first = home.deliver(GOOD, HIGH)
    home.deliver(GOOD, ("bb", "9", "me"))
    home.keep_up()
    home.verdicts.reverse()
    assert home.keep_up() == 1
    assert home.states(first) == {1: "open"}


def test_a_refused_deliverys_rows_are_fixed_by_the_good_one(home):
    first = home.deliver(GOOD, HIGH, is_accepted=False)
    home.deliver(GOOD, ("bb", "9", "me"))
    home.keep_up()
    assert home.states(first) == {1: "fixed"}


def test_the_contracts_retention_ends_a_row_and_takes_its_text(home):
    verdict = home.deliver(GOOD, HIGH)
    assert home.keep_up(retained(3), days=3) == 0
    assert home.keep_up(retained(3), days=4) == 1
    assert home.states(verdict) == {1: "expired"}
    path = home.home.quarantine / verdict.folder / "toy.parquet"
    assert home.con.execute(f"SELECT original, raw_line FROM '{path}'").fetchall() == [(None, None)]
    assert home.keep_up(retained(3), days=5) == 0
    assert replay(home.ward(toys(most=20)), verdict).judged == 0


def test_a_release_survives_a_judgement_anew_and_is_not_doubled(home):
    rows = (GOOD, HIGH, ODD)
    verdict = home.deliver(*rows)
    release(home.ward(), verdict, "toy", [1, 2], actor="maker", reason="right")
    verdict = home.deliver(*rows, again=verdict)
    assert home.standing(verdict) == [("aa", 1)]
    home.keep_up()
    assert home.standing(verdict) == [("B!", 2), ("aa", 1), ("bb", 11)]
    loose = toys(most=20)
    verdict = home.deliver(*rows, again=verdict, by=loose)
    home.keep_up(loose)
    assert home.standing(verdict) == [("B!", 2), ("aa", 1), ("bb", 11)]


def test_a_row_that_passed_a_replay_opens_again_under_a_stricter_contract(home):
    verdict = home.deliver(GOOD, HIGH)
    replay(home.ward(toys(most=20, version="1.1.0")), verdict)
    verdict = home.deliver(GOOD, HIGH, again=verdict)
    home.keep_up()
    assert home.states(verdict) == {1: "open"}
    assert home.standing(verdict) == [("aa", 1)]


def test_a_row_that_a_new_version_accepts_has_left_the_quarantine(home):
    verdict = home.deliver(GOOD, HIGH)
    loose = toys(most=20, version="1.1.0")
    verdict = home.deliver(GOOD, HIGH, again=verdict, by=loose)
    home.keep_up(loose)
    assert home.said(verdict, 1) == ("released", "accepted by contract 1.1.0", None, "contract 1.1.0")
    verdict_store.record(home.home, verdict)
    (row,) = list_quarantine(home.con, home.home, {"toys": loose}).to_pylist()
    assert (row["contract_version"], row["state"]) == ("1.0.0", "released")


def test_a_reference_within_the_delivery_is_looked_up_in_all_of_it(home):
    # `watcher` must name a toy of the delivery: `aa` is accepted, `bb` is kept, `zz` is nowhere.
    promise = toys(rules=(known("watcher", "toy.id"),))
    rows = (("aa", "1", "aa"), ("bb", "11", "aa"), ("cc", "12", "bb"), ("dd", "13", "zz"))
    verdict = home.deliver(*rows, by=promise)
    loose = toys(most=20, rules=(known("watcher", "toy.id"),))
    assert replay(home.ward(loose), verdict).total == 2
    assert [name for name, _ in home.standing(verdict)] == ["aa", "bb", "cc"]


def test_a_row_that_broke_a_rule_whose_register_is_gone_stays(home):
    promise = toys(rules=(known("watcher", "makers/maker.id", rule="unknown_maker"),))
    path = home.home.root / "makers.parquet"
    home.con.execute(f"COPY (SELECT 'me' AS id) TO '{path}' (FORMAT parquet)")
    registers = {"makers/maker": path}
    verdict = home.deliver(GOOD, ("bb", "1", "nobody"), by=promise, registers=registers)
    assert home.states(verdict) == {1: "open"}
    assert replay(home.ward(promise), verdict).total == 0
    home.con.execute(f"COPY (SELECT unnest(['me', 'nobody']) AS id) TO '{path}' (FORMAT parquet)")
    assert replay(home.ward(promise, registers=registers), verdict).total == 1


def test_rows_judged_by_other_keys_are_not_compared(home):
    verdict = home.deliver(GOOD, HIGH)
    loose = toys(most=20, version="2.0.0")
    renamed = tuple(
        c.model_copy(update={"name": "name"}) if c.name == "id" else c for c in loose.tables[0].columns
    )
    table = loose.tables[0].model_copy(update={"columns": renamed})
    with pytest.raises(NotStandingError, match=r"no name in toy.*regie run"):
        replay(home.ward(loose.model_copy(update={"tables": (table,)})), verdict)


def test_once_its_text_is_gone_no_csv_is_made_of_a_row(home, tmp_path):
    verdict = home.deliver(GOOD, HIGH)
    folder = home.home.quarantine / verdict.folder
    assert len(write_failing_rows(home.con, toys(), folder, tmp_path / "csv", "d")) == 1
    home.keep_up(retained(1), days=2)
    assert write_failing_rows(home.con, toys(), folder, tmp_path / "csv", "d") == ()


def test_the_list_says_what_became_of_each_row_and_masks_the_person(home):
    verdict = home.deliver(GOOD, ("bb", "11", "Maria Silva"), ODD)
    release(home.ward(), verdict, "toy", [1], actor="maker", reason="right")
    rows = list_quarantine(home.con, home.home, {"toys": toys()}).to_pylist()
    assert [(r["contributor"], r["position"], r["state"], r["actor"]) for r in rows] == [
        ("maker", 1, "released", "maker"),
        ("maker", 2, "open", None),
    ]
    assert json.loads(rows[0]["original"]) == {"ref": "bb", "level": "11", "watcher": "Mari…"}
    only = list_quarantine(home.con, home.home, {"toys": toys()}, state="open").to_pylist()
    assert [r["position"] for r in only] == [2]


def test_the_log_takes_no_state_that_may_not_follow(home):
    verdict = home.deliver(GOOD, HIGH)
    home.keep_up(retained(1), days=2)
    rows = "SELECT 'toy' AS table_name, 1::BIGINT AS position"
    for state in RowState:
        assert append(home.con, home.home, verdict.arrival, rows, Act(state, NOW, "x")) == 0


def test_two_writers_of_the_log_get_two_numbers(home, monkeypatch):
    verdict = home.deliver(GOOD, HIGH, ODD)
    folder = log_folder(home.home, verdict.arrival)
    link, calls = os.link, []

    def someone_was_faster(source, target):
        if not calls:
            calls.append(target)
            link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", someone_was_faster)
    rows = "SELECT 'toy' AS table_name, 1::BIGINT AS position"
    append(home.con, home.home, verdict.arrival, rows, Act(RowState.RELEASED, NOW, "x"))
    assert sorted(p.name for p in folder.iterdir()) == ["000001.parquet", "000002.parquet"]


LEVELS = st.sampled_from(["1", "9", "11", "19", "21", "-1", "much", None])
ROWS = st.lists(st.tuples(st.sampled_from(["aa", "bb", "cc", "D!"]), LEVELS, st.just("me")), max_size=5)


class Working(RuleBasedStateMachine):
    """Whatever is done to it, in any order, the quarantine keeps its promises."""

    @initialize(rows=ROWS)
    def start(self, rows):
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.home = Toys(Path(self.folder.name))
        self.promise = toys()
        self.sent = {}
        self.seen = {}
        self.deliver(rows)

    def deliver(self, rows):
        verdict = self.home.deliver(*rows, by=self.promise)
        self.sent[verdict.arrival.delivery_id] = rows
        self.home.keep_up(self.promise)

    @rule(rows=ROWS)
    def redeliver(self, rows):
        if len(self.home.verdicts) < 4:
            self.deliver(rows)

    @rule(most=st.sampled_from([5, 10, 20, 30]))
    def change_the_contract_and_replay(self, most):
        self.promise = toys(most=most)
        replay(self.home.ward(self.promise), self.home.verdicts[-1])

    @rule(position=st.integers(0, 5))
    def release_a_row(self, position):
        release(
            self.home.ward(self.promise),
            self.home.verdicts[-1],
            "toy",
            [position],
            actor="maker",
            reason="right",
        )

    @rule()
    def judge_the_last_one_anew(self):
        last = self.home.verdicts[-1]
        self.home.deliver(*self.sent[last.arrival.delivery_id], by=self.promise, again=last)
        self.home.keep_up(self.promise)

    @rule()
    def see_an_old_one_again(self):
        self.home.verdicts.insert(len(self.home.verdicts), self.home.verdicts.pop(0))
        self.home.keep_up(self.promise)

    @invariant()
    def nothing_is_lost_nor_doubled(self):
        for verdict in getattr(self, "home", None).verdicts if hasattr(self, "home") else ():
            states = self.home.states(verdict)
            released = sum(state == "released" for state in states.values())
            standing = self.home.standing(verdict)
            assert verdict.rows_landed == verdict.rows_accepted + len(states)
            assert len(standing) == verdict.rows_accepted + released
            ids = [name for name, _ in standing]
            assert len(ids) == len(set(ids))

    @invariant()
    def states_follow_each_other_as_they_may(self):
        for verdict in self.home.verdicts if hasattr(self, "home") else ():
            folder = log_folder(self.home.home, verdict.arrival)
            for file in sorted(folder.glob("[0-9]*.parquet")) if folder.is_dir() else ():
                if file in self.seen:
                    continue
                self.seen[file] = True
                query = f"SELECT position, state FROM '{file}'"
                for position, state in self.home.con.execute(query).fetchall():
                    key = (verdict.arrival.delivery_id, position)
                    assert RowState(state) in FOLLOWERS[self.seen.get(key, RowState.OPEN)]
                    self.seen[key] = RowState(state)

    def teardown(self):
        if hasattr(self, "home"):
            assert self.home.keep_up(self.promise) >= 0
            assert self.home.keep_up(self.promise) == 0
            self.home.con.close()
            self.folder.cleanup()


TestWorking = Working.TestCase
TestWorking.settings = settings(
    max_examples=12,
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


ENERGY = POOL.path / "feeds" / "energy"
READINGS = POOL.contract("enerflux-readings")
CLOCK = datetime(2019, 6, 10, 9, tzinfo=UTC)


class Energy:
    """The energy feed's planted faults, judged by both gates."""

    def __init__(self, root):
        self.home = Home(root)
        self.con = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
        self.con.execute("SET TimeZone = 'UTC'")
        self.judge("enerflux-meters", None, ENERGY / "meters.csv")

    def judge(self, feed, period, path):
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        arrival = Arrival(
            delivery_id=sha[:16],
            contributor="enerflux",
            feed=feed,
            period=period,
            sha256=sha,
            size=1,
            source=path.name,
            received_at=CLOCK,
        )
        [verdict] = judge(
            self.con,
            POOL.contract(feed),
            [(arrival, path)],
            read_tables=read_tables,
            home=self.home,
            now=CLOCK,
        )
        return verdict

    def ward(self, contract=READINGS):
        return Ward(self.con, self.home, contract, registers_for(self.home, contract).paths, CLOCK)


@pytest.fixture(scope="module")
def energy(tmp_path_factory):
    return Energy(tmp_path_factory.mktemp("energy"))


def test_the_102_rows_of_may_20_wait_and_only_what_a_contract_allows_enters(energy):
    verdict = energy.judge("enerflux-readings", "2019-05-20", ENERGY / "readings_2019-05-20.csv.gz")
    assert replay(energy.ward(), verdict).judged == 102
    assert replay(energy.ward(), verdict).total == 0
    columns = tuple(
        c.model_copy(update={"minimum": None}) if c.name == "power_w" else c
        for c in READINGS.table("reading").columns
    )
    table = READINGS.table("reading").model_copy(update={"columns": columns})
    done = replay(energy.ward(READINGS.model_copy(update={"tables": (table,)})), verdict)
    # 50 negative powers; the 13 beyond the ceiling, 10 malformed ids and 30 repeats stay.
    assert done.entered == {"reading": 50}
    assert count_states(energy.con, energy.home, verdict.arrival) == {RowState.RELEASED: 50}


def test_the_redelivery_of_may_27_leaves_no_row_open(energy):
    energy.judge("enerflux-readings", "2019-05-27", ENERGY / "readings_2019-05-27.csv.gz")
    energy.judge("enerflux-readings", "2019-05-27", ENERGY / "readings_2019-05-27.v2.csv.gz")
    verdicts = verdict_store.deliveries(energy.home, "enerflux-readings", "2019-05-27")
    keep_up(energy.ward(), verdicts)
    rows = list_quarantine(
        energy.con, energy.home, {READINGS.id: READINGS}, period="2019-05-27", state="open"
    )
    assert rows.num_rows == 0


def test_a_corrected_may_20_closes_every_one_of_its_102_rows(energy, tmp_path):
    import gzip

    first = energy.judge("enerflux-readings", "2019-05-20", ENERGY / "readings_2019-05-20.csv.gz")
    lines = gzip.decompress((ENERGY / "readings_2019-05-20.csv.gz").read_bytes()).decode().splitlines()
    folder = energy.home.quarantine / first.folder / "reading.parquet"
    wrong = {
        line: {r["rule"] for r in rules}
        for line, rules in energy.con.execute(f"SELECT line, rules FROM '{folder}'").fetchall()
    }
    # The sender leaves repeats and unknown meters out, and writes a plausible power for the rest.
    mended = [
        ";".join([*line.split(";")[:3], "1"]) if number in wrong else line
        for number, line in enumerate(lines, start=1)
        if not wrong.get(number, set()) & {"duplicate_key", "pattern_mismatch"}
    ]
    path = tmp_path / "readings.csv.gz"
    path.write_bytes(gzip.compress("\n".join(mended).encode(), mtime=0))
    second = energy.judge("enerflux-readings", "2019-05-20", path)
    assert (second.is_accepted, second.rows_quarantined) == (True, 0)
    before = count_states(energy.con, energy.home, first.arrival).get(RowState.RELEASED, 0)
    keep_up(energy.ward(), verdict_store.deliveries(energy.home, "enerflux-readings", "2019-05-20"))
    states = count_states(energy.con, energy.home, first.arrival)
    assert states[RowState.FIXED] + states.get(RowState.RELEASED, 0) == 102
    assert states[RowState.FIXED] >= 102 - before


def test_kept_rows_are_tallied_by_rule_and_state(home):
    verdict = home.deliver(GOOD, HIGH, ("C!", "12", "me"), ODD)
    release(home.ward(), verdict, "toy", [1], actor="maker", reason="right")
    found = [(t.rule, t.column, dict(t.counts)) for t in tally_feed(home.con, home.home, toys())]
    assert found == [
        ("pattern_mismatch", "id", {RowState.OPEN: 2}),
        ("value_above_maximum", "level", {RowState.OPEN: 1, RowState.RELEASED: 1}),
    ]
