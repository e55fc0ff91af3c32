"""`regie check`: a contributor's own file against its contract, before sending it."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contracts.layout import Home
from contracts.model import Contract
from contracts.verdict import Outcome, RuleResult, Verdict
from pipelines.cli import ACCEPTED, REJECTED, USAGE
from pipelines.cli.console import print_json, progress_printer

if TYPE_CHECKING:
    from contracts.pool import PoolFile


@click.command()
@click.argument("contract", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--period", help="Day the file is about (ISO), where its name does not say.")
@click.option(
    "--context",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder laid out as the partner's server: registers and past deliveries to compare with.",
)
@click.option(
    "--report",
    default="regie-report",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the pages.",
)
@click.option("--now", type=click.DateTime(["%Y-%m-%d"]), help="Judge as of this day (UTC).")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print an array of verdicts.")
def command(
    contract: Path,
    files: tuple[Path, ...],
    period: str | None,
    context: Path | None,
    report: Path,
    now: datetime | None,
    lang: str,
    as_json: bool,
) -> int:
    """Give FILES the verdict and report that the pool would give them, without a pool.

    Rules that need a register or past deliveries are listed as skipped unless --context has them.
    Exit codes: 0 accepted (with or without warnings), 1 rejected, 2 usage or contract error.
    """
    from contracts.resolve import load_contract
    from contracts.waivers import waivers_beside
    from pipelines.file_check import FileCheck, FileCheckError

    around = _pool_around(contract)
    resolved = waivers_beside(load_contract(contract, timezone=around.timezone if around else "UTC"))
    say = progress_printer()
    folder = Path(tempfile.mkdtemp(prefix="regie-check-"))
    verdicts = []
    try:
        check = FileCheck(resolved, Home(folder), _clock(around, now), context)
        for path in files:
            say(f"judging {path.name}")
            verdict = check.judge_file(path, period)
            verdicts.append(verdict)
            page = check.write_report(verdict, Home(report.resolve()))
            if not as_json:
                _print(verdict, resolved, page, lang)
    except FileCheckError as error:
        click.echo(str(error), err=True)
        return USAGE
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        print_json([_masked(verdict, resolved) for verdict in verdicts])
    return ACCEPTED if all(verdict.is_accepted for verdict in verdicts) else REJECTED


def _pool_around(contract: Path) -> PoolFile | None:
    """Return the pool that the contract stands in, whose time zone and clock then hold; None without one."""
    from contracts.pool import POOL_FILE, read_pool_file

    folder = contract.resolve().parent.parent
    return read_pool_file(folder) if (folder / POOL_FILE).is_file() else None


def _clock(pool: PoolFile | None, now: datetime | None) -> datetime:
    """Return the day asked for, the clock of the pool, or the time it is."""
    if now is not None:
        return now.replace(tzinfo=UTC)
    return (pool.now if pool else None) or datetime.now(UTC)


def _print(verdict: Verdict, contract: Contract, page: Path, lang: str) -> None:
    from portal.language import speak
    from portal.report_view import compose

    view = compose(verdict, contract, speak(lang), pool_title={}, previous=None)
    click.echo(f"\n{view.sentence}\n{view.done}")
    for problem in view.problems:
        click.echo(f"\n[{problem.level_word}] {problem.title}: {problem.found}")
        click.echo(f"    {problem.remedy}")
    for name, reason in view.skipped:
        click.echo(f"\n(skipped) {name}: {reason}")
    chosen = page.with_name(page.name.replace(".fr.html", f".{lang}.html"))
    click.echo(f"\n{chosen.as_uri()}")


def _masked(verdict: Verdict, contract: Contract) -> dict[str, Any]:
    from portal.masking import mask_result

    facts = verdict.model_dump(mode="json", exclude={"rules"})
    rules: list[RuleResult] = [mask_result(rule, contract) for rule in verdict.rules]
    facts["rules"] = [rule.model_dump(mode="json") for rule in rules]
    facts["skipped"] = [rule.rule for rule in rules if rule.outcome is Outcome.SKIPPED]
    return facts
