"""How many cases the next day and week will bring to each town."""

from __future__ import annotations

from indicators.early_warning.past import Past
from indicators.early_warning.prediction import LEAST, predict
from indicators.early_warning.signal import Forecast
from indicators.early_warning.wording import sentence

RECENT = 14
MOST_UNITS = 40
"""So many regions are forecast, the busiest: each takes a third of a second."""


def forecasts_of(past: Past) -> tuple[Forecast, ...]:
    """Return the forecast of all that is seen and of its towns, in drill order."""
    units = past.units()
    counted = [past.by_day(chosen) for chosen in past.of_units()] if past.days else []
    by_size = sorted(range(len(counted)), key=lambda at: -int(counted[at].sum()))
    tried = set(by_size[:MOST_UNITS])
    return tuple(
        _forecast(code, counted[at] if at < len(counted) else None, at in tried)
        for at, code in enumerate(units)
    )


def _forecast(code: str, counts: object, is_tried: bool) -> Forecast:
    import numpy as np

    series = np.asarray(counts if counts is not None else (), dtype=np.float64)
    recent = tuple(int(n) for n in series[-RECENT:])
    if len(series) < LEAST:
        reason = sentence("forecast-short", {"least": LEAST, "days": len(series)})
        return Forecast(code, None, None, reason, recent)
    if not is_tried or series[-LEAST:].mean() < 1.0:
        return Forecast(code, None, None, sentence("forecast-few", {}), recent)
    day, week = predict(series, 1), predict(series, 7)
    assert day is not None
    told = {"error": f"{day.error:.1f}", "naive": f"{day.naive_error:.1f}"}
    key = "forecast-naive" if day.is_naive else "forecast-better"
    return Forecast(code, day, week, sentence(key, told), recent)
