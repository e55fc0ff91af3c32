"""The closed set of rule kinds a contract may use, and the parameters of each.

Here: names and shapes, so that an unknown kind or a misspelt parameter is refused at its line.
Not here: what is plausible (`plausible_kinds`), or what a rule computes (`rules/`, `measures`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, StrictStr

from contracts.extensions import ExactNumber, Percent
from contracts.model import Dimension, Frozen
from contracts.parameter_types import Clock, Count, Register
from contracts.plausible_kinds import PLAUSIBLE_DELIVERIES, PLAUSIBLE_ROWS

__all__ = ["DELIVERY_KINDS", "NEEDS_HISTORY", "ROW_KINDS", "Register"]


class KnownReference(Frozen):
    """Values of a column exist in another table of the delivery, or in a register."""

    to: StrictStr


class CeilingByClass(Frozen):
    """A value stays under the ceiling of its object's class, which a register tells."""

    register_: Register = Field(alias="register")
    key: StrictStr
    class_: StrictStr = Field(alias="class")
    ceilings: dict[StrictStr, ExactNumber] = Field(min_length=1)


class CompareColumns(Frozen):
    """Two columns of a row stand in an order; null on either side passes."""

    left: StrictStr
    operator: Literal["<", "<=", ">", ">=", "=", "<>"]
    right: StrictStr


class WithinPeriod(Frozen):
    """The local day of a time stamp is the delivery's period."""


class RowCount(Frozen):
    """Rows of a table."""

    table: StrictStr
    minimum: Count | None = None
    maximum: Count | None = None


class QuarantineShare(Frozen):
    """Share of rows in quarantine; the limit is the contract's tolerance."""

    maximum_pct: Percent | None = None


class VolumeAgainstHistory(Frozen):
    """Rows against the median of earlier deliveries."""

    table: StrictStr
    tolerance_pct: Percent
    minimum_history: Count


class SeriesComplete(Frozen):
    """Observations over those expected of the objects in service that day."""

    table: StrictStr
    key: StrictStr
    register_: Register = Field(alias="register")
    register_key: StrictStr
    where: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    from_: StrictStr | None = Field(default=None, alias="from")
    until: StrictStr | None = None
    minimum_pct: Percent
    warn_pct: Percent | None = None


class SeriesPopulation(Frozen):
    """Series seen over those in service that day: the population that the contract stands for."""

    table: StrictStr
    key: StrictStr
    register_: Register = Field(alias="register")
    register_key: StrictStr
    where: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    from_: StrictStr | None = Field(default=None, alias="from")
    until: StrictStr | None = None
    tolerance_pct: Percent


class StepMatches(Frozen):
    """Observations lie on the grid of the feed's step."""

    table: StrictStr
    column: StrictStr
    minimum_pct: Percent


class FrozenSeries(Frozen):
    """Series that repeat one value through the delivery: sensors that are stuck."""

    table: StrictStr
    key: StrictStr
    column: StrictStr
    minimum_observations: Annotated[StrictInt, Field(ge=2)]
    maximum: Count = 0
    except_: tuple[ExactNumber, ...] = Field(default=(), alias="except")


class CoversPeriod(Frozen):
    """The last observation reaches the period's end."""

    table: StrictStr
    column: StrictStr
    tolerance_s: Count


class PeriodMatches(Frozen):
    """Rows lie in the period the delivery is for."""

    table: StrictStr
    column: StrictStr
    minimum_pct: Percent


class MeanAgainstHistory(Frozen):
    """Mean of a column against that of earlier deliveries."""

    table: StrictStr
    column: StrictStr
    tolerance_pct: Annotated[ExactNumber, Field(ge=0)]
    minimum_history: Count


class MinimumTrips(Frozen):
    """Fewest trips on each kind of day."""

    weekday: Count = 0
    saturday: Count = 0
    sunday: Count = 0


class ServiceDays(Frozen):
    """A timetable serves each kind of day as promised."""

    minimum_trips: MinimumTrips


class ServiceHours(Frozen):
    """A timetable serves the promised hours (local service-day time)."""

    from_: Clock = Field(alias="from")
    to: Clock


class CalendarCovers(Frozen):
    """A timetable reaches that many days ahead of now."""

    days_ahead: Count


class GtfsConformance(Frozen):
    """Canonical GTFS notices; none weighs more than the cap."""

    severity_cap: Literal["error", "warning", "info"] = "error"


ROW_KINDS: dict[str, type[Frozen]] = {
    "known_reference": KnownReference,
    "ceiling_by_class": CeilingByClass,
    "compare_columns": CompareColumns,
    "within_period": WithinPeriod,
    **PLAUSIBLE_ROWS,
}
DELIVERY_KINDS: dict[str, tuple[type[Frozen], Dimension]] = {
    "row_count": (RowCount, Dimension.COMPLETENESS),
    "quarantine_share": (QuarantineShare, Dimension.CONFORMITY),
    "volume_against_history": (VolumeAgainstHistory, Dimension.COMPLETENESS),
    "series_complete": (SeriesComplete, Dimension.COMPLETENESS),
    "series_population": (SeriesPopulation, Dimension.CONSISTENCY),
    "step_matches": (StepMatches, Dimension.CONFORMITY),
    "frozen_series": (FrozenSeries, Dimension.ACCURACY),
    "covers_period": (CoversPeriod, Dimension.TIMELINESS),
    "period_matches": (PeriodMatches, Dimension.CONSISTENCY),
    "mean_against_history": (MeanAgainstHistory, Dimension.ACCURACY),
    "service_days": (ServiceDays, Dimension.COVERAGE),
    "service_hours": (ServiceHours, Dimension.COVERAGE),
    "calendar_covers": (CalendarCovers, Dimension.TIMELINESS),
    "gtfs_conformance": (GtfsConformance, Dimension.CONFORMITY),
    **PLAUSIBLE_DELIVERIES,
}
NEEDS_HISTORY = frozenset({"volume_against_history", "mean_against_history"})
