"""What contributors keep closed stays closed, whatever a dataset asks for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import duckdb
import lakes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.layout import Home
from contracts.model import Openness
from publishing.dataset import Dataset, load_catalogue, load_datasets
from publishing.errors import PublicationError
from publishing.licences import combine_licences
from publishing.publish import publish
from publishing.query import read_query
from publishing.terms import Offer, judge_columns, narrowest, open_columns, parse_embargo

TEXT = {"fr": "a", "en": "a"}


def dataset(select, columns=("container_id", "observed_at"), sources=("velia-bins",), **more):
    return Dataset(
        id="asked",
        title=TEXT,
        description=TEXT,
        sources=sources,
        select=select,
        key=columns[:1],
        theme="ENVI",
        keywords={"fr": ("a",), "en": ("a",)},
        columns=[{"name": name, "title": TEXT, "description": TEXT} for name in columns],
        **more,
    )


def with_openness(contract, openness):
    """The contract with another openness on named columns of its first table."""
    table = contract.tables[0]
    columns = tuple(
        c.model_copy(update={"openness": openness.get(c.name, c.openness)}) for c in table.columns
    )
    return contract.model_copy(
        update={"tables": (table.model_copy(update={"columns": columns}), *contract.tables[1:])}
    )


def publish_asked(pool, asked, lake, verdicts, tmp_path, *, contracts=None, now=None):
    """Publish one dataset alone, under other contracts if given."""
    folder = tmp_path / "pool" / "datasets"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_catalogue.yaml").write_text((lakes.POOL / "datasets" / "_catalogue.yaml").read_text())
    (folder / "asked.yaml").write_text(json.dumps(asked.model_dump(mode="json", exclude_none=True)))
    changed = pool.model_copy(update={"path": folder.parent, "contracts": tuple(contracts or pool.contracts)})
    return publish(lake, changed, Home(tmp_path / "home"), verdicts, code_version="t", now=now)


@pytest.fixture(scope="module")
def waste(pool):
    lake = lakes.empty_lake()
    return lake, lakes.fill_waste(lake, pool, ["2019-05-13", "2019-06-09"])


@pytest.mark.parametrize(
    "select",
    [
        "SELECT battery_voltage AS container_id, observed_at FROM waste.fill_observation",
        "SELECT container_id, observed_at FROM waste.fill_observation WHERE battery_voltage > 3",
        "WITH a AS (SELECT container_id, battery_voltage AS v FROM waste.fill_observation)"
        " SELECT container_id, v AS observed_at FROM a",
        "SELECT a.container_id, a.observed_at FROM waste.fill_observation AS a"
        " JOIN waste.fill_observation AS b ON a.battery_voltage = b.battery_voltage",
        "SELECT container_id, max(observed_at) AS observed_at FROM waste.fill_observation"
        " GROUP BY container_id ORDER BY max(battery_voltage)",
    ],
)
def test_a_closed_column_is_refused_wherever_the_query_reads_it(pool, waste, tmp_path, select):
    with pytest.raises(PublicationError, match=r"closed_column.*velia-bins.*battery_voltage"):
        publish_asked(pool, dataset(select), *waste, tmp_path)
    assert not (tmp_path / "home" / "published" / "current").exists()


@pytest.mark.parametrize(
    "output",
    [
        "battery_voltage",
        "round(coalesce(battery_voltage, 0), 1) AS battery_voltage",
        "(SELECT max(b.battery_voltage) FROM waste.fill_observation b) AS battery_voltage",
    ],
)
def test_an_output_that_reads_a_closed_column_leaves_every_file(pool, waste, tmp_path, output):
    asked = dataset(
        f"SELECT container_id || observed_at::VARCHAR AS id, fill_level, {output}"
        " FROM waste.fill_observation",
        ("id", "fill_level", "battery_voltage"),
        small=True,
    )
    path = publish_asked(pool, asked, *waste, tmp_path).path
    assert duckdb.read_parquet(str(path / "asked" / "asked.parquet")).columns == ["id", "fill_level"]
    header = (path / "asked" / "asked.csv").read_text(encoding="utf-8").partition("\n")[0]
    assert header == "id,fill_level"
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))["datasets"][0]
    assert (manifest["columns"], manifest["columns_withdrawn"]) == (["id", "fill_level"], ["battery_voltage"])
    told = [file for file in path.rglob("*") if file.is_file() and b"battery_voltage" in file.read_bytes()]
    assert [file.name for file in told] == ["manifest.json"]


def test_a_column_closed_after_a_publication_leaves_the_next_one(pool, waste, tmp_path):
    asked = dataset(
        "SELECT container_id || observed_at::VARCHAR AS id, temperature_c FROM waste.fill_observation",
        ("id", "temperature_c"),
    )
    before = publish_asked(pool, asked, *waste, tmp_path).path
    closed = tuple(
        with_openness(c, {"temperature_c": Openness.MEMBERS}) if c.id == "velia-bins" else c
        for c in pool.contracts
    )
    publish_asked(pool, asked, *waste, tmp_path, contracts=closed)
    after = tmp_path / "home" / "published" / "current" / "asked" / "asked.parquet"
    assert "temperature_c" in duckdb.read_parquet(str(before / "asked" / "asked.parquet")).columns
    assert duckdb.read_parquet(str(after)).columns == ["id"]


@pytest.mark.parametrize(
    ("select", "rule"),
    [
        ("SELECT * FROM waste.fill_observation", "star_not_allowed"),
        ("SELECT container_id, observed_at FROM read_parquet('/etc/passwd')", "table_not_allowed"),
        ("SELECT container_id, observed_at FROM 'secret.csv'", "table_not_allowed"),
        (
            "SELECT container_id, observed_at FROM waste.fill_observation; DROP TABLE waste.container",
            "not_one_select",
        ),
        ("COPY waste.fill_observation TO 'x.csv'", "not_one_select"),
        ("SELECT container_id, observed_at FROM waste.container_private", "table_not_allowed"),
        ("SELECT meter_id AS container_id, start_at AS observed_at FROM energy.reading", "table_not_allowed"),
        ("SELECT container_id, observed_at FROM other.waste.fill_observation", "table_not_allowed"),
        ("SELECT container_id FROM waste.fill_observation", "columns_differ"),
        ("SELECT container_id, observed_at FROM waste.fill_observation", "key_not_unique"),
        ("SELECT container_id, observed_at FROM waste.fill_observation WHERE", "query_unreadable"),
    ],
)
def test_a_query_that_is_not_one_select_over_promised_tables_is_refused(pool, waste, tmp_path, select, rule):
    with pytest.raises(PublicationError, match=rule):
        publish_asked(pool, dataset(select), *waste, tmp_path)


def test_a_row_about_a_meter_never_leaves_even_where_its_column_is_open(pool, filled, tmp_path):
    asked = dataset(
        "SELECT start_at AS observed_at, energy_wh AS container_id FROM energy.reading",
        sources=("enerflux-readings", "enerflux-meters"),
    )
    with pytest.raises(PublicationError, match=r"closed_column.*only sums may leave"):
        publish_asked(pool, asked, *filled, tmp_path)


NAMES = ("container_id", "observed_at", "fill_level", "temperature_c", "waste_kind", "status", "lat", "lon")


@given(
    openness=st.fixed_dictionaries({name: st.sampled_from(list(Openness)) for name in NAMES}),
    other=st.fixed_dictionaries({name: st.sampled_from(list(Openness)) for name in NAMES}),
    asked=st.sets(st.sampled_from(NAMES), min_size=1),
)
@settings(max_examples=80, deadline=None)
def test_whatever_the_openness_only_columns_open_for_all_get_through(pool, openness, other, asked):
    bins = pool.contract("velia-bins")
    offers = tuple(Offer(c, c.tables[0]) for c in (with_openness(bins, openness), with_openness(bins, other)))
    spec = dataset(f"SELECT {', '.join(sorted(asked))} FROM waste.fill_observation", tuple(sorted(asked)))
    schema = {"waste.fill_observation": {c.name: c.physical_type for c in bins.tables[0].columns}}
    query = read_query(spec, schema)
    strict = {name: narrowest([openness[name], other[name]]) for name in NAMES}
    is_open = all(strict[name] is Openness.OPEN for name in asked)
    assert not set(open_columns(offers)) & {name for name in NAMES if strict[name] is not Openness.OPEN}
    try:
        judge_columns(spec, query.used, {"waste.fill_observation": offers})
        passed = True
    except PublicationError:
        passed = False
    assert passed == is_open


def test_rows_leave_when_their_embargo_is_over_and_not_before(pool, waste, tmp_path):
    asked = dataset(
        "SELECT container_id, observed_at, period FROM waste.fill_observation",
        ("container_id", "observed_at", "period"),
    )
    asked = asked.model_copy(update={"key": ("container_id", "observed_at")})
    ends = datetime(2019, 6, 10, 3, tzinfo=UTC) + timedelta(days=1)
    for now, days in ((ends - timedelta(seconds=1), 1), (ends, 2)):
        done = publish_asked(pool, asked, *waste, tmp_path, now=now)
        path = str(done.path / "asked" / "asked.parquet")
        found = (
            duckdb.connect().execute("SELECT count(DISTINCT period) FROM read_parquet(?)", [path]).fetchone()
        )
        assert found == (days,)


def test_an_embargo_on_a_snapshot_is_refused_because_nothing_says_since_when(pool, filled, tmp_path):
    contract = pool.contract("ipea-population")
    closed = contract.model_copy(update={"terms": contract.terms.model_copy(update={"embargo": "P1D"})})
    contracts = [closed if c.id == contract.id else c for c in pool.contracts]
    asked = dataset("SELECT cell_id FROM territory.population_grid", ("cell_id",), ("ipea-population",))
    with pytest.raises(PublicationError, match="embargo_without_period"):
        publish_asked(pool, asked, *filled, tmp_path, contracts=contracts)


def test_rows_of_a_rejected_or_unknown_delivery_stop_publication(pool, waste, tmp_path):
    lake, verdicts = waste
    asked = dataset("SELECT container_id, observed_at FROM waste.fill_observation").model_copy(
        update={"key": ("container_id", "observed_at")}
    )
    with pytest.raises(PublicationError, match="delivery_not_accepted"):
        publish_asked(pool, asked, lake, verdicts[1:], tmp_path)


@pytest.mark.parametrize(
    ("licences", "result"),
    [
        (["MIT"], "MIT"),
        (["MIT", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC0-1.0", "etalab-2.0"], "etalab-2.0"),
        (["CC0-1.0", "PDDL-1.0"], "CC0-1.0"),
        (["etalab-2.0", "ODbL-1.0", "MIT"], "ODbL-1.0"),
    ],
)
def test_the_combination_of_sources_decides_the_licence(pool, licences, result):
    contract = pool.contracts[0]
    made = [
        contract.model_copy(update={"terms": contract.terms.model_copy(update={"licence": one})})
        for one in licences
    ]
    assert combine_licences("x", made).id == result


def test_an_unknown_licence_is_an_error_before_anything_is_written(pool, waste, tmp_path):
    contract = pool.contract("velia-bins")
    closed = contract.model_copy(
        update={"terms": contract.terms.model_copy(update={"licence": "CC-BY-NC-4.0"})}
    )
    contracts = [closed if c.id == contract.id else c for c in pool.contracts]
    asked = dataset("SELECT container_id, observed_at FROM waste.fill_observation")
    with pytest.raises(PublicationError, match=r"licence_unknown.*velia-bins"):
        publish_asked(pool, asked, *waste, tmp_path, contracts=contracts)


@pytest.mark.parametrize("text", ["P", "PT", "P1DT", "1D", "P-1D", "P1Y", ""])
def test_an_embargo_that_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_embargo(text)


def test_an_embargo_reads_weeks_to_seconds():
    assert parse_embargo("P1W") == timedelta(weeks=1)
    assert parse_embargo("P1DT2H3M4S") == timedelta(days=1, hours=2, minutes=3, seconds=4)


def test_a_dataset_with_an_unknown_key_is_refused_by_file_and_key(tmp_path):
    folder = tmp_path / "datasets"
    folder.mkdir()
    good = (lakes.POOL / "datasets" / "population-grid.yaml").read_text()
    (folder / "population-grid.yaml").write_text(good + "colour: red\n")
    with pytest.raises(PublicationError, match=r"population-grid.yaml: colour"):
        load_datasets(tmp_path)
    (folder / "population-grid.yaml").rename(folder / "other.yaml")
    (folder / "other.yaml").write_text(good)
    with pytest.raises(PublicationError, match="dataset_misnamed"):
        load_datasets(tmp_path)
    with pytest.raises(PublicationError, match="dataset_unreadable"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (("lon: lon, lat: lat", "lon: lng, lat: lat"), "dataset_invalid: .*geometry names no column: lng"),
        (
            ("title: {fr: Conteneur, en: Container}", "title: {fr: Conteneur}"),
            "dataset_invalid: .*nothing in en",
        ),
        (("keywords: {fr:", "keywords: {"), "dataset_invalid: .*keywords"),
        (
            ("kind: point, lon: lon, lat: lat", "kind: h3, cell: container_id"),
            "geometry_unreadable: .*no H3 cell",
        ),
        (("temporal: observed_at", "temporal: container_id"), "temporal_not_a_day: .*container_id"),
        (("theme: ENVI", "theme: ENVIRO"), "code_unknown: ENVIRO"),
        (("name: fill_level", "name: fil_level"), "columns_differ: .*fil_level"),
    ],
)
def test_a_slip_in_a_dataset_is_named_and_nothing_is_published(pool, waste, tmp_path, slip, said):
    folder = tmp_path / "pool" / "datasets"
    folder.mkdir(parents=True)
    for name in ("_catalogue", "container-observations"):
        text = (lakes.POOL / "datasets" / f"{name}.yaml").read_text(encoding="utf-8")
        assert name == "_catalogue" or slip[0] in text
        (folder / f"{name}.yaml").write_text(text.replace(*slip, 1), encoding="utf-8")
    changed = pool.model_copy(update={"path": folder.parent})
    with pytest.raises(PublicationError, match=said):
        publish(waste[0], changed, Home(tmp_path / "home"), waste[1], code_version="t")
    assert not (tmp_path / "home" / "published" / "current").exists()


def test_every_bundled_dataset_says_what_it_reads():
    tables = {d.id: d.tables for d in load_datasets(lakes.POOL)}
    assert tables["public-transport-routes"] == ("mobility.agency", "mobility.route")
    assert tables["energy-by-zone-day"] == ("energy.meter", "energy.reading")
    assert len(tables) == 10
