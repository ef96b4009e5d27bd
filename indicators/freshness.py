"""How old the data behind an indicator is, and whether that is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from geo_data.queries.freshness import INCIDENT_PERIOD_S
from geo_data.store import Store
from indicators.history import History
from indicators.installed import kinds_of_metric, shortest_period_s
from indicators.spec import Indicator, Readings, Sensors

LATE_PERIODS = 1.5
"""Data older than so many periods is late."""


class Freshness:
    """When the newest datum behind each indicator of a region is from, and whether that is late."""

    def __init__(self, store: Store, history: History, region_code: str, at: datetime) -> None:
        layer = store.layers().get("incidents")
        heard_at = layer.data_at if layer else None
        self._cases_at = min(heard_at, at) if heard_at else None
        self._sensors = history.sensors
        self._region_code = region_code
        self._at = at

    def of(self, indicator: Indicator) -> tuple[datetime | None, bool]:
        """Return the time of the newest datum, and whether it is late."""
        kinds = _kinds(indicator)
        if kinds:
            newest = self._sensors.newest(self._region_code, kinds)
            period_s = shortest_period_s(kinds)
        else:
            newest, period_s = self._cases_at, INCIDENT_PERIOD_S
        late_after = timedelta(seconds=LATE_PERIODS * period_s)
        return newest, newest is not None and self._at - newest > late_after


@cache
def _kinds(indicator: Indicator) -> tuple[str, ...]:
    """Sensor kinds an indicator rests on; none for the cases'."""
    kinds: list[str] = []
    for need in indicator.needs:
        if isinstance(need, Sensors):
            kinds += need.kinds
        elif isinstance(need, Readings):
            kinds += kinds_of_metric(need.metric)
    return tuple(dict.fromkeys(kinds))
