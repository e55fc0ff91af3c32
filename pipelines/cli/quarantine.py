"""`regie quarantine`: the rows that were set aside, with their reasons and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from contracts.pool import load_pool
from contracts.quarantine_states import RowState
from pipelines.cli import ACCEPTED, USAGE
from pipelines.cli.console import print_json, print_table
from pipelines.settings import Settings

if TYPE_CHECKING:
    from contracts.model import Contract
    from contracts.verdict import Verdict
    from pipelines.engine import Engine

SHOWN = ("feed", "period", "delivery_id", "table", "position", "line", "rules", "state", "original")


@click.group()
def command() -> None:
    """Look at the rows that were set aside, judge them again, let them in."""


@command.command("list")
@click.option("--feed", help="Only this feed (contract id).")
@click.option("--period", type=click.DateTime(["%Y-%m-%d"]), help="Only this period (ISO day).")
@click.option("--delivery", help="Only this delivery id, or its start.")
@click.option("--rule", help="Only rows that broke this rule.")
@click.option("--state", type=click.Choice([s.value for s in RowState]), help="Only rows in this state.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Rows shown; counts are never cut.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def list_rows(
    settings: Settings,
    feed: str | None,
    period: datetime | None,
    delivery: str | None,
    rule: str | None,
    state: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List quarantined rows as sent, with their state and the rules they broke; personal columns masked."""
    rows = _rows(
        settings, feed=feed, period=_day(period), delivery=delivery, rule=rule, state=state, limit=limit
    )
    if as_json:
        print_json(rows)
    elif rows:
        print_table(SHOWN, [[_cell(row[name]) for name in SHOWN] for row in rows])
    else:
        click.echo("No quarantined rows match.")


@command.command("show")
@click.argument("delivery")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Rows shown; counts are never cut.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.pass_obj
def show(settings: Settings, delivery: str, limit: int, as_json: bool) -> int:
    """Say what became of the rows of DELIVERY (its id, or the start of it), and why."""
    rows = _rows(settings, delivery=delivery)
    if not rows:
        click.echo(f"No quarantined rows of a delivery {delivery}.", err=True)
        return USAGE
    counts = _count(rows)
    if as_json:
        print_json({"counts": counts, "rows": rows[:limit]})
        return ACCEPTED
    for name in ("feed", "period", "delivery_id", "contract_version"):
        click.echo(f"{name}: {', '.join(sorted({str(row[name]) for row in rows}))}")
    click.echo()
    print_table(("rule", "state", "rows"), [list(one.values()) for one in counts])
    click.echo()
    names = ("table", "position", "line", "rules", "state", "since", "reason", "actor", "original")
    print_table(names, [[_cell(row[name]) for name in names] for row in rows[:limit]])
    return ACCEPTED


@command.command("replay")
@click.argument("feed")
@click.option("--period", type=click.DateTime(["%Y-%m-%d"]), help="Only this period (ISO day).")
@click.option("--delivery", help="Only this delivery id, or its start.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def replay(
    settings: Settings, feed: str, period: datetime | None, delivery: str | None, as_json: bool
) -> int:
    """Judge FEED's kept rows again by its contract of today; those that pass enter the warehouse.

    Only deliveries that stand for their period are looked at. Doing it twice changes nothing.
    """
    from contracts.replay import NotStandingError
    from pipelines.quarantine_steps import follow, replay_feed

    engine = _engine(settings)
    contract = _contract(engine, feed)
    try:
        done = replay_feed(engine, contract, period=_day(period), delivery=delivery)
    except NotStandingError as refusal:
        raise click.UsageError(str(refusal)) from None
    entered = [verdict for verdict, one in done if one.total]
    if entered:
        follow(engine, contract, entered)
    header = ("period", "delivery", "judged", "entered", "stay")
    lines = [
        (v.arrival.period, v.arrival.delivery_id, one.judged, one.total, one.judged - one.total)
        for v, one in done
    ]
    if as_json:
        print_json([dict(zip(header, line, strict=True)) for line in lines])
    elif lines:
        print_table(header, lines)
        click.echo("Run `regie run pool` to bring indicators and open data up to date." if entered else "")
    else:
        click.echo("No kept rows in deliveries that stand.")
    return ACCEPTED


