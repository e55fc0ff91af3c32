"""Disclosure control: the worked cases, and the proof that no cell is about fewer than ten meters."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from decimal import Decimal

import duckdb
import h3
import lakes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.layout import Home
from publishing import publish as publishing
from publishing.disclosure.policy import known_presets, preset_minimum, thresholds_for
from publishing.disclosure.primary import judge_cells
from publishing.errors import PublicationError
from publishing.publish import publish

SHARED = lakes.ROOT.parent / "shared" / "disclosure"
ENERGY = "energy-by-zone-day/energy-by-zone-day.parquet"


def shared(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"shared/disclosure/{name} is not beside this checkout")
    with path.open() as stream:
        return list(csv.DictReader(stream))


def judge(rows, minimum_units, p_percent):
    con = duckdb.connect()
    con.execute("CREATE TABLE given (cell VARCHAR, unit VARCHAR, contributor VARCHAR, amount DECIMAL(18, 3))")
    con.executemany("INSERT INTO given VALUES (?, ?, ?, ?)", rows)
    judge_cells(
        con, "SELECT * FROM given", "verdict", minimum_units=minimum_units, p_percent=Decimal(p_percent)
    )
    found = con.execute("SELECT * FROM verdict").fetchall()
    names = [row[0] for row in con.execute("DESCRIBE verdict").fetchall()]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found}


def test_minimum_and_p_rules_agree_with_the_handbook():
    expected = [
        case
        for case in shared("t1_expected.csv")
        if case["rule"] in ("min", "p") and case["level"] in ("unit", "contributor")
    ]
    contributions = shared("t1_contributions.csv")
    assert len(expected) >= 14
    for case in expected:
        level = case["level"]
        rows = [
            (r["cell"], r[level], r[level], r["value"]) for r in contributions if r["cell"] == case["cell"]
        ]
        number = case["parameters"].split()[0].split("=")[1]
        found = judge(
            rows, int(number) if case["rule"] == "min" else 0, number if case["rule"] == "p" else "0"
        )
        cell = found[case["cell"]]
        assert cell["is_sensitive_outside"] == (case["sensitive"] == "1"), case
        if case["rule"] == "p" and case["protection_upper"]:
            assert float(cell["upper_protection"]) == pytest.approx(float(case["protection_upper"]))


def test_a_contributor_cannot_subtract_its_own_meters():
    case = next(c for c in shared("t1_expected.csv") if c["rule"] == "residual min")
    rows = [
        (r["cell"], r["unit"], r["contributor"], r["value"])
        for r in shared("t1_contributions.csv")
        if r["cell"] == case["cell"]
    ]
    cell = judge(rows, 11, "0")[case["cell"]]
    assert not cell["is_sensitive_outside"]
    assert cell["is_sensitive_inside"]
    assert cell["is_sensitive"]


def test_presets_ask_for_the_points_that_the_code_asks_for():
    for case in shared("t4_energy_thresholds.csv"):
        direction = {"withdrawal": "consumption", "injection": "production"}[case["direction"]]
        least = preset_minimum(
            known_presets()[case["preset"]], direction, int(case["interval_min"]), int(case["period_days"])
        )
        assert least == (int(case["smallest_publishable"]) if case["smallest_publishable"] else None), case
        assert (least is not None and int(case["points"]) >= least) == (case["publishable"] == "1")


@given(
    values=st.lists(st.integers(min_value=0, max_value=50), min_size=1, max_size=25),
    minimum=st.integers(min_value=1, max_value=12),
    p=st.integers(min_value=1, max_value=60),
)
@settings(max_examples=60, deadline=None)
def test_no_one_in_a_cell_that_passes_can_estimate_another_within_p(values, minimum, p):
    rows = [("c", f"u{i}", "one", value) for i, value in enumerate(values)]
    cell = judge(rows, minimum, str(p))["c"]
    active = [v for v in values if v]
    if cell["is_sensitive"]:
        return
    assert len(active) >= minimum or (not active and len(values) >= minimum)
    for (i, target), (j, own) in itertools.permutations(list(enumerate(values)), 2):
        if i != j and target:
            upper = sum(values) - own
            assert upper * 100 >= target * (100 + p) or target != max(values)


def read_energy(path):
    return (
        duckdb.connect()
        .execute(
            "SELECT zone, direction, day, energy_wh, obs_status, conf_status FROM read_parquet(?)",
            [str(path / ENERGY)],
        )
        .fetchall()
    )


def members_in_the_lake(lake):
    """Who can stand behind an energy value, straight from the lake: (zone, Wh) of each meter-day."""
    con = lake.cursor()
    zones = {
        meter: h3.cell_to_parent(cell, 7)
        for meter, cell in con.execute(
            "SELECT meter_id, h3_cell FROM energy.meter WHERE commissioned_on <= '2019-05-13'"
            " AND (retired_on IS NULL OR retired_on > '2019-06-09')"
        ).fetchall()
    }
    days = con.execute("SELECT count(DISTINCT period) FROM energy.reading").fetchone()[0]
    sums, whole = {}, defaultdict(int)
    for meter, direction, day, energy, slots in con.execute(
        "SELECT meter_id, direction, period, sum(energy_wh), count(*) FROM energy.reading GROUP BY ALL"
    ).fetchall():
        sums[meter, direction, day] = energy
        whole[meter, direction] += slots * 10 >= 48 * 9
    return {k: (zones[k[0]], e) for k, e in sums.items() if k[0] in zones and whole[k[:2]] == days}


def test_every_published_value_is_the_sum_of_ten_meters_or_more_and_recomputes(published, filled):
    behind = defaultdict(list)
    for (_, direction, day), (zone, energy) in members_in_the_lake(filled[0]).items():
        behind[zone, direction, day].append(energy)
    cells = read_energy(published.path)
    shown = [cell for cell in cells if cell[5] == "F"]
    assert len(shown) > 40
    for zone, direction, day, energy, obs_status, _ in shown:
        values = sorted(behind[zone, direction, day], reverse=True)
        assert sum(1 for v in values if v) >= 10
        assert sum(values) == energy
        assert sum(values[2:]) * 100 >= values[0] * 10
        assert obs_status == "A"


def test_a_withheld_cell_keeps_its_key_and_status_only(published):
    hidden = [cell for cell in read_energy(published.path) if cell[5] == "C"]
    assert hidden
    assert {(cell[3], cell[4]) for cell in hidden} == {(None, "Q")}


def test_a_zone_is_withheld_on_all_days_or_on_none(published):
    status = defaultdict(set)
    for zone, direction, _, _, _, conf_status in read_energy(published.path):
        status[zone, direction].add(conf_status)
    assert {len(found) for found in status.values()} == {1}


def test_no_subtraction_of_published_tables_leaves_fewer_than_ten_meters(published, filled):
    """Every published number about meters as its set of members: differences, also of sums over zones."""
    members = defaultdict(set)
    for (meter, direction, day), (zone, _) in members_in_the_lake(filled[0]).items():
        members[zone, direction, day].add(meter)
    cells = {
        (zone, direction, day): frozenset(members[zone, direction, day])
        for zone, direction, day, _, _, conf in read_energy(published.path)
        if conf == "F"
    }
    rollups = dict(cells)
    for direction, day in {key[1:] for key in cells}:
        rollups["all zones", direction, day] = frozenset().union(
            *(held for key, held in cells.items() if key[1:] == (direction, day))
        )
    for (a, left), (b, right) in itertools.combinations(rollups.items(), 2):
        if a[1] == b[1]:
            for rest in (left - right, right - left):
                assert not rest or len(rest) >= 10, (a, b)
            assert not (left & right) or len(left & right) >= 10


def test_no_other_published_table_says_anything_about_meters(published):
    con = duckdb.connect()
    data = str(published.path / "data-quality" / "data-quality.parquet")
    counts = con.execute(
        "SELECT feed, count(rows_landed) + count(rows_accepted) + count(rows_quarantined) FROM"
        " read_parquet(?)"
        " GROUP BY feed",
        [data],
    ).fetchall()
    assert {feed for feed, counted in counts if counted == 0} == {"enerflux-meters", "enerflux-readings"}
    values = str(published.path / "indicators" / "indicators.parquet")
    rows = con.execute(
        "SELECT indicator, zone, period_start::VARCHAR FROM read_parquet(?)", [values]
    ).fetchall()
    assert ("active_trips", "porto-alegre", "2019-05-15") in rows
    assert ("quarantine_rate", "velia-bins", "2019-05-15") in rows
    assert not [row for row in rows if row[0].startswith("energy")]
    assert not [row for row in rows if row[0] == "quarantine_rate" and row[1] != "velia-bins"]
    for path in published.path.glob("*/*.parquet"):
        if path.parent.name not in ("energy-by-zone-day", "data-quality", "indicator-definitions"):
            names = [
                row[0]
                for row in con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
            ]
            assert not {"energy_wh", "power_w", "meter_id"} & set(names)


def test_no_meter_id_is_in_any_published_byte(published, filled):
    meters = [
        row[0].split(":")[1]
        for row in filled[0].cursor().execute("SELECT meter_id FROM energy.meter").fetchall()
    ]
    for path in published.path.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [meter for meter in meters if meter.encode() in data], path.name


def small_pool_lake(pool, meters=12, days=("2019-05-13", "2019-05-14"), changed=None):
    """A lake of one hexagon with `meters` equal households; `changed` replaces what some used on day one."""
    lake = lakes.empty_lake()
    registry, readings = pool.contract("enerflux-meters"), pool.contract("enerflux-readings")
    verdicts = [
        lakes.add_rows(
            lake,
            registry,
            "meter",
            f"SELECT printf('%014d', i) AS meter_id, '89a9012126bffff' AS h3_cell, 6 AS"
            f" subscribed_power_kva, 'C5' AS segment,"
            f" 'residential' AS customer_type, false AS has_production, DATE '2018-01-01' AS commissioned_on"
            f" FROM range({meters}) AS t(i)",
        )
    ]
    for day in days:
        energy = "100 + i"
        for meter, value in (changed or {}).items() if day == days[0] else ():
            energy = f"CASE WHEN i = {meter} THEN {value} ELSE {energy} END"
        verdicts.append(
            lakes.add_rows(
                lake,
                readings,
                "reading",
                f"SELECT printf('%014d', i) AS meter_id,"
                f" TIMESTAMPTZ '{day} 03:00:00+00' + to_minutes(30 * s) AS start_at,"
                f" 'consumption' AS direction, 2 * ({energy}) AS power_w, 1800 AS duration_s, {energy} AS"
                f" energy_wh"
                f" FROM range({meters}) AS t(i), range(48) AS u(s)",
                day,
            )
        )
    return lake, verdicts


@pytest.fixture
def energy_pool(pool, tmp_path):
    """The bundled pool with the energy dataset alone."""
    folder = tmp_path / "pool" / "datasets"
    folder.mkdir(parents=True)
    for name in ("_catalogue.yaml", "energy-by-zone-day.yaml"):
        (folder / name).write_text((lakes.POOL / "datasets" / name).read_text())
    return pool.model_copy(update={"path": folder.parent})


def statuses(publication):
    return {(cell[1], cell[5]) for cell in read_energy(publication.path)}


def test_ten_meters_are_published_and_nine_are_not(energy_pool, tmp_path):
    for meters, status in ((10, "F"), (9, "C")):
        lake, verdicts = small_pool_lake(energy_pool, meters)
        done = publish(lake, energy_pool, Home(tmp_path / str(meters)), verdicts, code_version="t")
        assert statuses(done) == {("consumption", status), ("production", "C")}


def test_a_correction_of_one_meter_is_withheld_because_versions_subtract(energy_pool, tmp_path):
    home = Home(tmp_path / "home")
    lake, verdicts = small_pool_lake(energy_pool)
    first = publish(lake, energy_pool, home, verdicts, code_version="t")
    assert ("consumption", "F") in statuses(first)
    lake, verdicts = small_pool_lake(energy_pool, changed={3: 500})
    second = publish(lake, energy_pool, home, verdicts, code_version="t")
    assert statuses(second) == {("consumption", "C"), ("production", "C")}


def test_a_correction_of_all_meters_is_published(energy_pool, tmp_path):
    home = Home(tmp_path / "home")
    lake, verdicts = small_pool_lake(energy_pool)
    publish(lake, energy_pool, home, verdicts, code_version="t")
    lake, verdicts = small_pool_lake(energy_pool, changed=dict.fromkeys(range(12), 200))
    second = publish(lake, energy_pool, home, verdicts, code_version="t")
    assert ("consumption", "F") in statuses(second)


def test_a_meter_that_leaves_the_cohort_does_not_show_by_difference(energy_pool, tmp_path):
    home = Home(tmp_path / "home")
    lake, verdicts = small_pool_lake(energy_pool)
    publish(lake, energy_pool, home, verdicts, code_version="t")
    lake.con.execute("UPDATE energy.meter SET retired_on = '2019-05-20' WHERE meter_id LIKE '%1'")
    second = publish(lake, energy_pool, home, verdicts, code_version="t")
    assert statuses(second) == {("consumption", "C"), ("production", "C")}


def test_a_publication_that_failed_told_nobody_anything(energy_pool, tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    lake, verdicts = small_pool_lake(energy_pool)

    def refuse(_graph):
        raise PublicationError("catalogue", "catalogue_invalid", "for the test")

    monkeypatch.setattr(publishing, "validate_catalogue", refuse)
    with pytest.raises(PublicationError, match="catalogue_invalid"):
        publish(lake, energy_pool, home, verdicts, code_version="t")
    monkeypatch.undo()
    lake, verdicts = small_pool_lake(energy_pool, changed={3: 500})
    done = publish(lake, energy_pool, home, verdicts, code_version="t")
    assert ("consumption", "F") in statuses(done)


def test_a_version_whose_sealed_record_is_gone_stops_publication(energy_pool, tmp_path):
    home = Home(tmp_path / "home")
    lake, verdicts = small_pool_lake(energy_pool)
    publish(lake, energy_pool, home, verdicts, code_version="t")
    for sealed in (home.root / "sealed").rglob("*.parquet"):
        sealed.unlink()
    with pytest.raises(PublicationError, match="sealed_record_missing"):
        publish(lake, energy_pool, home, verdicts, code_version="t")


def test_sealed_records_are_not_below_published(published):
    home = published.path.parent.parent.parent
    sealed = list((home / "sealed").rglob("*.parquet"))
    assert sealed
    assert all((path.stat().st_mode & 0o077) == 0 for path in sealed)
    assert not list((home / "published").rglob("*sealed*"))


def test_a_real_pool_without_secrets_publishes_no_personal_aggregate(pool):
    contracts = [c.model_copy(update={"origin_note": {}}) for c in pool.contracts if c.domain == "energy"]
    asked = {"directions": ("consumption",), "length_days": 28}
    with pytest.raises(PublicationError, match="policy_not_for_this"):
        thresholds_for("x", "demo", contracts, environ={}, **asked)
    with pytest.raises(PublicationError, match="secrets_missing"):
        thresholds_for("x", "fr-energy-curve", contracts, environ={}, **asked)
    found = thresholds_for("x", "fr-energy-curve", contracts, environ={"REGIE_DISCLOSURE_P": "15"}, **asked)
    assert found.minimum_units == {"consumption": 100}
    assert found.p_percent == 15


def test_the_strictest_contract_sets_the_minimum(pool):
    contracts = [c for c in pool.contracts if c.domain == "energy"]
    stricter = contracts[0].model_copy(
        update={"terms": contracts[0].terms.model_copy(update={"minimum_units": 25})}
    )
    found = thresholds_for(
        "x", "demo", [stricter, *contracts[1:]], directions=("consumption",), length_days=28, environ={}
    )
    assert found.minimum_units == {"consumption": 25}


def test_p_stands_in_no_published_file(energy_pool, tmp_path):
    folder = energy_pool.path / "datasets" / "energy-by-zone-day.yaml"
    folder.write_text(folder.read_text().replace("policy: demo", "policy: fr-energy-curve"))
    lake, verdicts = small_pool_lake(energy_pool, meters=100)
    unguessed = "37.4189"
    done = publish(
        lake,
        energy_pool,
        Home(tmp_path / "home"),
        verdicts,
        code_version="t",
        environ={"REGIE_DISCLOSURE_P": unguessed},
    )
    assert ("consumption", "F") in statuses(done)
    for path in done.path.rglob("*"):
        if path.is_file():
            assert unguessed.encode() not in path.read_bytes()


def test_a_second_scale_of_the_same_values_is_refused_beside_the_first_and_after_it(energy_pool, tmp_path):
    home = Home(tmp_path / "home")
    lake, verdicts = small_pool_lake(energy_pool)
    publish(lake, energy_pool, home, verdicts, code_version="t")
    first = energy_pool.path / "datasets" / "energy-by-zone-day.yaml"
    finer = first.read_text().replace("zone_resolution: 7", "zone_resolution: 8")
    second = first.with_name("energy-finer.yaml")
    second.write_text(finer.replace("id: energy-by-zone-day", "id: energy-finer"))
    with pytest.raises(PublicationError, match=r"energy-finer: second_scale"):
        publish(lake, energy_pool, home, verdicts, code_version="t")
    first.unlink()
    with pytest.raises(PublicationError, match=r"energy-finer: scale_changed"):
        publish(lake, energy_pool, home, verdicts, code_version="t")


def test_a_household_that_moves_shows_in_neither_zone(energy_pool, tmp_path):
    home = Home(tmp_path / "home")
    lake, verdicts = small_pool_lake(energy_pool, meters=24)
    lake.con.execute(
        "UPDATE energy.meter SET h3_cell = '89a90128c4bffff'"
        " WHERE split_part(meter_id, ':', 2)::INTEGER >= 12"
    )
    first = publish(lake, energy_pool, home, verdicts, code_version="t")
    assert len({c[0] for c in read_energy(first.path) if c[5] == "F"}) == 2
    lake.con.execute("UPDATE energy.meter SET h3_cell = '89a90128c4bffff' WHERE meter_id LIKE '%0'")
    second = publish(lake, energy_pool, home, verdicts, code_version="t")
    assert statuses(second) == {("consumption", "C"), ("production", "C")}


def test_a_meter_short_of_readings_on_one_day_is_out_on_all_days(energy_pool, tmp_path):
    lake, verdicts = small_pool_lake(energy_pool, meters=12)
    lake.con.execute(
        "DELETE FROM energy.reading WHERE meter_id LIKE '%3' AND start_at > '2019-05-14 12:00:00+00'"
    )
    done = publish(lake, energy_pool, Home(tmp_path / "home"), verdicts, code_version="t")
    expected = sum(48 * (100 + i) for i in range(12) if i != 3)
    assert {(c[2].isoformat(), c[3]) for c in read_energy(done.path) if c[5] == "F"} == {
        ("2019-05-13", expected),
        ("2019-05-14", expected),
    }
