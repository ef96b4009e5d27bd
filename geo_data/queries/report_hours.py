"""At which hours of which days of the week cases are reported."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo_data.queries.stage_funnel import times_of
from geo_data.records import Scope, Window
from geo_data.store import Store
from geo_data.wall_time import to_local
from geo_data.working_time import DAY_MS, HOUR_MS, THURSDAY, WEEK


class ReportHours(NamedTuple):
    """Counts by day of the week, Monday first, and hour of the city's clock.

    ``counts`` is int64, shape (7, 24). Cases reported before ``since`` are not in it, where not
    all of the window could be looked at.
    """

    counts: npt.NDArray[np.int64]
    since: datetime | None


def report_hours(
    store: Store, scope: Scope, region_code: str, window: Window, at: datetime
) -> ReportHours:
    """Count the cases reported in a window by day of the week and hour.

    Parameters as :func:`geo_data.queries.stage_funnel`; zeros for a region that may not be seen.
    """
    times, since = times_of(store, scope, region_code, window, at, timed=False)
    local_ms = to_local(times.reported_ms, store.city.zone)
    weekday = (local_ms // DAY_MS + THURSDAY) % WEEK
    cell = weekday * 24 + local_ms % DAY_MS // HOUR_MS
    return ReportHours(np.bincount(cell, minlength=WEEK * 24).reshape(WEEK, 24), since)