@command.command("release")
@click.argument("delivery")
@click.option("--row", "rows", multiple=True, required=True, type=int, help="Position of a row (see list).")
@click.option("--table", help="Its table, where the delivery has several.")
@click.option("--reason", required=True, help="Why, for the log.")
@click.option("--actor", required=True, help="Who decides: the contributor, or the trusted third party.")
@click.pass_obj
def release(
    settings: Settings, delivery: str, rows: tuple[int, ...], table: str | None, reason: str, actor: str
) -> int:
    """Let rows of DELIVERY in as they are: someone in charge answers for them.

    Types, and a whole key that no accepted row has, are needed all the same.
    Exit codes: 0 every row entered, 1 some did not, 2 usage.
    """
    from contracts.replay import NotStandingError
    from pipelines.quarantine_steps import NotInChargeError, follow, release_rows

    engine = _engine(settings)
    contract, verdict = _standing(engine, delivery)
    chosen = table or (contract.tables[0].name if len(contract.tables) == 1 else None)
    if chosen not in {t.name for t in contract.tables}:
        known = ", ".join(t.name for t in contract.tables)
        raise click.UsageError(f"say which table with --table: {known}")
    try:
        done = release_rows(engine, contract, verdict, str(chosen), rows, actor=actor, reason=reason)
    except (NotInChargeError, NotStandingError) as refusal:
        raise click.UsageError(str(refusal)) from None
    if done.total:
        follow(engine, contract, [verdict])
    click.echo(f"{done.total} of {len(set(rows))} rows entered.")
    if done.total < len(set(rows)):
        click.echo(
            "The others don't wait in this delivery, don't fit their types, or repeat an accepted key.",
            err=True,
        )
        return 1
    return ACCEPTED


def _rows(settings: Settings, **chosen: Any) -> list[dict[str, Any]]:
    import duckdb

    from contracts.quarantine import list_quarantine

    contracts = {contract.id: contract for contract in load_pool(settings.pool).contracts}
    feed = chosen.get("feed")
    if feed is not None and feed not in contracts:
        raise click.UsageError(f"the pool has no feed {feed!r}; it has {', '.join(contracts)}")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        rows: list[dict[str, Any]] = list_quarantine(con, settings.home, contracts, **chosen).to_pylist()
    return rows


def _day(period: datetime | None) -> str | None:
    return period.date().isoformat() if period else None


def _count(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows by rule and state; a row that breaks two rules counts for both."""
    tally: dict[tuple[str, str], int] = {}
    for row in rows:
        for rule in row["rules"]:
            key = (_name(rule), row["state"])
            tally[key] = tally.get(key, 0) + 1
    return [{"rule": r, "state": s, "rows": n} for (r, s), n in sorted(tally.items())]


def _name(rule: Mapping[str, Any]) -> str:
    return f"{rule['rule']} ({rule['column']})" if rule["column"] else str(rule["rule"])


def _cell(value: Any) -> Any:
    return ", ".join(_name(rule) for rule in value) if isinstance(value, list) else value


def _engine(settings: Settings) -> Engine:
    from pipelines.cli.places import require_home
    from pipelines.resources import engine_for

    require_home(settings)
    return engine_for(settings)


def _contract(engine: Engine, feed: str) -> Contract:
    try:
        return engine.pool.contract(feed)
    except KeyError:
        known = ", ".join(c.id for c in engine.pool.contracts)
        raise click.UsageError(f"the pool has no feed {feed!r}; it has {known}") from None


def _standing(engine: Engine, delivery: str) -> tuple[Contract, Verdict]:
    """Find the delivery that stands for its period, by its id or the start of it."""
    from pipelines.quarantine_steps import standing

    found = [
        (contract, verdict)
        for contract in engine.pool.contracts
        for verdict in standing(engine, contract)
        if verdict.arrival.delivery_id.startswith(delivery)
    ]
    if len(found) != 1:
        words = "several deliveries start" if found else "no delivery that stands starts"
        raise click.UsageError(f"{words} with {delivery}")
    return found[0]
