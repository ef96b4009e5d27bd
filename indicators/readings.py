"""How the city runs, as its sensors read it: supply, air, water, crowds, lamps."""

from __future__ import annotations

from indicators.formulas import highest, mean
from indicators.spec import Better, Grain, Indicator, Readings
from indicators.wording import describe


def _mean(key: str, group: str, unit: str, better: Better, metric: str) -> Indicator:
    needs = (Readings(metric, "total"), Readings(metric, "n"))
    return describe(key, group, unit, Grain.READING, better, needs, mean)


def _highest(key: str, group: str, unit: str, metric: str) -> Indicator:
    needs = (Readings(metric, "high"),)
    return describe(key, group, unit, Grain.READING, "low", needs, highest)


INDICATORS = (
    _mean("lit-rate", "management", "percent", "high", "lit-rate"),
    _highest("crowd", "safety", "percent", "crowd"),
    _mean("pipe-pressure", "supply", "mpa", "high", "pipe-pressure"),
    _mean("residual-chlorine", "supply", "mg-l", "high", "residual-chlorine"),
    _mean("turbidity", "supply", "ntu", "low", "turbidity"),
    _mean("power-load", "supply", "percent", "low", "power-load"),
    _mean("pm25", "environment", "ug-m3", "low", "pm25"),
    _mean("dust", "environment", "mg-m3", "low", "pm10"),
    _highest("rain-1h", "emergency", "mm", "rain-1h"),
    _highest("underpass-water", "emergency", "cm", "water-depth"),
    _highest("river-level", "emergency", "cm", "river-over-warning"),
)
