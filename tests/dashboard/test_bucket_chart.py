"""Bars of counts stand on zero, on either side of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dashboard.context import Context
from dashboard.widgets.bucket_chart import bucket_chart
from indicators import engine

BAR = re.compile(r'class="bar" x="[-\d.]+" y="([-\d.]+)" width="[-\d.]+" height="([-\d.]+)"')
Bars = Callable[..., list[tuple[float, float]]]


@pytest.fixture
def bars(context: Context) -> Bars:
    """Draws bars and gives top and height of each."""
    look = context.look("")
    period = engine.period_of(context.store, "24h", look.at)

    def draw(*values: float) -> list[tuple[float, float]]:
        padded = [*values, *[None] * (len(period.buckets) - len(values))]
        found = BAR.findall(str(bucket_chart(look, period, padded, bars=True)))
        return [(float(top), float(height)) for top, height in found]

    return draw


def test_what_is_less_than_nothing_hangs_from_zero(bars: Bars) -> None:
    (up, up_height), (down, down_height), (_, no_height) = bars(4, -4, 0)
    assert abs(up + up_height - down) < 0.2
    assert abs(up_height - down_height) < 0.2
    assert no_height <= 0.5


def test_counts_stand_on_the_ground(bars: Bars) -> None:
    ends = [top + height for top, height in bars(1, 2, 3)]
    assert max(ends) - min(ends) < 0.2
