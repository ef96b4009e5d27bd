"""How well cases are handled: closed, closed in time, not done twice.

The measures of evaluation (考核). Two published results are worked in the examples:
Tianmen, December 2016.
"""

from __future__ import annotations

from collections.abc import Callable

from indicators.formulas import share
from indicators.spec import Array, Better, Cases, Grain, Indicator, Unclosed
from indicators.wording import EVALUATED, describe


def closure_rate(unclosed: Array, due: Array) -> Array:
    """Return 结案率 in percent: closed, in time or not, out of those that were to be closed.

    Examples
    --------
    911 of 972 were closed, 61 were not:

    >>> closure_rate(np.array([61.0]), np.array([972.0])).round(2).tolist()
    [93.72]
    """
    return share(due - unclosed, due)


def on_time_rate(closed_on_time: Array, due: Array) -> Array:
    """Return 按期结案率 in percent: closed within the limit out of those to be closed.

    Examples
    --------
    >>> on_time_rate(np.array([737.0]), np.array([972.0])).round(2).tolist()
    [75.82]
    """
    return share(closed_on_time, due)


def rework_rate(reworked: Array, closed: Array) -> Array:
    """Return 返工率 in percent: sent back for rework out of closed.

    Examples
    --------
    >>> rework_rate(np.array([3.0]), np.array([200.0])).tolist()
    [1.5]
    """
    return share(reworked, closed)


def filing_rate(filed: Array, reported: Array) -> Array:
    """Return 立案率 in percent: filed out of those reported.

    Examples
    --------
    >>> filing_rate(np.array([176.0]), np.array([200.0])).tolist()
    [88.0]
    """
    return share(filed, reported)


def extension_rate(extended: Array, due: Array) -> Array:
    """Return 延期率 in percent: extended out of those to be closed.

    Examples
    --------
    >>> extension_rate(np.array([4.0]), np.array([80.0])).tolist()
    [5.0]
    """
    return share(extended, due)


def _rate(
    key: str, better: Better, value: Callable[..., Array], part: Cases | Unclosed, whole: str
) -> Indicator:
    needs = (part, Cases(whole))
    return describe(key, "management", "percent", Grain.FLOW, better, needs, value, EVALUATED)


INDICATORS = (
    _rate("on-time-rate", "high", on_time_rate, Cases("closed_on_time"), "due"),
    _rate("closure-rate", "high", closure_rate, Unclosed(), "due"),
    _rate("filing-rate", "high", filing_rate, Cases("filed_of_reported"), "reported"),
    _rate("rework-rate", "low", rework_rate, Cases("reworked"), "closed"),
    _rate("extension-rate", "low", extension_rate, Cases("extended"), "due"),
)
