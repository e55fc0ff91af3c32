"""What leaves the pool, read back by those who would read it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import warnings

import duckdb
import lakes
import pytest

from contracts.layout import Home
from publishing.catalogue.rdf_files import dump_json
from publishing.publish import publish


def parquet_files(published):
    return sorted(published.path.glob("*/*.parquet"))


def test_the_current_version_has_a_folder_a_dataset_and_its_catalogues(published):
    current = published.path.parent.parent / "current"
    assert current.is_symlink()
    assert current.resolve() == published.path
    for name in ("catalog.ttl", "catalog.jsonld", "catalog-udata.ttl", "datapackage.json", "manifest.json"):
        assert (current / name).is_file()
    assert {d.id for d in published.datasets} == {path.parent.name for path in parquet_files(published)}


def test_rows_are_those_of_the_real_feeds(published):
    rows = {d.id: d.rows for d in published.datasets}
    assert rows["public-transport-stops"] == 3986 + 24
    assert rows["population-grid"] == 1227
    con = duckdb.connect()
    trips = con.execute(
        "SELECT split_part(route_id, ':', 1), sum(trips) FROM read_parquet(?) WHERE service_date ="
        " '2019-05-15'"
        " GROUP BY 1 ORDER BY 1",
        [str(published.path / "public-transport-service" / "public-transport-service.parquet")],
    ).fetchall()
    assert dict(trips)["eptc"] == 2374


def test_pandas_geopandas_and_duckdb_read_every_file(published):
    import geopandas
    import pandas

    for path in parquet_files(published):
        frame = pandas.read_parquet(path)
        rows = duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()[0]
        assert len(frame) == rows
        csv = path.with_suffix(".csv")
        if csv.exists():
            assert len(pandas.read_csv(csv)) == rows
        if "geometry" in frame.columns:
            shapes = geopandas.read_parquet(path)
            assert shapes.crs.to_authority() == ("OGC", "CRS84")
            assert shapes.geometry.notna().all()
            assert shapes.total_bounds[0] > -52
            assert shapes.total_bounds[3] < -29


def test_geoparquet_metadata_follows_the_official_schema(published):
    folder = lakes.ROOT.parent / "shared" / "standards" / "geoparquet-1.1.0"
    if not folder.is_dir():
        pytest.skip("shared/standards/geoparquet-1.1.0 is not beside this checkout")
    import jsonschema
    import pyarrow.parquet as pq
    from referencing import Registry, Resource

    schema = json.loads((folder / "schema.json").read_text())
    projjson = Resource.from_contents(json.loads((folder / "projjson.schema.json").read_text()))
    registry = Registry().with_resource("https://proj.org/schemas/v0.7/projjson.schema.json", projjson)
    checked = 0
    for path in parquet_files(published):
        metadata = pq.read_metadata(path).metadata or {}
        if b"geo" in metadata:
            jsonschema.Draft7Validator(schema, registry=registry).validate(json.loads(metadata[b"geo"]))
            checked += 1
    assert checked == 4


def test_parquet_is_zstd_with_statistics_and_utc_times(published):
    import pyarrow.parquet as pq

    path = published.path / "container-observations" / "container-observations.parquet"
    file = pq.ParquetFile(path)
    column = file.metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert column.is_stats_set
    assert str(file.schema_arrow.field("observed_at").type) == "timestamp[us, tz=UTC]"


def test_frictionless_reads_the_data_package_without_a_complaint(published):
    from frictionless import Package

    document = json.loads((published.path / "datapackage.json").read_text())
    for resource in document["resources"]:
        if resource["format"] == "parquet":
            del resource["bytes"]  # it counts none of a Parquet file; our own count is tested below
    package = Package.from_descriptor(document, basepath=str(published.path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = package.validate(limit_rows=500)
    complaints = [(task.name, e.type, e.message[-150:]) for task in report.tasks for e in task.errors]
    assert report.valid, complaints[:3]


def test_bytes_and_hashes_of_the_data_package_are_true(published):
    package = json.loads((published.path / "datapackage.json").read_text())
    for resource in package["resources"]:
        data = (published.path / resource["path"]).read_bytes()
        assert len(data) == resource["bytes"]
        assert "sha256:" + hashlib.sha256(data).hexdigest() == resource["hash"]


def test_every_column_is_described_in_both_languages(published):
    package = json.loads((published.path / "datapackage.json").read_text())
    for resource in package["resources"]:
        for field in resource["schema"]["fields"]:
            assert " / " in field["title"] or field["name"] == "bbox"
            assert field["description"]


def test_the_catalogue_conforms_to_the_official_shapes(published):
    from rdflib import Graph

    from publishing.catalogue.shacl import find_violations

    for name, form in (("catalog.ttl", "turtle"), ("catalog.jsonld", "json-ld")):
        assert find_violations(Graph().parse(published.path / name, format=form)) == ()


def test_the_shapes_do_find_what_is_wrong(published):
    from rdflib import Graph
    from rdflib.namespace import DCAT, DCTERMS

    from publishing.catalogue.shacl import find_violations

    graph = Graph().parse(published.path / "catalog.ttl", format="turtle")
    dataset = next(iter(graph.objects(None, DCAT.dataset)))
    graph.remove((dataset, DCTERMS.title, None))
    assert any("title" in violation for violation in find_violations(graph))


def test_turtle_and_json_ld_say_the_same(published):
    from rdflib import Graph
    from rdflib.compare import isomorphic

    turtle = Graph().parse(published.path / "catalog.ttl", format="turtle")
    assert isomorphic(turtle, Graph().parse(published.path / "catalog.jsonld", format="json-ld"))
    plain = Graph().parse(published.path / "catalog-udata.ttl", format="turtle")
    assert len(plain) == len(turtle)
    assert b"hexBinary" not in (published.path / "catalog-udata.ttl").read_bytes()


def test_every_reader_is_told_where_energy_and_waste_come_from(published):
    package = json.loads((published.path / "datapackage.json").read_text())
    turtle = (published.path / "catalog.ttl").read_text()
    assert "relocalisés" in turtle
    for resource in package["resources"]:
        assert "relocated" in resource["description"]
        assert "\a" not in resource["description"]


def test_another_empty_home_gives_the_same_bytes(pool, filled, published, tmp_path):
    lake, verdicts = filled
    other = publish(lake, pool, Home(tmp_path), list(reversed(verdicts)), code_version="test")
    assert other.version == published.version
    for path in sorted(published.path.rglob("*")):
        if path.is_file():
            twin = other.path / path.relative_to(published.path)
            assert path.read_bytes() == twin.read_bytes(), path.name


def test_catalogue_bytes_do_not_depend_on_the_hash_seed(published):
    program = (
        "import sys, hashlib\nfrom rdflib import Graph\n"
        "from publishing.catalogue.rdf_files import to_json_ld, to_turtle\n"
        "from rdflib.compare import to_canonical_graph\n"
        "graph = Graph().parse(sys.argv[1], format='turtle')\n"
        "graph = to_canonical_graph(graph)\n"
        "print(hashlib.sha256(to_turtle(graph) + to_json_ld(graph)).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(published.path / "catalog.ttl")],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(lakes.ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_no_published_file_tells_of_a_run(published):
    for path in published.path.rglob("*"):
        if path.suffix in (".json", ".ttl", ".jsonld", ".csv"):
            text = path.read_text(encoding="utf-8")
            assert "received_at" not in text
            assert "snapshot_id" not in text
            assert str(published.path.parent) not in text


def test_the_manifest_names_every_file_and_delivery(published, filled):
    manifest = json.loads((published.path / "manifest.json").read_text())
    files = {file["path"]: file["sha256"] for d in manifest["datasets"] for file in d["files"]}
    for path in (*parquet_files(published), *published.path.glob("*/*.csv")):
        assert (
            files[path.relative_to(published.path).as_posix()]
            == hashlib.sha256(path.read_bytes()).hexdigest()
        )
    known = {v.arrival.delivery_id for v in filled[1]}
    assert {d["delivery_id"] for d in manifest["deliveries"]} <= known
    assert {d["period"] for d in manifest["deliveries"] if d["feed"] == "velia-bins"} == {
        "2019-05-13",
        "2019-05-15",
    }
    assert dump_json(manifest) == (published.path / "manifest.json").read_bytes()


def test_publishing_again_changes_nothing(pool, filled, published):
    lake, verdicts = filled
    home = Home(published.path.parent.parent.parent)
    again = publish(lake, pool, home, verdicts, code_version="test")
    assert not again.changed
    assert again.path == published.path


def test_harvesters_find_one_identity_and_a_true_checksum_for_every_file(published):
    from rdflib import Graph, Namespace
    from rdflib.namespace import DCAT, DCTERMS

    spdx = Namespace("http://spdx.org/rdf/terms#")
    graph = Graph().parse(published.path / "catalog-udata.ttl", format="turtle")
    datasets = list(graph.objects(None, DCAT.dataset))
    assert len(datasets) == len(published.datasets)
    assert {str(graph.value(d, DCTERMS.identifier)) for d in datasets} == {str(d) for d in datasets}
    files = [file for d in datasets for file in graph.objects(d, DCAT.distribution)]
    assert len(files) == len(set(files)) == sum(len(d.files) for d in published.datasets)
    for file in files:
        assert graph.value(file, DCAT.downloadURL) == file
        assert graph.value(file, DCTERMS.license) is not None
        path = published.path / str(file).split("/current/")[1]
        assert int(graph.value(file, DCAT.byteSize)) == path.stat().st_size
        value = graph.value(graph.value(file, spdx.checksum), spdx.checksumValue)
        assert str(value) == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (published.path / str(graph.value(file, DCTERMS.conformsTo)).split("/current/")[1]).is_file()


def test_catalogue_dates_are_those_of_deliveries_and_never_in_the_future(published, pool):
    from rdflib import Graph
    from rdflib.namespace import DCTERMS

    graph = Graph().parse(published.path / "catalog.ttl", format="turtle")
    dates = {value.toPython() for value in graph.objects(None, DCTERMS.modified)}
    assert dates
    assert max(dates) < pool.now.date()


def test_the_last_run_of_a_frequency_starts_before_its_end(pool):
    lake = lakes.empty_lake()
    feed = pool.contract("eptc-gtfs")
    rows = {
        "route": "SELECT 'r' AS route_id, 3 AS route_type",
        "trip": "SELECT 't' AS trip_id, 'r' AS route_id, 's' AS service_id",
        "calendar": "SELECT 's' AS service_id, 1 AS monday, 0 AS tuesday, 0 AS wednesday, 0 AS thursday,"
        " 0 AS friday, 0 AS saturday, 0 AS sunday, DATE '2019-05-13' AS start_date,"
        " DATE '2019-05-13' AS end_date",
        "stop_time": "SELECT 't' AS trip_id, a AS arrival_s, a AS departure_s, a AS stop_sequence"
        " FROM (VALUES (0), (600)) AS v (a)",
        "frequency": "SELECT 't' AS trip_id, 21600 AS start_s, 25200 AS end_s, 1800 AS headway_secs",
        "calendar_date": "SELECT 's' AS service_id, DATE '2019-05-13' AS date, 1 AS exception_type",
    }
    for table, select in rows.items():
        lakes.add_rows(lake, feed, table, select)
    query = (lakes.ROOT / "publishing" / "datasets" / "public_transport_service.sql").read_text()
    found = lake.con.execute(f"SELECT trips, first_departure_s, last_arrival_s FROM ({query})").fetchall()
    assert found == [(2, 21600, 23400 + 600)], "06:00 and 06:30 run; 07:00 is the end, and does not"
