"""Two boards side by side: two regions, or two periods, indicator by indicator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from indicators.engine import IndicatorValue
from indicators.spec import Better

Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One indicator on both sides.

    Parameters
    ----------
    left, right : IndicatorValue
    difference : float or None
        Left less right, in the indicator's unit; ``None`` where either is not known.
    """

    left: IndicatorValue
    right: IndicatorValue
    difference: float | None

    @property
    def key(self) -> str:
        """Of the indicator."""
        return self.left.key

    def better_side(self, better: Better) -> Side | None:
        """Return which side is the better one; neither of equal ones, and none within a band."""
        if not self.difference or better == "band":
            return None
        return "left" if (self.difference > 0) == (better == "high") else "right"


def compared(left: Iterable[IndicatorValue], right: Iterable[IndicatorValue]) -> list[Compared]:
    """Put two boards side by side, in the order of the left one."""
    others = {value.key: value for value in right}
    return [
        Compared(value, others[value.key], _difference(value.value, others[value.key].value))
        for value in left
        if value.key in others
    ]


def _difference(left: float | None, right: float | None) -> float | None:
    # Rounded: 0.3 less 0.1 is not 0.19999999999999998 to anybody.
    return None if left is None or right is None else round(left - right, 9)
