"""Why a publication is refused: one error that names the dataset and the rule it broke.

Here: the error. Not here: the checks that raise it.
"""

from __future__ import annotations


class PublicationError(Exception):
    """Nothing was published: `dataset` (or `catalogue`) broke `rule`; `problem` says how, in a sentence."""

    def __init__(self, dataset: str, rule: str, problem: str) -> None:
        super().__init__(f"{dataset}: {rule}: {problem}")
        self.dataset = dataset
        self.rule = rule
        self.problem = problem
