"""What an indicator is: a frozen description and a pure function.

The function takes one array per need, in the order of the needs, all of one shape, and returns
an array of that shape: index in, index out. What the index runs over (the buckets of a
sparkline, the towns of a district, every grid of a city) is none of its business, so one
function serves them all. A missing value is NaN inside arrays, ``None`` outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

from geo_data.words import DEFAULT_LANGUAGE, Label

Array = npt.NDArray[np.float64]
Better = Literal["low", "high", "band"]
Role = Literal["duty", "leader", "evaluator"]
"""Whose business an indicator is: who keeps watch, who leads, who evaluates the units."""


class Grain(StrEnum):
    """How an indicator lives in time."""

    FLOW = "flow"
    """Counted over the chosen window."""
    STOCK = "stock"
    """Standing at the end of the window: open cases."""
    READING = "reading"
    """Read by sensors during the window."""
    STATE = "state"
    """State of the sensors at the present moment, whatever the window."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases of one measure of :data:`geo_data.rollups.MEASURES` within the span."""

    measure: str


@dataclass(frozen=True, slots=True)
class CasesOf:
    """Reported cases within the span whose ``dimension`` has one of ``keys``.

    A key of ``category`` may be the two digits of a major class.
    """

    dimension: Literal["category", "channel", "severity"]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unclosed:
    """Cases that fell due within the span and have not ended to this day."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Cases open, past their time limit, or due soon, at the end of the span."""

    what: Literal["open", "overdue", "due-soon"]


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of one metric within the span: how many, their sum, lowest and highest."""

    metric: str
    part: Literal["n", "total", "low", "high"]


@dataclass(frozen=True, slots=True)
class Sensors:
    """Sensors of ``kinds`` at the present moment, counted by state."""

    kinds: tuple[str, ...]
    part: Literal["installed", "online", "normal", "warning", "alarm"]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Cases closed within the span that repeat one of the same place and category.

    That is, one reported at most 30 days before. Known of the last two months.
    """


@dataclass(frozen=True, slots=True)
class HotSpots:
    """Places with three cases or more of one category in the 30 days before the span ends."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What citizens said within the span when asked afterwards (回访): how many, or how content.

    ``score`` adds up the weights that the city gives to the answers.
    """

    part: Literal["n", "score"]


@dataclass(frozen=True, slots=True)
class Residents:
    """Residents of the region; missing where nobody said how many."""


Need = (
    Cases
    | CasesOf
    | Unclosed
    | Standing
    | Repeats
    | HotSpots
    | Answers
    | Readings
    | Sensors
    | Residents
)


@dataclass(frozen=True, slots=True)
class Indicator:
    """A vital sign of the city (体征指标).

    Parameters
    ----------
    key : str
        Kebab-case, as in URLs and files.
    name, unit_label, formula, basis : Label
        Wordings; ``basis`` says by which rule it is counted (口径) and where that comes from.
    group : str
        Key of :func:`indicators.catalog.groups`.
    grain : Grain
        How it lives in time.
    better : str
        ``"high"``, ``"low"`` or ``"band"``: which way is good.
    needs : tuple of Need
        What the function is given, in order.
    value : callable
        Arrays in, array out.
    additive : bool
        Whether the values of children add up to the parent's.
    roles : tuple of str
        Whose business it is.
    """

    key: str
    name: Label
    unit_label: Label
    group: str
    grain: Grain
    better: Better
    formula: Label
    basis: Label
    needs: tuple[Need, ...]
    value: Callable[..., Array]
    additive: bool
    roles: tuple[Role, ...]

    @property
    def unit(self) -> str:
        """Unit as written in the product's own language; see :meth:`unit_in`."""
        return self.unit_label(DEFAULT_LANGUAGE)

    def unit_in(self, language: str) -> str:
        """Unit as written in ``language``."""
        return self.unit_label(language)

    @property
    def window(self) -> Literal["chosen", "now"]:
        """Whether the value speaks of the chosen window or of the present moment."""
        return "chosen" if self.grain in (Grain.FLOW, Grain.READING) else "now"

    @property
    def mappable(self) -> bool:
        """Whether all regions of any level can be had in one pass.

        Dimensions and readings are kept by the regions of the level under the root only.
        """
        return not any(isinstance(need, CasesOf | Readings) for need in self.needs)
