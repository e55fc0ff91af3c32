"""The command line. Here: the group, the shared options, and what each kind of failure exits with.

Not here: the commands, one module each, imported only when called (`regie --help` stays quick).
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from contracts.errors import ContractError
from pipelines.settings import Settings

ACCEPTED, REJECTED, USAGE, OURS = 0, 1, 2, 70
"""Exit codes: 70 is EX_SOFTWARE of sysexits.h."""

COMMANDS = {
    "demo": ("pipelines.cli.demo", "Run the bundled pool from its partners' servers to open data."),
    "run": ("pipelines.cli.run", "Run the pool's jobs: ask for deliveries, judge, load, publish."),
    "check": ("pipelines.cli.check", "Judge a file against a contract, as the pool would."),
    "contract": ("pipelines.cli.contract", "A contract's life: draft, lint, diff, docs."),
    "init": ("pipelines.cli.init", "Write an empty pool."),
    "contributor": ("pipelines.cli.contributor", "Add a contributor with its first contract."),
    "status": ("pipelines.cli.status", "Say where every feed stands."),
    "quarantine": ("pipelines.cli.quarantine", "Look at the rows that were set aside, and why."),
    "sql": ("pipelines.cli.sql", "Ask the warehouse."),
    "warehouse": ("pipelines.cli.warehouse", "Look after the warehouse: export, upkeep."),
    "serve": ("pipelines.cli.serve", "Serve the portal: pages, open data, trying and depositing files."),
    "token": ("pipelines.cli.token", "Give contributors tokens to deposit with."),
    "serve-partners": (
        "pipelines.cli.serve_partners",
        "Play the partners' HTTP servers over a pool's feeds.",
    ),
    "ui": ("pipelines.cli.ui", "Open Dagster on the pool's instance."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a pool's life."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return it."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="regie", prog_name="regie")
@click.option(
    "--pool", type=click.Path(path_type=Path, file_okay=False), help="Folder of the pool (REGIE_POOL)."
)
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of its state (REGIE_HOME)."
)
@click.pass_context
def regie(ctx: click.Context, pool: Path | None, home: Path | None) -> None:
    """Régie: a territorial data pool, from contributors' deliveries to open data.

    Exit codes: 0 accepted or done, 1 rejected, 2 usage or contract error, 70 our fault.
    """
    ctx.obj = Settings.from_environment(pool=pool, home=home)


def main() -> None:
    """Run the command line; a user's mistake is a sentence, never a traceback."""
    try:
        code = regie.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ContractError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if is_pools_mistake(error):
            click.echo(str(error), err=True)
            sys.exit(USAGE)
        if os.environ.get("REGIE_TRACEBACK"):
            raise
        click.echo(f"regie: our fault, not yours: {type(error).__name__}: {error}", err=True)
        click.echo("Set REGIE_TRACEBACK=1 for the technician's view.", err=True)
        sys.exit(OURS)
    sys.exit(code if isinstance(code, int) else 0)


def is_pools_mistake(error: Exception) -> bool:
    """Whether it is about what the pool's files say (datasets, parameters, référentiel) or its mail settings.

    Their classes are imported only once something went wrong: `regie --help` stays quick.
    """
    from pipelines.notify.mail import MailSettingError
    from publishing.errors import PublicationError
    from warehouse.indicators.definitions import DefinitionError

    return isinstance(error, PublicationError | DefinitionError | MailSettingError)
