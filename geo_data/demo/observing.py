"""The last day of every sensor of the demo city: mostly normal, some warnings, some silence."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_data.demo.columns import text
from geo_data.demo.sensors import Gauge, gauges
from geo_data.dictionaries import SensorKind, Threshold, sensor_kinds
from geo_data.instants import millis
from geo_data.wall_time import to_local
from geo_data.working_time import DAY_MS, HOUR_MS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SPAN_MS = DAY_MS
_MOST_ROWS = 210_000
_WARNING, _ALARM, _SILENT = 0.011, 0.0028, 0.014


def make_observations(
    sensors: pd.DataFrame, now: datetime, zone: ZoneInfo, random: np.random.Generator
) -> pd.DataFrame:
    """Draw a day of observations up to ``now``.

    Every sensor reported within its period, but for those gone silent. A sensor of a short
    period is thinned alike with the others, so that the whole stays a matter of a second.

    Returns
    -------
    DataFrame
        ``sensor_code, observed_at, value``.
    """
    steps = min(96, _MOST_ROWS // max(len(sensors), 1))
    frames = []
    kinds = sensor_kinds()
    for kind, own in sensors.groupby("kind", sort=False):
        frames.append(
            _of_kind(own, kinds[str(kind)], gauges()[str(kind)], steps, now, zone, random)
        )
    return pd.concat(frames, ignore_index=True)


def _of_kind(
    own: pd.DataFrame,
    kind: SensorKind,
    gauge: Gauge,
    steps: int,
    now: datetime,
    zone: ZoneInfo,
    random: np.random.Generator,
) -> pd.DataFrame:
    count = len(own)
    period_ms = kind.period_s * 1000
    apart_ms = -(-_SPAN_MS // steps // period_ms) * period_ms
    number = _SPAN_MS // apart_ms
    last_ms = millis(now) - random.integers(0, int(period_ms * 0.9), count)
    at_ms = last_ms[:, None] - np.arange(number - 1, -1, -1)[None, :] * apart_ms
    values = _normal(gauge, at_ms, zone, random)
    _disturb(values, kind, gauge.spells, random)
    silent = random.uniform(size=count) < _SILENT
    since_ms = millis(now) - random.integers(4 * period_ms, int(_SPAN_MS * 0.8), count)
    kept = ~silent[:, None] | (at_ms < since_ms[:, None])
    low, high = kind.plausible
    digits = 0 if kind.unit in ("0/1", "min") else 3 if kind.unit in ("MPa", "mg/L", "mg/m³") else 1
    codes = np.broadcast_to(own["code"].to_numpy(dtype=object)[:, None], at_ms.shape)
    return pd.DataFrame(
        {
            "sensor_code": text(codes[kept]),
            "observed_at": pd.to_datetime(at_ms[kept], unit="ms", utc=True),
            "value": np.round(values, digits).clip(low, high)[kept],
        }
    )


def _normal(gauge: Gauge, at_ms: Ints, zone: ZoneInfo, random: np.random.Generator) -> Floats:
    local = to_local(at_ms.ravel(), zone).reshape(at_ms.shape)
    hour = (local % DAY_MS) / HOUR_MS
    own = random.normal(gauge.level, gauge.spread, (len(at_ms), 1))
    swing = gauge.daily * np.cos((hour - gauge.peak_hour) / 24.0 * 2.0 * np.pi)
    noise = random.normal(0.0, 1.0, at_ms.shape) * gauge.noise
    values: Floats = np.clip(own + swing + noise, gauge.low, gauge.high)
    return values


def _disturb(values: Floats, kind: SensorKind, spells: float, random: np.random.Generator) -> None:
    """Let a few sensors end the day beyond a threshold, having got there step by step."""
    drawn = random.uniform(size=len(values)) / spells
    alarm = drawn < (_ALARM if kind.alarm else 0.0)
    warning = ~alarm & (drawn < _ALARM + (_WARNING if kind.warning else 0.0))
    for some, target in ((warning, _beyond(kind, False)), (alarm, _beyond(kind, True))):
        for row in np.flatnonzero(some).tolist():
            length = min(int(random.integers(2, 9)), values.shape[1])
            if kind.unit in ("0/1", "min"):
                values[row, -length:] = target
                continue
            ramp = np.minimum(np.linspace(0.4, 1.3, length), 1.0)
            values[row, -length:] += (target - values[row, -length:]) * ramp


def _beyond(kind: SensorKind, alarm: bool) -> float:
    """Return a value that is a warning, or an alarm, and not more than that."""
    low, high = kind.plausible
    own, worse = (kind.alarm, None) if alarm else (kind.warning, kind.alarm)
    if own is None:
        return low
    upwards = own.when.startswith(">")
    if worse is not None:
        share = 0.4 if kind.unit != "min" else 0.3
        return own.value + share * (worse.value - own.value)
    room = _room(own, high if upwards else low)
    return own.value + room if upwards else own.value - room


def _room(threshold: Threshold, end: float) -> float:
    """Return how far beyond a threshold an alarm lies: a little, and never past the scale."""
    return min(
        max(abs(threshold.value) * 0.25, 0.5 * (threshold.value == 0.0)), abs(end - threshold.value)
    )
