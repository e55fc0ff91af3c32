"""What is wrong with a contract or a pool file, in words its author can act on.

Here: the error and how it prints. Not here: finding the faults (`parse`, `shape`, `resolve`, `pool`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True)
class ContractProblem:
    """One fault: where it stands, what is wrong, how to mend it."""

    file: Path | None
    line: int | None
    """1-based; None if the fault has no line, such as a file that is not there."""
    key: str
    """Dotted path, `schema[reading].properties[power_w].required`; empty for the whole file."""
    problem: str
    fix: str = ""

    def __str__(self) -> str:
        """Print as compilers do, so that editors can jump to the line."""
        place = str(self.file) if self.file else "<contract>"
        if self.line is not None:
            place = f"{place}:{self.line}"
        head = f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"
        return f"{head}\n    fix: {self.fix}" if self.fix else head


class ContractError(Exception):
    """A contract or pool file that can't be used; holds every fault found, in order of lines."""

    def __init__(self, *problems: ContractProblem) -> None:
        """Keep all problems: an author mends them in one go."""
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))

    def __reduce__(self) -> tuple[type[ContractError], tuple[ContractProblem, ...]]:
        """Survive the way between processes with all problems."""
        return type(self), self.problems

    @property
    def file(self) -> Path | None:
        """File of the first problem."""
        return self.problems[0].file

    @property
    def line(self) -> int | None:
        """Line of the first problem."""
        return self.problems[0].line

    @property
    def key(self) -> str:
        """Key path of the first problem."""
        return self.problems[0].key

    @property
    def problem(self) -> str:
        """Words of the first problem."""
        return self.problems[0].problem

    @property
    def fix(self) -> str:
        """Remedy of the first problem."""
        return self.problems[0].fix


def suggest(word: str, known: Iterable[str]) -> str:
    """Say which known word the author probably meant, else list the known ones."""
    names = sorted({str(name) for name in known})
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:
        folded = {name.replace("_", "").lower(): name for name in names}
        near = get_close_matches(word.replace("_", "").lower(), folded, n=1, cutoff=0.7)
        near = [folded[n] for n in near]
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known here: {', '.join(names)}" if names else ""
