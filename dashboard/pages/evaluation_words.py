"""How points are given, in words and worked out with a unit's own numbers."""

from __future__ import annotations

from dashboard.context import Look
from dashboard.widgets.numbers import NONE
from geo_data.evaluations import Measure
from indicators.evaluation.result import MeasureResult, Settled
from indicators.evaluation.scoring import rounded

PERCENT = "%"


def value_text(look: Look, settled: Settled, key: str, value: float | None) -> str:
    """Write a value with its unit, to two digits as it is published; a dash where none is known."""
    if value is None:
        return NONE
    unit = settled.indicators[key].unit(look.language)
    text = f"{rounded(value):,}"
    if unit == PERCENT:
        return f"{text} %"
    return f"{plain(value)} {unit}" if unit else plain(value)


def plain(value: float) -> str:
    """Write a number without a point that says nothing.

    Examples
    --------
    >>> plain(30.0), plain(0.5), plain(1234.567)
    ('30', '0.5', '1,234.57')
    """
    text = f"{rounded(value):,}"
    return text.rstrip("0").rstrip(".")


def points_text(points: float | None) -> str:
    """Write points to two digits; a dash where none are given."""
    return NONE if points is None else f"{rounded(points)}"


def way_text(look: Look, measure: Measure) -> str:
    """Say how the points of a measure are given."""
    points = plain(measure.points)
    if measure.way == "proportion":
        said = look.say("way-of-proportion", points=points, full_at=plain(measure.full_at or 0))
    elif measure.way == "each":
        most = plain(measure.points if measure.most is None else measure.most)
        said = look.say("way-of-each", points=points, each=plain(measure.each or 0), most=most)
    elif measure.way == "steps":
        steps = [f"{plain(step.value)} → {plain(step.points)}" for step in measure.steps]
        said = look.say("way-of-steps", points=points, steps=", ".join(steps))
    else:
        target, floor = plain(measure.target or 0), plain(measure.floor or 0)
        said = look.say("way-of-between", points=points, target=target, floor=floor)
    return f"{said} {look.say(f'points-missing-{measure.missing}')}"


def worked(look: Look, measure: Measure, one: MeasureResult) -> str:
    """Work out the points of a unit with its own numbers."""
    if one.value is None or one.points is None:
        return look.say("points-not-given")
    value, points = plain(one.value), plain(measure.points)
    if measure.way == "proportion":
        sum_ = f"{value} ÷ {plain(measure.full_at or 0)} × {points}"
    elif measure.way == "each":
        sum_ = f"{points} − {plain(measure.each or 0)} × {value}"
    elif measure.way == "steps":
        sum_ = f"{value} → {points_text(one.points)}"
    else:
        target, floor = plain(measure.target or 0), plain(measure.floor or 0)
        sum_ = f"({value} − {floor}) ÷ ({target} − {floor}) × {points}"
    bounds = look.say("points-bounds", points=points) if one.points in (0, one.full) else ""
    lost = look.say("points-lost", lost=points_text(one.lost)) if one.lost else ""
    return f"{sum_} = {points_text(one.points)}{bounds}{lost}"
