"""`regie token`: the tokens by which contributors deposit."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from contracts.pool import Pool, load_pool
from pipelines.cli import USAGE
from pipelines.cli.console import print_json, print_table
from pipelines.settings import Settings
from portal.api.tokens import Token, TokenStore


@click.group()
def command() -> None:
    """Give contributors tokens to deposit with, list them, revoke them."""


@command.command("create")
@click.argument("actor")
@click.option(
    "--feed", "feeds", multiple=True, required=True, help="Feed it is for (contract id); repeatable."
)
@click.option("--days", type=click.IntRange(1, 3660), help="Days after which it expires; never by default.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.pass_obj
def create(settings: Settings, actor: str, feeds: tuple[str, ...], days: int | None, as_json: bool) -> int:
    """Make a token for ACTOR (an id in pool.yaml) and print it: it is shown this once and not kept."""
    if problem := _problem(load_pool(settings.pool), actor, feeds):
        click.echo(problem, err=True)
        return USAGE
    text, token = _store(settings).create(actor, dict.fromkeys(feeds), datetime.now(UTC), days=days)
    if as_json:
        print_json({"token": text, **_shown(token, datetime.now(UTC))})
    else:
        click.echo(text)
        click.echo(f"id {token.id}, for {', '.join(token.feeds)}; it is shown this once", err=True)
    return 0


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def list_tokens(settings: Settings, as_json: bool) -> None:
    """List every token with its last use; the tokens themselves are not kept."""
    rows = [_shown(token, datetime.now(UTC)) for token in _store(settings).all()]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        click.echo("No token was made yet: regie token create ACTOR --feed FEED")


@command.command("revoke")
@click.argument("name", metavar="ID")
@click.pass_obj
def revoke(settings: Settings, name: str) -> int:
    """Revoke the token with that ID (see `list`): it opens nothing from now on."""
    if _store(settings).revoke(name, datetime.now(UTC)):
        click.echo(f"{name} is revoked")
        return 0
    click.echo(f"there is no token {name}: see `regie token list`", err=True)
    return USAGE


def _store(settings: Settings) -> TokenStore:
    return TokenStore(settings.home.root / "tokens")


def _problem(pool: Pool, actor: str, feeds: tuple[str, ...]) -> str | None:
    """Return why the actor can't have a token for these feeds: only whoever supplies a feed deposits it."""
    if all(a.id != actor for a in pool.actors):
        return f"{actor} is not an actor of the pool: {', '.join(a.id for a in pool.actors)}"
    for feed in feeds:
        contract = next((c for c in pool.contracts if c.id == feed), None)
        if contract is None:
            return f"the pool has no feed {feed}: {', '.join(c.id for c in pool.contracts)}"
        if contract.contributor != actor:
            return f"{feed} is supplied by {contract.contributor}, not by {actor}"
    return None


def _shown(token: Token, now: datetime) -> dict[str, object]:
    state = "revoked" if token.revoked_at else "valid" if token.is_valid(now) else "expired"
    return {
        "id": token.id,
        "actor": token.actor,
        "feeds": ", ".join(token.feeds),
        "state": state,
        "created": _minute(token.created_at),
        "expires": _minute(token.expires_at),
        "last_used": _minute(token.last_used_at),
    }


def _minute(instant: datetime | None) -> str:
    return instant.strftime("%Y-%m-%dT%H:%MZ") if instant else ""
