"""Parameters of the rules about what is plausible: sensors, series, timetables and registers that change.

Here: shapes, so that a misspelt parameter is refused at its line. Not here: what a rule computes
(`rules/plausible_rows` for rows, `series_measures` and its like for deliveries).
"""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, StrictBool, StrictStr

from contracts.extensions import ExactNumber, Percent
from contracts.model import Dimension, Frozen
from contracts.parameter_types import Clock, Count, NotNegative, Positive, Register, Several

Where = dict[StrictStr, StrictStr | StrictBool]


class SoftLimits(Frozen):
    """A value lies within limits that reality passes at times: a hot container, a tired battery."""

    minimum: ExactNumber | None = None
    maximum: ExactNumber | None = None


class ValueFlagged(Frozen):
    """A value that is allowed, and says that something is wrong with its object."""

    values: tuple[StrictStr, ...] = Field(min_length=1)


class RestHours(Frozen):
    """A value stays at rest between two hours of the local day."""

    at: StrictStr
    from_: Clock = Field(alias="from")
    to: Clock
    maximum: NotNegative
    where: Where = Field(default_factory=dict)


class RegisterCeiling(Frozen):
    """A value stays under its own object's ceiling, which a register tells."""

    register_: Register | None = Field(default=None, alias="register")
    key: StrictStr
    limit: StrictStr
    factor: Positive
    """What the register's number is multiplied by to be in the value's unit."""
    where: Where = Field(default_factory=dict)


class NearRegisterPlace(Frozen):
    """A place lies near that of the same object in a register (`last/<table>`: the last delivery)."""

    register_: Register | None = Field(default=None, alias="register")
    key: StrictStr
    maximum_m: NotNegative


class SameAsRegister(Frozen):
    """A value is that of the same object in a register (`last/<table>`: the last delivery)."""

    register_: Register | None = Field(default=None, alias="register")
    key: StrictStr
    tolerance_pct: NotNegative = Decimal(0)


class FallWithoutEvent(Frozen):
    """A value falls only when something is known to have happened: a level, when it was collected."""

    key: StrictStr
    at: StrictStr
    fall: Positive
    within_s: Count
    register_: Register | None = Field(default=None, alias="register")
    event_key: StrictStr
    event_at: StrictStr


class Jump(Frozen):
    """A value does not rise by much within a short time."""

    key: StrictStr
    at: StrictStr
    rise: Positive
    within_s: Count


class ClockSkew(Frozen):
    """What was observed was observed before it was received, and not too long before."""

    ahead_s: Count
    behind_s: Count | None = None


class Gaps(Frozen):
    """Series without holes: share of series in which more than some steps in a row are missing."""

    table: StrictStr
    key: StrictStr
    column: StrictStr
    steps: Several
    where: Where = Field(default_factory=dict)
    maximum_pct: Percent


class DaySteps(Frozen):
    """The local day's steps all come, and no other: 46, 48 or 50 half-hours when clocks change."""

    table: StrictStr
    column: StrictStr


class Plateaus(Frozen):
    """Series that repeat one value many times in a row."""

    table: StrictStr
    key: StrictStr
    column: StrictStr
    at: StrictStr
    minimum_steps: Several
    where: Where = Field(default_factory=dict)
    except_: tuple[ExactNumber, ...] = Field(default=(), alias="except")
    maximum: Count = 0


class Spikes(Frozen):
    """Values far from their series' own median, counted in median absolute deviations."""

    table: StrictStr
    key: StrictStr
    column: StrictStr
    times: Positive
    minimum_deviation: NotNegative
    minimum_observations: Several
    where: Where = Field(default_factory=dict)
    maximum_pct: Percent
    above_history_points: NotNegative | None = None
    minimum_history: Count = 7


class Slopes(Frozen):
    """Series that fall faster than a rate a day."""

    table: StrictStr
    key: StrictStr
    column: StrictStr
    at: StrictStr
    minimum_per_day: ExactNumber
    minimum_observations: Several
    maximum: Count = 0


class SilentSeries(Frozen):
    """Series not heard for some steps before the period's end."""

    table: StrictStr
    key: StrictStr
    column: StrictStr
    times: Several
    register_: Register | None = Field(default=None, alias="register")
    register_key: StrictStr | None = None
    from_: StrictStr | None = Field(default=None, alias="from")
    until: StrictStr | None = None
    maximum_pct: Percent


class TripsAgainstLast(Frozen):
    """Trips of a typical week against those of the last accepted timetable."""

    tolerance_pct: Percent


class ServiceCliff(Frozen):
    """No week ahead has much less service than the usual one."""

    days_ahead: Count
    minimum_pct: Percent


class VanishedKeys(Frozen):
    """Objects of the last accepted register that this one no longer has."""

    table: StrictStr
    key: StrictStr
    register_: Register = Field(alias="register")
    maximum_pct: Percent


PLAUSIBLE_ROWS: dict[str, type[Frozen]] = {
    "soft_limits": SoftLimits,
    "value_flagged": ValueFlagged,
    "rest_hours": RestHours,
    "register_ceiling": RegisterCeiling,
    "near_register_place": NearRegisterPlace,
    "same_as_register": SameAsRegister,
    "fall_without_event": FallWithoutEvent,
    "jump": Jump,
    "clock_skew": ClockSkew,
}
PLAUSIBLE_DELIVERIES: dict[str, tuple[type[Frozen], Dimension]] = {
    "gaps": (Gaps, Dimension.COMPLETENESS),
    "day_steps": (DaySteps, Dimension.CONSISTENCY),
    "plateaus": (Plateaus, Dimension.ACCURACY),
    "spikes": (Spikes, Dimension.ACCURACY),
    "slopes": (Slopes, Dimension.ACCURACY),
    "silent_series": (SilentSeries, Dimension.TIMELINESS),
    "trips_against_last": (TripsAgainstLast, Dimension.CONSISTENCY),
    "service_cliff": (ServiceCliff, Dimension.COVERAGE),
    "vanished_keys": (VanishedKeys, Dimension.CONSISTENCY),
}
