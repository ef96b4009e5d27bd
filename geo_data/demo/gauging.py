"""What the sensors of the demo city measure as time goes by: mostly nothing remarkable."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from geo_data.demo.sensors import Gauge, gauges
from geo_data.dictionaries import SensorKind, sensor_kinds
from geo_data.ingest import Reading
from geo_data.instants import instant, millis
from geo_data.records import SensorState
from geo_data.store import Store
from geo_data.wall_time import to_local
from geo_data.working_time import DAY_MS, HOUR_MS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_KEEPS = 0.85
"""How much of its last deviation a sensor keeps to its next reading."""
_WARNING, _ALARM, _SILENT = 0.011, 0.0028, 0.014
"""Shares of the sensors that are beyond a threshold, or silent, at any time."""
_BEYOND_MS, _SILENT_MS = HOUR_MS, 2 * HOUR_MS
"""How long such a spell lasts on average."""
_RISES_MS = 10 * 60_000
"""How long a value takes to reach the end of its way."""


class Gauging:
    """Every sensor with its own normal, its own rhythm and its spells of trouble.

    Sensors of kinds that the demo city does not know are left alone.

    Parameters
    ----------
    store : Store
        Whose sensors; they go on from their latest readings.
    start : datetime
        When the first readings may come, aware.
    random : Generator
        The simulator's own.
    """

    def __init__(self, store: Store, start: datetime, random: np.random.Generator) -> None:
        self._random = random
        self._zone: ZoneInfo = store.city.zone
        self._kinds = {key: kind for key, kind in sensor_kinds().items() if key in gauges()}
        table, latest = store.tables.sensors, store.tables.readings
        columns = (table.c.code, table.c.kind, table.c.period_s, latest.c.value, latest.c.state)
        wanted = select(*columns).outerjoin(latest, latest.c.sensor_code == table.c.code)
        with store.read() as connection:
            rows = connection.execute(wanted.order_by(table.c.code)).all()
        rows = [row for row in rows if row.kind in self._kinds]
        n = len(rows)
        keys = list(self._kinds)
        self.codes = np.array([row.code for row in rows], dtype=object)
        self.period_ms: Ints = np.array([row.period_s for row in rows], dtype=np.int64) * 1000
        self._kind: Ints = np.array([keys.index(row.kind) for row in rows], dtype=np.int64)
        self._table = _Table.of([gauges()[key] for key in keys], list(self._kinds.values()))
        self._next_ms = millis(start) + (random.uniform(size=n) * self.period_ms).astype(np.int64)
        self._own = random.normal(self._table.level[self._kind], self._table.spread[self._kind])
        normal = np.array([row.state == SensorState.NORMAL for row in rows], dtype=bool)
        values = np.array([row.value if row.value is not None else 0.0 for row in rows])
        swing = self._swing(np.full(n, millis(start)), np.arange(n))
        self._own = np.where(normal, values - swing, self._own)
        self._off: Floats = np.zeros(n)
        self._target: Floats = np.zeros(n)
        self._began_ms: Ints = np.zeros(n, dtype=np.int64)
        self._until_ms: Ints = np.zeros(n, dtype=np.int64)
        self._silent_ms: Ints = np.zeros(n, dtype=np.int64)

    def readings(self, end: datetime, sparse_ms: int = 0) -> list[Reading]:
        """Return what was measured until ``end`` and not returned yet, in the order of time.

        Parameters
        ----------
        sparse_ms : int
            Sensors report no more often than this: to catch up with a long absence.
        """
        end_ms = millis(end)
        found: list[tuple[Ints, Ints, Floats]] = []
        while len(due := np.flatnonzero(self._next_ms < end_ms)):
            at_ms = self._next_ms[due].copy()
            values = self._measure(due, at_ms)
            speaks = self._silent_ms[due] <= at_ms
            found.append((at_ms[speaks], due[speaks], values[speaks]))
            self._next_ms[due] += np.maximum(self.period_ms[due], sparse_ms)
        if not found:
            return []
        at_ms, sensor, values = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.argsort(at_ms, kind="stable")
        rows = zip(sensor[order], values[order].tolist(), at_ms[order].tolist(), strict=True)
        return [Reading(str(self.codes[row]), value, instant(at)) for row, value, at in rows]

    def _measure(self, due: Ints, at_ms: Ints) -> Floats:
        kind, table = self._kind[due], self._table
        noise = self._random.normal(size=len(due)) * table.noise[kind]
        self._off[due] = _KEEPS * self._off[due] + noise * np.sqrt(1 - _KEEPS**2)
        normal = self._own[due] + self._swing(at_ms, due) + self._off[due]
        normal = np.clip(normal, table.low[kind], table.high[kind])
        self._trouble(due, at_ms)
        share = np.clip((at_ms - self._began_ms[due]) / _RISES_MS, 0.0, 1.0)
        share = np.where(table.jumps[kind], 1.0, share)
        share = np.where(self._until_ms[due] > at_ms, share, 0.0)
        values = normal + (self._target[due] - normal) * share
        values = np.clip(values, table.least[kind], table.most[kind])
        scale = 10.0 ** table.digits[kind]
        rounded: Floats = np.round(values * scale) / scale
        return rounded

    def _swing(self, at_ms: Ints, rows: Ints) -> Floats:
        kind = self._kind[rows]
        hour = (to_local(at_ms, self._zone) % DAY_MS) / HOUR_MS
        turn = (hour - self._table.peak_hour[kind]) / 24.0 * 2.0 * np.pi
        swing: Floats = self._table.daily[kind] * np.cos(turn)
        return swing

    def _trouble(self, due: Ints, at_ms: Ints) -> None:
        """Begin spells beyond a threshold, and of silence."""
        kind, table = self._kind[due], self._table
        calm = self._until_ms[due] <= at_ms
        drawn = self._random.uniform(size=len(due)) * _BEYOND_MS / self.period_ms[due]
        drawn /= table.spells[kind]
        alarm = calm & (drawn < _ALARM) & np.isfinite(table.alarm[kind])
        warning = calm & ~alarm & (drawn < _ALARM + _WARNING) & np.isfinite(table.warning[kind])
        for some, targets in ((alarm, table.alarm), (warning, table.warning)):
            rows = due[some]
            self._target[rows] = targets[kind[some]]
            self._began_ms[rows] = at_ms[some]
            lasts = self._random.exponential(_BEYOND_MS, len(rows))
            self._until_ms[rows] = at_ms[some] + lasts.astype(np.int64)
        drawn = self._random.uniform(size=len(due)) * _SILENT_MS / self.period_ms[due]
        rows = due[(self._silent_ms[due] <= at_ms) & (drawn < _SILENT)]
        lasts = self._random.exponential(_SILENT_MS, len(rows)) + self.period_ms[rows]
        self._silent_ms[rows] = self._next_ms[rows] + lasts.astype(np.int64)


class _Table:
    """The kinds as columns, one row a kind."""

    def __init__(self, **columns: Floats) -> None:
        self.level = columns["level"]
        self.spread = columns["spread"]
        self.daily = columns["daily"]
        self.peak_hour = columns["peak_hour"]
        self.noise = columns["noise"]
        self.low = columns["low"]
        self.high = columns["high"]
        self.least = columns["least"]
        self.most = columns["most"]
        self.digits = columns["digits"]
        self.jumps = columns["jumps"] > 0
        self.warning = columns["warning"]
        self.alarm = columns["alarm"]
        self.spells = columns["spells"]

    @classmethod
    def of(cls, normal: list[Gauge], kinds: list[SensorKind]) -> _Table:
        """Return the columns of gauges and their kinds."""
        names = ("level", "spread", "daily", "peak_hour", "noise", "low", "high", "spells")
        columns = {name: [float(getattr(one, name)) for one in normal] for name in names}
        columns["least"] = [kind.plausible[0] for kind in kinds]
        columns["most"] = [kind.plausible[1] for kind in kinds]
        columns["digits"] = [digits_of(kind) for kind in kinds]
        columns["jumps"] = [float(kind.unit in ("0/1", "min")) for kind in kinds]
        columns["warning"] = [beyond(kind, SensorState.WARNING) for kind in kinds]
        columns["alarm"] = [beyond(kind, SensorState.ALARM) for kind in kinds]
        return cls(**{name: np.array(values) for name, values in columns.items()})


def digits_of(kind: SensorKind) -> float:
    """How many digits after the point such a sensor gives."""
    if kind.unit in ("0/1", "min"):
        return 0.0
    return 3.0 if kind.unit in ("MPa", "mg/L", "mg/m³") else 1.0


def beyond(kind: SensorKind, state: SensorState) -> float:
    """Return a value that is just this state, warning or alarm; NaN where a kind has none."""
    threshold = kind.alarm if state is SensorState.ALARM else kind.warning
    if threshold is None:
        return float("nan")
    low, high = kind.plausible
    end = high if threshold.when.startswith(">") else low
    if state is SensorState.WARNING and kind.alarm is not None:
        return threshold.value + 0.4 * (kind.alarm.value - threshold.value)
    room = min(max(abs(threshold.value) * 0.25, 0.5), abs(end - threshold.value))
    return threshold.value + (room if end == high else -room)
