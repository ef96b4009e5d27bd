"""What a rule measures of a sensor's readings, and from which limits on that is a warning."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from geo_data.dictionaries import Threshold
from geo_data.ladders import WarningLevel
from geo_data.sources import Entry, wrong

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Colour = Literal["blue", "yellow", "orange", "red"]
COLOURS: tuple[Colour, ...] = ("blue", "yellow", "orange", "red")
"""Mildest first, as a file names them."""
LEVELS = {colour: WarningLevel[colour.upper()] for colour in COLOURS}
Measure = Literal["value", "sum", "mean", "max", "min", "rate", "absence"]
WINDOWS = ("sum", "mean", "max", "min", "rate")
MINUTE_MS = 60_000


class Condition(Entry):
    """One measure of a sensor's readings with its limits.

    Parameters
    ----------
    measure : str
        ``value``: the newest reading. ``sum``, ``mean``, ``max``, ``min``: over the last
        ``minutes``. ``rate``: the change within ``minutes``. ``absence``: minutes of silence; a
        rule about that has no other condition.
    when : str
        On which side of a limit is bad; of an absence always ``>=``.
    minutes : float, optional
        Length of the window.
    one_per_min : float, optional
        For ``sum`` and ``mean`` of readings that are totals themselves: takes one reading in
        so many minutes, counted back from the newest. A gauge that tells the rain of the last
        hour every five minutes adds up to six hours with one reading an hour.
    blue, yellow, orange, red : float, optional
        Limits in the rule's unit (a rate's: per ``minutes``), at least one, each worse than the
        one before.
    hysteresis : float
        So far must a value retreat from a limit before that level is over.
    hold_min : float
        So long must a limit be passed before it counts.
    hold_readings : int
        And by so many readings in a row.
    """

    measure: Measure
    when: Literal[">", ">=", "<", "<="] = ">="
    minutes: Positive | None = None
    one_per_min: Positive | None = None
    blue: Number | None = None
    yellow: Number | None = None
    orange: Number | None = None
    red: Number | None = None
    hysteresis: NotNegative = 0.0
    hold_min: NotNegative = 0.0
    hold_readings: Annotated[int, Field(ge=1)] = 1

    @cached_property
    def limits(self) -> dict[WarningLevel, float]:
        """Level to limit, mildest first."""
        given = ((LEVELS[colour], getattr(self, colour)) for colour in COLOURS)
        return {level: limit for level, limit in given if limit is not None}

    @property
    def window_ms(self) -> int:
        """How far back one measure reaches; 0 for a value."""
        return round((self.minutes or 0) * MINUTE_MS)

    @property
    def hold_ms(self) -> int:
        """How long a limit must be passed."""
        return round(self.hold_min * MINUTE_MS)

    @property
    def step_ms(self) -> int:
        """How far apart the readings of a sum are taken; 0 for all of them."""
        return round((self.one_per_min or 0) * MINUTE_MS)

    def threshold(self, level: WarningLevel) -> Threshold:
        """Return the limit of a level."""
        return Threshold(when=self.when, value=self.limits[level])

    def release(self, level: WarningLevel) -> Threshold:
        """Return the limit which a value must leave again before the level is over."""
        back = -self.hysteresis if self.when.startswith(">") else self.hysteresis
        return Threshold(when=self.when, value=self.limits[level] + back)

    @model_validator(mode="after")
    def _limits_grow_worse(self) -> Condition:
        if not self.limits:
            raise wrong("rule-no-limit")
        strict = self.when[0]
        for (mild, low), (worse, high) in pairwise(self.limits.items()):
            if not (high > low if strict == ">" else high < low):
                names = {"mild": mild.name.lower(), "worse": worse.name.lower()}
                raise wrong("rule-limits-order", **names)
        return self

    @model_validator(mode="after")
    def _parts_fit_the_measure(self) -> Condition:
        if (self.minutes is not None) != (self.measure in WINDOWS):
            raise wrong("rule-minutes", measure=self.measure)
        stepped = self.one_per_min is not None
        if stepped and (self.measure not in ("sum", "mean") or self.window_ms % self.step_ms):
            raise wrong("rule-one-per-min")
        is_plain = not self.hysteresis and not self.hold_min and self.hold_readings == 1
        if self.measure == "absence" and (self.when != ">=" or not is_plain):
            raise wrong("rule-absence")
        return self
