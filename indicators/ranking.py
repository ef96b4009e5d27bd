"""The children of a region in the order in which they need looking at, by one indicator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indicators.spec import Better
from indicators.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class Ranked:
    """One region in a ranking; equal values share a ``place``, a missing one has none."""

    place: int | None
    code: str
    value: float | None


def ranked(
    values: Mapping[str, float | None], better: Better, threshold: Threshold | None = None
) -> list[Ranked]:
    """Return regions worst first, those without a value last.

    Parameters
    ----------
    values : Mapping
        By code.
    better : str
        Which way is good. Within a band the worst is what lies furthest outside the mildest
        band of ``threshold``; without one the highest comes first.
    threshold : Threshold, optional
        That holds.

    Examples
    --------
    >>> found = ranked({"a": 3.0, "b": None, "c": 9.0, "d": 3.0}, "low")
    >>> [(one.place, one.code) for one in found]
    [(1, 'c'), (2, 'a'), (2, 'd'), (None, 'b')]
    >>> [one.code for one in ranked({"a": 3.0, "c": 9.0}, "high")]
    ['a', 'c']
    """
    known = {code: value for code, value in values.items() if value is not None}
    badness = {code: _badness(value, better, threshold) for code, value in known.items()}
    codes = sorted(known, key=lambda code: (-badness[code], code))
    found, place = [], 0
    for number, code in enumerate(codes, 1):
        if number == 1 or badness[code] != badness[codes[number - 2]]:
            place = number
        found.append(Ranked(place, code, known[code]))
    return [*found, *(Ranked(None, code, None) for code in sorted(values.keys() - known.keys()))]


def _badness(value: float, better: Better, threshold: Threshold | None) -> float:
    if better == "high":
        return -value
    bands = [limit for _, limit in threshold.steps if isinstance(limit, tuple)] if threshold else []
    if better == "low" or not bands:
        return value
    low, high = bands[0]
    return max(low - value, value - high)
