"""How old what is drawn is: the badges that turn yellow and grey."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from geo_data.instants import instant
from geo_data.queries.sensors import sensor_points
from geo_data.records import Scope
from geo_data.store import Store

INCIDENT_PERIOD_S = 600.0
"""A district hears of a case every few minutes, at night too; silence for longer is news.
Unverified: a city's own rhythm decides."""


def ages(store: Store, scope: Scope, at: datetime) -> dict[str, tuple[datetime | None, float]]:
    """Return how old each live layer is.

    Returns
    -------
    dict
        ``incidents`` and ``readings`` -> ``(data_at, period_s)``: late means ``at - data_at``
        beyond 1.5 periods (yellow) or 3 (grey). ``data_at`` is never after ``at`` and ``None``
        where nothing came yet. Incidents are judged by the feed of the whole city, readings by
        the sensors in scope.
    """
    layer = store.layers().get("incidents")
    heard = layer.data_at if layer else None
    found: dict[str, tuple[datetime | None, float]] = {
        "incidents": (min(heard, at) if heard else None, INCIDENT_PERIOD_S)
    }
    points = sensor_points(store, scope, at)
    if len(points):
        period_s = float(points.period_ms.min()) / 1000
        seen = points.observed_at[~np.isnat(points.observed_at)]
        newest = instant(int(seen.max().astype(np.int64))) if len(seen) else None
        found["readings"] = (newest, period_s)
    return found


def lateness(at: datetime, data_at: datetime | None, period_s: float) -> str:
    """Judge data by its period: ``late`` after 1.5 of it, ``lost`` after 3 (or never seen).

    Examples
    --------
    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> [lateness(noon, noon - timedelta(seconds=s), 60) for s in (60, 100, 200)]
    ['fresh', 'late', 'lost']
    """
    if data_at is None:
        return "lost"
    periods = (at - data_at).total_seconds() / period_s
    return "lost" if periods > 3 else "late" if periods > 1.5 else "fresh"
