"""Publication from DuckLake itself: what the plain stand-in gives elsewhere in these tests is the same."""

from __future__ import annotations

from contracts.layout import Home
from publishing.publish import publish
from publishing.switch import digest_tree
from warehouse.lake import Lake


def test_the_lake_and_a_plain_duckdb_give_the_same_bytes(pool, filled, published, tmp_path):
    plain, verdicts = filled
    home = Home(tmp_path)
    folder = home.root / "seed"
    folder.mkdir()
    tables = (
        plain.cursor()
        .execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name <> 'main'")
        .fetchall()
    )
    for schema, table in tables:
        plain.cursor().execute(
            f"COPY {schema}.{table} TO '{folder}/{schema}.{table}.parquet' (FORMAT parquet)"
        )
    with Lake.open(home, threads=2) as lake:
        for schema, table in tables:
            lake.write(
                lambda con, s=schema, t=table: con.execute(
                    f"CREATE TABLE lake.{s}.{t} AS FROM read_parquet('{folder}/{s}.{t}.parquet')"
                )
            )
        done = publish(lake, pool, home, verdicts, code_version="test")
    assert done.version == published.version
    assert digest_tree(done.path) == digest_tree(published.path)
