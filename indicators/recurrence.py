"""What comes back: cases that repeat another, and spots where it keeps happening."""

from __future__ import annotations

from indicators.formulas import count, share
from indicators.spec import Array, Cases, Grain, HotSpots, Repeats
from indicators.wording import EVALUATED, describe


def repeat_rate(repeats: Array, closed: Array) -> Array:
    """Return 重复投诉率 in percent: of those closed, cases that repeat another.

    Examples
    --------
    >>> repeat_rate(np.array([6.0, 0.0]), np.array([150.0, 0.0])).tolist()
    [4.0, nan]
    """
    return share(repeats, closed)


INDICATORS = (
    describe(
        "repeat-rate",
        group="livelihood",
        unit="percent",
        grain=Grain.FLOW,
        better="low",
        needs=(Repeats(), Cases("closed")),
        value=repeat_rate,
        roles=EVALUATED,
    ),
    describe("hot-spots", "management", "places", Grain.STOCK, "low", (HotSpots(),), count),
)
