"""`regie contract lint`: what is wrong in contracts, what is unwise, and what no gate looks at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contracts.errors import ContractError, ContractProblem
from pipelines.cli import USAGE
from pipelines.cli.console import print_json
from pipelines.settings import Settings

if TYPE_CHECKING:
    from contracts.lint import Lint
    from contracts.model import Contract


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--pool", "whole_pool", is_flag=True, help="All contracts of the pool, and how they fit together."
)
@click.option("--strict", is_flag=True, help="Exit with 2 also for what is only unwise.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_obj
def command(
    settings: Settings, files: tuple[Path, ...], whole_pool: bool, strict: bool, as_json: bool
) -> int:
    """Read contract FILES strictly; say what is wrong where, what is unwise, and what is not checked here.

    Where the home has deliveries of a feed, its last ones are asked too. Exit codes: 0 nothing wrong,
    2 something wrong (with --strict: or unwise).
    """
    from contracts.lint import lint_contract

    if not files and not whole_pool:
        raise click.UsageError("name contract files, or --pool for all of the pool's")
    contracts, wrong = _load(settings, files, whole_pool=whole_pool)
    home = settings.home if settings.home.verdicts.is_dir() else None
    lints = [(contract, lint_contract(contract, home=home)) for contract in contracts]
    if as_json:
        print_json([*(_wrong(p) for p in wrong), *(row for c, lint in lints for row in _rows(c, lint))])
    else:
        _print(wrong, lints)
    unwise = any(lint.advice for _, lint in lints)
    return USAGE if wrong or (strict and unwise) else 0


def _load(
    settings: Settings, files: tuple[Path, ...], *, whole_pool: bool
) -> tuple[list[Contract], list[ContractProblem]]:
    """Load every contract that can be; faults of all the others together."""
    from contracts.pool import load_pool
    from contracts.resolve import load_contract

    found: list[Contract] = []
    wrong: list[ContractProblem] = []
    if whole_pool:
        try:
            found += load_pool(settings.pool).contracts
        except ContractError as error:
            wrong += error.problems
    for file in files:
        try:
            found.append(load_contract(file))
        except ContractError as error:
            wrong += error.problems
    return found, wrong


def _print(wrong: list[ContractProblem], lints: list[tuple[Contract, Lint]]) -> None:
    for problem in wrong:
        click.echo(f"wrong: {problem}")
    for contract, lint in lints:
        for advice in lint.advice:
            click.echo(f"unwise ({advice.code}): {advice.problem}")
        for item in lint.not_checked:
            place = f"{contract.file}:{item.line}" if item.line else str(contract.file)
            click.echo(f"not checked here ({item.kind}): {place}: {item.key}: {item.detail}")
    unwise = sum(len(lint.advice) for _, lint in lints)
    unchecked = sum(len(lint.not_checked) for _, lint in lints)
    click.echo(
        f"{len(lints)} contracts read: {len(wrong)} wrong, {unwise} unwise, {unchecked} not checked here"
    )


def _wrong(problem: ContractProblem) -> dict[str, object]:
    return {"level": "wrong", "code": "wrong", **_place(problem)}


def _rows(contract: Contract, lint: Lint) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"level": "unwise", "code": a.code, **_place(a.problem)} for a in lint.advice
    ]
    rows += [
        {
            "level": "not_checked",
            "code": n.kind.value,
            "file": str(contract.file),
            "line": n.line,
            "key": n.key,
            "problem": n.detail,
        }
        for n in lint.not_checked
    ]
    return rows


def _place(problem: ContractProblem) -> dict[str, object]:
    return {
        "file": str(problem.file),
        "line": problem.line,
        "key": problem.key,
        "problem": problem.problem,
        "fix": problem.fix,
    }
