"""The audit must fail where the file it reads would tell too much: each case tampers with a right file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from publishing.disclosure.audit import audit_energy, audit_identities
from publishing.errors import PublicationError

ENERGY = "energy-by-zone-day/energy-by-zone-day.parquet"
PARAMETERS = {
    "feeds": ["enerflux-readings"],
    "registers": ["enerflux-meters"],
    "first": date(2019, 5, 13),
    "last": date(2019, 6, 9),
    "zone": "America/Sao_Paulo",
    "minimum_day_pct": 90,
}


def audit(lake, pool, staged, p_percent="10"):
    audit_energy(
        lake.cursor(),
        "energy-by-zone-day",
        staged,
        contracts=[c for c in pool.contracts if c.domain == "energy"],
        policy="demo",
        length_days=28,
        p_percent=Decimal(p_percent),
        resolution=7,
        parameters=PARAMETERS,
    )


def tampered(lake, published, tmp_path, select):
    path = tmp_path / "staged.parquet"
    con = lake.cursor()
    con.execute(f"CREATE TEMP TABLE honest AS SELECT * FROM read_parquet('{published.path / ENERGY}')")
    con.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def test_the_published_file_passes(pool, filled, published):
    audit(filled[0], pool, published.path / ENERGY)


@pytest.mark.parametrize(
    ("rule", "select"),
    [
        (
            "value_differs",
            "SELECT * REPLACE (energy_wh + 1 AS energy_wh) FROM honest WHERE energy_wh IS NOT NULL",
        ),
        ("hidden_row_has_a_value", "SELECT * REPLACE (coalesce(energy_wh, 5) AS energy_wh) FROM honest"),
        ("unknown_status", "SELECT * REPLACE ('O' AS conf_status) FROM honest WHERE conf_status = 'F'"),
        ("columns beside the cell", "SELECT *, 12 AS n FROM honest"),
        (
            "status_changes_over_the_days",
            "SELECT * REPLACE (CASE WHEN day = '2019-05-14' THEN NULL ELSE energy_wh END AS energy_wh,"
            " CASE WHEN day = '2019-05-14' THEN 'Q' ELSE obs_status END AS obs_status,"
            " CASE WHEN day = '2019-05-14' THEN 'C' ELSE conf_status END AS conf_status) FROM honest",
        ),
        (
            "status_changes_over_the_days",
            "SELECT * FROM honest WHERE NOT (day = '2019-05-14' AND conf_status = 'F')",
        ),
    ],
)
def test_a_file_that_tells_too_much_fails(pool, filled, published, tmp_path, rule, select):
    with pytest.raises(PublicationError, match=rule):
        audit(filled[0], pool, tampered(filled[0], published, tmp_path, select))


def test_unhiding_any_withheld_zone_fails(pool, filled, published, tmp_path):
    """Put the true sum in place of each hidden series, one zone and direction at a time."""
    lake = filled[0]
    con = lake.cursor()
    con.execute(f"CREATE TEMP TABLE f AS SELECT * FROM read_parquet('{published.path / ENERGY}')")
    hidden = con.execute(
        "SELECT DISTINCT zone, direction FROM f WHERE conf_status = 'C' ORDER BY ALL"
    ).fetchall()
    assert len(hidden) > 20
    for zone, direction in hidden[::5]:
        path = tmp_path / "unhidden.parquet"
        con.execute(
            "COPY (WITH truth AS (SELECT h3_parent(m.h3_cell, 7) AS zone, r.direction, r.period AS day,"
            " sum(r.energy_wh)::DECIMAL(18, 3) AS wh FROM energy.reading r JOIN energy.meter m USING"
            " (meter_id)"
            " GROUP BY ALL) SELECT f.* REPLACE (CASE WHEN f.zone = ? AND f.direction = ? THEN"
            " coalesce(truth.wh, 0)"
            " ELSE f.energy_wh END AS energy_wh, CASE WHEN f.zone = ? AND f.direction = ? THEN 'A' ELSE"
            " obs_status"
            " END AS obs_status, CASE WHEN f.zone = ? AND f.direction = ? THEN 'F' ELSE conf_status END AS"
            " conf_status)"
            f" FROM f LEFT JOIN truth USING (zone, direction, day)) TO '{path}' (FORMAT parquet)",
            [zone, direction] * 3,
        )
        with pytest.raises(PublicationError, match="disclosure"):
            audit(lake, pool, path)


def test_a_stricter_p_fails_what_a_looser_one_let_through(pool, filled, published):
    with pytest.raises(PublicationError, match="one_unit_too_close"):
        audit(filled[0], pool, published.path / ENERGY, p_percent="5000")


def test_a_stricter_contract_fails_what_a_looser_one_let_through(pool, filled, published):
    strict = [
        c.model_copy(update={"terms": c.terms.model_copy(update={"minimum_units": 15})})
        for c in pool.contracts
        if c.domain == "energy"
    ]
    with pytest.raises(PublicationError, match="too_few_units"):
        audit(filled[0], pool.model_copy(update={"contracts": tuple(strict)}), published.path / ENERGY)


def test_the_audit_names_no_zone(pool, filled, published, tmp_path):
    path = tampered(filled[0], published, tmp_path, "SELECT * REPLACE (7 AS energy_wh) FROM honest")
    with pytest.raises(PublicationError) as caught:
        audit(filled[0], pool, path)
    assert "87a9" not in str(caught.value)


def test_a_meter_id_under_any_name_is_found(pool, filled, tmp_path):
    con = filled[0].cursor()
    for text in ("meter_id", "split_part(meter_id, ':', 2)"):
        path = tmp_path / "leak.parquet"
        con.execute(f"COPY (SELECT {text} AS place FROM energy.meter LIMIT 1) TO '{path}' (FORMAT parquet)")
        with pytest.raises(PublicationError, match="personal_id_published"):
            audit_identities(con, {"leak": path}, pool.contracts)
