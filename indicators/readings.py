"""How the city runs, as its sensors read it: supply, air, water, crowds, lamps."""

from __future__ import annotations

import numpy as np

from indicators.formulas import highest, mean
from indicators.spec import Array, Better, Grain, Indicator, Readings
from indicators.wording import describe

IAQI = (0, 50, 100, 150, 200, 300, 400, 500)
PM25_UG_M3 = (0, 35, 75, 115, 150, 250, 350, 500)
"""HJ 633-2012, table 1: the 24 h mean of PM2.5 at each step of its index."""


def pm25_index(total: Array, n: Array) -> Array:
    """Return the air quality index of PM2.5 (IAQI, HJ 633) of the mean of its readings.

    Between the steps of the table it is linear, and rounded up to a whole number; beyond the
    last step it stays at 500.

    Parameters
    ----------
    total, n : array
        Sum in µg/m³ and number of the readings.

    Examples
    --------
    Half way from 35 (50) to 75 (100) is 75; 36 is 51.25, rounded up.

    >>> pm25_index(np.array([110.0, 36.0, 0.0]), np.array([2.0, 1.0, 0.0])).tolist()
    [75.0, 52.0, nan]
    """
    # Half a millionth: 115 as a sum of readings must not become 115.0000001 and 151.
    index = np.interp(mean(total, n), PM25_UG_M3, IAQI)
    return np.asarray(np.ceil(index - 1e-6), dtype=np.float64)


def _mean(key: str, group: str, unit: str, better: Better, metric: str) -> Indicator:
    needs = (Readings(metric, "total"), Readings(metric, "n"))
    return describe(key, group, unit, Grain.READING, better, needs, mean)


def _highest(key: str, group: str, unit: str, metric: str) -> Indicator:
    needs = (Readings(metric, "high"),)
    return describe(key, group, unit, Grain.READING, "low", needs, highest)


INDICATORS = (
    _mean("lit-rate", "management", "percent", "high", "lit-rate"),
    _highest("crowd", "safety", "percent", "crowd"),
    _highest("trapped-longest", "safety", "min", "trapped-min"),
    _mean("pipe-pressure", "supply", "mpa", "high", "pipe-pressure"),
    _mean("residual-chlorine", "supply", "mg-l", "high", "residual-chlorine"),
    _mean("turbidity", "supply", "ntu", "low", "turbidity"),
    _mean("power-load", "supply", "percent", "low", "power-load"),
    _mean("pm25", "environment", "ug-m3", "low", "pm25"),
    describe(
        "pm25-index",
        group="environment",
        unit="index",
        grain=Grain.READING,
        better="low",
        needs=(Readings("pm25", "total"), Readings("pm25", "n")),
        value=pm25_index,
    ),
    _mean("dust", "environment", "mg-m3", "low", "pm10"),
    _highest("rain-1h", "emergency", "mm", "rain-1h"),
    _highest("underpass-water", "emergency", "cm", "water-depth"),
    _highest("river-level", "emergency", "cm", "river-over-warning"),
)
