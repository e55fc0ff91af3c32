"""Types of rule parameters that several kinds share.

Here: names of registers, clocks, counts, lengths. Not here: the parameters of any kind (`rule_kinds`,
`plausible_kinds`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints

from contracts.extensions import ExactNumber

LAST = "last"
"""Stands for the feed of a register: `last/stop` is the table of the feed's own last accepted delivery."""

Register = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9-]*/[a-z][a-z0-9_]*$")]
Clock = Annotated[str, StringConstraints(strict=True, pattern=r"^\d{1,2}:[0-5]\d$")]
Count = Annotated[StrictInt, Field(ge=0)]
Several = Annotated[StrictInt, Field(ge=2)]
NotNegative = Annotated[ExactNumber, Field(ge=0)]
Positive = Annotated[ExactNumber, Field(gt=0)]
