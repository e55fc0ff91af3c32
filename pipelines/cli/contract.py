"""`regie contract`: a contract's whole life. Here: the group; each command is a module of its own."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "draft": ("pipelines.cli.contract_draft", "Write a first contract from real files."),
    "lint": ("pipelines.cli.contract_lint", "Say what is wrong in contracts, and what is unwise."),
    "diff": ("pipelines.cli.contract_diff", "Say what a change breaks, for whom, and which version it is."),
    "docs": ("pipelines.cli.contract_docs", "Write contracts as pages for people."),
}


class _Group(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a contract's life."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return it."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Group)
def command() -> None:
    """Draft, check, compare and show contracts."""
