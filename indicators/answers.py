"""How citizens are answered: in time, with a solution or with reasons, and to their content.

The measures of evaluation (考核) that speak of the unit and the citizen. A city whose sources
tell of no signatures, calls or answers has none of them: that is a dash, not 0 %.
"""

from __future__ import annotations

from collections.abc import Callable

from indicators.formulas import share
from indicators.spec import Answers, Array, Cases, Grain, Indicator, Need
from indicators.wording import EVALUATED, describe


def response_rate(signed_in_time: Array, sign_due: Array) -> Array:
    """Return 响应及时率 in percent: signed for within the limit out of those sent out.

    Examples
    --------
    >>> response_rate(np.array([194.0]), np.array([200.0])).tolist()
    [97.0]
    """
    return share(signed_in_time, sign_due)


def contact_rate(contacted_in_time: Array, contact_due: Array) -> Array:
    """Return 先行联系率 in percent: spoken to within the limit out of those to be spoken to.

    Examples
    --------
    >>> contact_rate(np.array([147.0]), np.array([150.0])).tolist()
    [98.0]
    """
    return share(contacted_in_time, contact_due)


def hotline_on_time_rate(on_time: Array, due: Array) -> Array:
    """Return 按时办结率 in percent: 12345 cases closed within the limit out of those to be closed.

    Examples
    --------
    >>> hotline_on_time_rate(np.array([57.0]), np.array([60.0])).tolist()
    [95.0]
    """
    return share(on_time, due)


def resolved_rate(resolved: Array, explained: Array) -> Array:
    """Return 实际解决率 in percent: solved out of solved and explained.

    Examples
    --------
    With :func:`explained_rate` it adds up to 100 %:

    >>> resolved_rate(np.array([42.0, 0.0]), np.array([8.0, 0.0])).tolist()
    [84.0, nan]
    """
    return share(resolved, resolved + explained)


def explained_rate(resolved: Array, explained: Array) -> Array:
    """Return 解释说明率 in percent: explained out of solved and explained.

    Examples
    --------
    >>> explained_rate(np.array([42.0]), np.array([8.0])).tolist()
    [16.0]
    """
    return share(explained, resolved + explained)


def satisfaction_rate(score: Array, asked: Array) -> Array:
    """Return 市民满意率 in percent: the weights of the answers out of those who were asked.

    Examples
    --------
    Three were asked: one was satisfied (1), one neither way (0.6), one was not (0).

    >>> satisfaction_rate(np.array([1.0 + 0.6 + 0.0]), np.array([3.0])).round(1).tolist()
    [53.3]
    """
    return share(score, asked)


def _rate(key: str, value: Callable[..., Array], *needs: Need) -> Indicator:
    return describe(key, "livelihood", "percent", Grain.FLOW, "high", needs, value, EVALUATED)


_OUTCOMES = (Cases("resolved"), Cases("explained"))

INDICATORS = (
    _rate("contact-rate", contact_rate, Cases("contacted_in_time"), Cases("contact_due")),
    _rate("resolved-rate", resolved_rate, *_OUTCOMES),
    describe(
        "explained-rate",
        group="livelihood",
        unit="percent",
        grain=Grain.FLOW,
        better="low",
        needs=_OUTCOMES,
        value=explained_rate,
        roles=("evaluator",),
    ),
    _rate("satisfaction-rate", satisfaction_rate, Answers("score"), Answers("n")),
    _rate(
        "hotline-on-time-rate",
        hotline_on_time_rate,
        *(Cases("hotline_on_time"), Cases("hotline_due")),
    ),
    describe(
        "response-rate",
        group="management",
        unit="percent",
        grain=Grain.FLOW,
        better="high",
        needs=(Cases("signed_in_time"), Cases("sign_due")),
        value=response_rate,
        roles=EVALUATED,
    ),
)
