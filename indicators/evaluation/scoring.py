"""From values to points, from points to places: arithmetic in decimals, as people do it.

Points are rounded to two digits half up, and a score is the sum of what is shown: who adds up the
table by hand comes to the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from geo_data.evaluations import Measure
from indicators.evaluation.result import Mark
from indicators.spec import Better

CENT = Decimal("0.01")


def rounded(value: float | Decimal) -> Decimal:
    """Return a value to two digits, half up.

    Examples
    --------
    911 and 737 of 972, and 1.6 of 3, as they were published:

    >>> [str(rounded(100 * n / of)) for n, of in ((911, 972), (737, 972), (1.6, 3))]
    ['93.72', '75.82', '53.33']
    """
    return _decimal(value).quantize(CENT, ROUND_HALF_UP)


def points_of(measure: Measure, value: float | None, better: Better = "high") -> Decimal | None:
    """Return the points for a value, between none and all.

    Parameters
    ----------
    value : float or None
        Of the indicator; ``None`` is not known.
    better : str
        Which way is good: it decides for a single step only, others say it themselves.

    Returns
    -------
    Decimal or None
        ``None``: the measure is left out of what could be given.

    Examples
    --------
    >>> from geo_data.evaluations import Step
    >>> rate = Measure(indicator="closure-rate", points=20, full_at=100)
    >>> str(points_of(rate, 100 * 911 / 972))
    '18.74'
    >>> rework = Measure(indicator="rework-rate", points=10, target=0, floor=10)
    >>> [str(points_of(rework, value)) for value in (0, 2.5, 12)]
    ['10.00', '7.50', '0.00']
    >>> overdue = Measure(indicator="own", points=10, each=0.5, most=4)
    >>> [str(points_of(overdue, n)) for n in (0, 3, 20)]
    ['10.00', '8.50', '6.00']
    """
    full = _decimal(measure.points)
    if value is None:
        return {"left-out": None, "full": rounded(full), "zero": rounded(0)}[measure.missing]
    given = _given(measure, _decimal(value), full, better)
    return rounded(min(max(given, Decimal(0)), full))


def score_of(total: float, given: Sequence[tuple[float, Decimal | None]]) -> Decimal | None:
    """Return the score of a unit: what it was given of what could be given, out of the total.

    Parameters
    ----------
    given : sequence of (float, Decimal or None)
        Full points and points of each measure; what is ``None`` is left out of both.

    Examples
    --------
    >>> str(score_of(100, [(60, Decimal("48.00")), (40, Decimal("36.50"))]))
    '84.50'
    >>> str(score_of(100, [(60, Decimal("48.00")), (40, None)]))
    '80.00'
    >>> score_of(100, [(60, None), (40, None)]) is None
    True
    """
    known = [(_decimal(full), points) for full, points in given if points is not None]
    if not known:
        return None
    could, had = sum(full for full, _ in known), sum(points for _, points in known)
    if len(known) == len(given):
        return rounded(Decimal(had))
    return rounded(_decimal(total) * had / could)


def places(scores: Sequence[Decimal | None]) -> list[int | None]:
    """Return the place of each score: 1, 2, 2, 4; none without a score.

    Examples
    --------
    >>> places([Decimal(90), Decimal(80), None, Decimal(90), Decimal(70)])
    [1, 3, None, 1, 4]
    """
    known = sorted(score for score in scores if score is not None)
    return [
        None if score is None else 1 + len(known) - bisect_right(known, score) for score in scores
    ]


def marks(scores: Sequence[Decimal | None], best: int, last: int) -> list[Mark | None]:
    """Return who is named at the head and who at the foot; units of one score go together.

    Nobody is both: the head comes first. Where all are alike nobody is named at the foot, and one
    unit by itself is named nowhere.

    Examples
    --------
    >>> marks([Decimal(n) for n in (9, 8, 8, 7, 1)], best=2, last=1)
    ['best', 'best', 'best', None, 'last']
    """
    known = sorted(score for score in scores if score is not None)

    def mark(score: Decimal | None) -> Mark | None:
        if score is None or len(known) < 2:
            return None
        if len(known) - bisect_right(known, score) < best:
            return "best"
        is_last = bisect_left(known, score) < last and score < known[-1]
        return "last" if is_last else None

    return [mark(score) for score in scores]


def _given(measure: Measure, value: Decimal, full: Decimal, better: Better) -> Decimal:
    if measure.full_at is not None:
        return full * value / _decimal(measure.full_at)
    if measure.each is not None:
        most = full if measure.most is None else _decimal(measure.most)
        return full - min(most, _decimal(measure.each) * value)
    if measure.target is not None and measure.floor is not None:
        target, floor = _decimal(measure.target), _decimal(measure.floor)
        return full * (value - floor) / (target - floor)
    return _stepped(measure, value, better)


def _stepped(measure: Measure, value: Decimal, better: Better) -> Decimal:
    edges = [_decimal(step.value) for step in measure.steps]
    is_high = edges[0] > edges[-1] if len(edges) > 1 else better != "low"
    for edge, step in zip(edges, measure.steps, strict=True):
        if value >= edge if is_high else value <= edge:
            return _decimal(step.points)
    return Decimal(0)


def _decimal(value: float | Decimal) -> Decimal:
    """Return the number that people see: 0.1, not what is nearest to it in binary."""
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))
