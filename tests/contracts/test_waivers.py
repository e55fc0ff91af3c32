"""A waived rule is counted and shown and weighs nothing; the day after its last it speaks again."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats import read_tables
from contracts.errors import ContractError
from contracts.gate import judge
from contracts.model import Severity, Waiver
from contracts.pool import load_pool
from contracts.quarantine import list_quarantine
from contracts.verdict import Outcome, Status
from contracts.waivers import WAIVERS_FILE, waivers_beside
from contracts.waiving import covers, digest_in_force, in_force
from tests.contracts.quarantine_toys import Toys, toys

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "pools" / "porto-alegre"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
HEAD = "waivers:\n"
COLOURS = """\
  - feed: eptc-gtfs
    rule: invalid_color
    table: routes.txt
    column: route_text_color
    acceptedBy: pool-porto-alegre
    from: "2019-06-01"
    until: "2019-06-30"
    reason: {en: "New colours come with the summer timetable.", fr: "Couleurs refaites cet été."}
"""


@pytest.fixture
def pool_with(tmp_path):
    """The bundled pool's plain files with a waivers.yaml of one's own."""

    def write(text):
        root = tmp_path / "pool"
        if not root.exists():
            root.mkdir()
            shutil.copy(BUNDLED / "pool.yaml", root)
            shutil.copytree(BUNDLED / "contracts", root / "contracts")
        (root / WAIVERS_FILE).write_text(text, "utf-8")
        return root

    return write


def faults(root):
    with pytest.raises(ContractError) as caught:
        load_pool(root)
    return [(p.line, p.key, p.problem) for p in caught.value.problems]


def test_each_contract_gets_its_own_waivers_and_keeps_its_digest(pool_with):
    pool = load_pool(pool_with(HEAD + COLOURS))
    (waiver,) = pool.contract("eptc-gtfs").waivers
    assert (waiver.rule, waiver.accepted_by, waiver.until) == (
        "invalid_color",
        "pool-porto-alegre",
        date(2019, 6, 30),
    )
    assert pool.contract("trensurb-gtfs").waivers == ()
    assert pool.contract("eptc-gtfs").digest == load_pool(BUNDLED).contract("eptc-gtfs").digest


def test_a_pool_without_the_file_has_no_waivers():
    assert all(contract.waivers == () for contract in load_pool(BUNDLED).contracts)


def test_a_contract_tried_alone_meets_the_waivers_beside_it(pool_with):
    root = pool_with(HEAD + COLOURS)
    alone = load_pool(BUNDLED).contract("eptc-gtfs")
    moved = alone.model_copy(update={"file": root / "contracts" / "eptc-gtfs.yaml"})
    assert [w.rule for w in waivers_beside(moved).waivers] == ["invalid_color"]
    assert waivers_beside(alone).waivers == ()


@pytest.mark.parametrize(
    ("change", "line", "key", "said"),
    [
        ("feed: eptc-gtfs -> feed: eptc", 2, "waivers[0].feed", "the pool has no feed `eptc`"),
        ("rule: -> ruel:", 3, "waivers[0].ruel", "unknown key `ruel`"),
        ("table: routes.txt -> table: rout", 4, "waivers[0].table", "the feed has no table `rout`"),
        (
            "column: route_text_color -> column: colour",
            5,
            "waivers[0].column",
            "the feed has no column `colour`",
        ),
        (
            "acceptedBy: pool-porto-alegre -> acceptedBy: eptc",
            6,
            "waivers[0].acceptedBy",
            "`eptc` can't accept its own faults",
        ),
        (
            "acceptedBy: pool-porto-alegre -> acceptedBy: city",
            6,
            "waivers[0].acceptedBy",
            "`city` is not in charge",
        ),
        (
            "acceptedBy: pool-porto-alegre -> acceptedBy: nobody",
            6,
            "waivers[0].acceptedBy",
            "the pool has no actor `nobody`",
        ),
        ('until: "2019-06-30" -> until: "2019-05-30"', 8, "waivers[0].until", "it ends before it begins"),
        ('until: "2019-06-30" -> until: soon', 8, "waivers[0].until", "a day is wanted"),
        ("rule: invalid_color -> rule: unreadable", 3, "waivers[0].rule", "`unreadable` can't be waived"),
    ],
)
def test_a_wrong_waiver_is_refused_at_its_line(pool_with, change, line, key, said):
    old, _, new = change.partition(" -> ")
    assert old in COLOURS
    found = faults(pool_with(HEAD + COLOURS.replace(old, new)))
    assert [words for *at, words in found if at == [line, key] and words.startswith(said)]


def test_a_rule_that_no_catalogue_knows_is_refused(pool_with):
    text = HEAD + COLOURS.replace("eptc-gtfs", "velia-bins").replace("invalid_color", "value_above_maximun")
    text = text.replace("    table: routes.txt\n    column: route_text_color\n", "")
    (found,) = faults(pool_with(text))
    assert found[2] == "no rule is named `value_above_maximun`"


def test_a_waiver_without_reason_or_end_is_refused(pool_with):
    text = HEAD + "".join(
        line for line in COLOURS.splitlines(keepends=True) if "until" not in line and "reason" not in line
    )
    assert {problem for _, _, problem in faults(pool_with(text))} == {
        "`until` is missing",
        "`reason` is missing",
    }


def waiver(rule, **more):
    fields = {"accepted_by": "third", "until": date(2019, 6, 30), "reason": {"en": "known"}}
    return Waiver(rule=rule, **(fields | more))


@given(st.dates(), st.dates(), st.dates())
def test_a_waiver_holds_from_its_first_day_to_its_last(start, until, day):
    held = waiver("r", start=start, until=until).is_in_force(day)
    assert held == (start <= day <= until)


def test_a_waiver_covers_its_own_place_only():
    promise = toys()
    assert covers(waiver("value_above_maximum"), "value_above_maximum", "toy", "level", promise)
    here = waiver("value_above_maximum", table="toy", column="level")
    assert covers(here, "value_above_maximum", "toy", "level", promise)
    assert not covers(here, "value_above_maximum", "toy", "id", promise)
    assert not covers(here, "value_below_minimum", "toy", "level", promise)
    assert not covers(waiver("r", table="other"), "r", "toy", None, promise)


def test_the_cache_key_changes_when_a_waiver_begins_ends_or_is_written_anew():
    promise = toys().model_copy(update={"waivers": (waiver("r", start=date(2019, 6, 10)),)})
    days = [date(2019, 6, 9), date(2019, 6, 10), date(2019, 6, 30), date(2019, 7, 1)]
    before, first, last, after = (digest_in_force(promise, day) for day in days)
    assert before == after == ""
    assert first == last != ""
    other = promise.model_copy(update={"waivers": (waiver("r", reason={"en": "another"}),)})
    assert digest_in_force(other, days[1]) not in ("", first)


class Judge:
    """Both gates on real feeds, with waivers."""

    def __init__(self, root):
        self.toys = Toys(root)
        self.pool = load_pool(BUNDLED)

    def judge(self, feed, file, *waivers, period=None, at=NOW):
        import hashlib

        from contracts.verdict import Arrival

        path = BUNDLED / "feeds" / file
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        contract = self.pool.contract(feed).model_copy(update={"waivers": waivers})
        arrival = Arrival(
            delivery_id=sha[:16],
            contributor=contract.contributor,
            feed=feed,
            period=period,
            sha256=sha,
            size=1,
            source=path.name,
            received_at=at,
        )
        [verdict] = judge(
            self.toys.con,
            contract,
            [(arrival, path)],
            read_tables=read_tables,
            home=self.toys.home,
            now=at,
        )
        return verdict


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return Judge(tmp_path_factory.mktemp("waivers"))


BINS = {"feed": "velia-bins", "file": "waste/bins_2019-05-15.json.gz", "period": "2019-05-15"}


def test_a_waived_error_keeps_its_count_and_quarantine_and_weighs_nothing(desk):
    feed = BINS["feed"]
    desk.judge("velia-containers", "waste/containers.csv")
    plain = desk.judge(**BINS)
    worst = [r for r in plain.rules if r.failed_rows and r.severity is Severity.ERROR]
    assert {r.rule for r in worst} == {"value_above_maximum"}
    others = {r.rule for r in plain.rules if r.outcome in (Outcome.WARNING, Outcome.FAILED)}
    waivers = [waiver(rule) for rule in others]
    waived = desk.judge(feed, BINS["file"], *waivers, period=BINS["period"])
    assert (plain.status, waived.status) == (Status.ACCEPTED_WITH_WARNINGS, Status.ACCEPTED)
    assert waived.rows_quarantined == plain.rows_quarantined == 6
    (told,) = [r for r in waived.rules if r.rule == "value_above_maximum" and r.failed_rows]
    assert told.failed_rows == 6
    assert told.waiver.accepted_by == "third"
    assert waived.rows_accepted == plain.rows_accepted


def test_a_waiver_of_one_rule_leaves_the_others_their_weight(desk):
    desk.judge("enerflux-meters", "energy/meters.csv")
    file = "energy/readings_2019-05-20.csv.gz"
    waived = desk.judge("enerflux-readings", file, waiver("value_below_minimum"), period="2019-05-20")
    assert waived.status is Status.ACCEPTED_WITH_WARNINGS
    assert waived.rows_quarantined == 102
    assert [r.rule for r in waived.rules if r.waiver] == ["value_below_minimum"]


def test_a_waived_refusal_accepts_and_an_expired_waiver_speaks_again(desk):
    file = "energy/readings_2019-05-27.csv.gz"
    desk.judge("enerflux-meters", "energy/meters.csv")
    plain = desk.judge("enerflux-readings", file, period="2019-05-27")
    broken = {r.rule for r in plain.rules if r.outcome is Outcome.FAILED}
    assert (plain.status, broken) == (Status.REJECTED, {"series_incomplete"})
    held = waiver("series_incomplete", until=NOW.date())
    waived = desk.judge("enerflux-readings", file, held, period="2019-05-27")
    assert waived.is_accepted
    # It came on the waiver's last day: judged again later, that day's waivers still hold.
    ended = waiver("series_incomplete", until=NOW.date() - timedelta(days=1))
    assert not desk.judge("enerflux-readings", file, ended, period="2019-05-27").is_accepted


def test_the_same_delivery_under_the_same_waivers_is_not_judged_again(desk):
    desk.judge("velia-containers", "waste/containers.csv")
    held = waiver("value_above_maximum")
    first = desk.judge(BINS["feed"], BINS["file"], held, period=BINS["period"])
    rows = desk.toys.home.accepted / first.folder / "fill_observation.parquet"
    stamp = rows.stat().st_mtime_ns
    again = desk.judge(BINS["feed"], BINS["file"], held, period=BINS["period"])
    assert rows.stat().st_mtime_ns == stamp
    assert again == first


def test_rows_put_aside_by_a_waived_rule_are_waived_and_open_again_the_day_after(tmp_path):
    home = Toys(tmp_path)
    verdict = home.deliver(("aa", "1", "me"), ("bb", "11", "me"), ("B!", "12", "me"))
    promise = toys().model_copy(update={"waivers": (waiver("value_above_maximum", until=date(2019, 6, 12)),)})
    assert home.keep_up(promise) == 1
    # The third row breaks the pattern of ids too, which nobody waived.
    assert home.states(verdict) == {1: "waived", 2: "open"}
    assert home.keep_up(promise, days=2) == 0
    assert home.keep_up(promise, days=3) == 1
    assert home.states(verdict) == {1: "open", 2: "open"}
    rows = list_quarantine(home.con, home.home, {"toys": promise}).to_pylist()
    assert rows[0]["reason"] == "no waiver covers it any more"


def test_a_waived_row_can_still_be_fixed_and_is_not_in_the_pool(tmp_path):
    home = Toys(tmp_path)
    first = home.deliver(("aa", "1", "me"), ("bb", "11", "me"))
    promise = toys().model_copy(update={"waivers": (waiver("value_above_maximum"),)})
    home.keep_up(promise)
    assert home.standing(first) == [("aa", 1)]
    home.deliver(("aa", "1", "me"), ("bb", "9", "me"))
    home.keep_up(promise)
    assert home.states(first) == {1: "fixed"}


def test_no_waiver_is_in_force_before_it_begins():
    promise = toys().model_copy(update={"waivers": (waiver("r", start=date(2019, 6, 11)),)})
    assert in_force(promise, date(2019, 6, 10)) == ()


def test_eptcs_115_colours_are_counted_and_weigh_nothing_while_accepted(desk):
    plain = desk.judge("eptc-gtfs", "poa_eptc.zip")
    broken = [r for r in plain.rules if r.outcome in (Outcome.WARNING, Outcome.FAILED)]
    weighing = {r.rule for r in broken if r.severity is not Severity.INFO}
    assert "invalid_color" in weighing
    others = [waiver(rule) for rule in weighing - {"invalid_color"}]
    assert desk.judge("eptc-gtfs", "poa_eptc.zip", *others).status is Status.ACCEPTED_WITH_WARNINGS
    colours = waiver("invalid_color", table="routes.txt", column="route_text_color")
    waived = desk.judge("eptc-gtfs", "poa_eptc.zip", *others, colours)
    assert waived.status is Status.ACCEPTED
    assert sum(r.failed_rows for r in waived.rules if r.rule == "invalid_color") == 115
    assert [r.waiver.until for r in waived.rules if r.rule == "invalid_color"] == [date(2019, 6, 30)]
