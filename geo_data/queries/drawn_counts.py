"""How many cases a map draws in a region, by severity: the legend's count of its points."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from geo_data.queries.hindsight import Moment, moment
from geo_data.queries.open_cases import newest_reported, open_incident_points
from geo_data.records import Scope, Severity, Window
from geo_data.regions import region_tree
from geo_data.rollups.placed_cases import PlacedCases, placed_cases
from geo_data.store import Store

HOUR = timedelta(hours=1)


class _Drawn(NamedTuple):
    """The open cases with a place, and those of the window that have ended."""

    open: PlacedCases
    ended: PlacedCases


def drawn_counts(
    store: Store, scope: Scope, region_code: str, at: datetime, window: Window
) -> dict[Severity, int]:
    """Count the cases of :func:`open_incident_points` in a region, with everything below it.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str
        The root of the whole city holds what lies outside every region too; a region that may
        not be seen counts nothing.
    at, window
        As for the points. What slid out of a window is noticed within ten minutes, what came in
        at once.
    """
    # Some windows begin at a local midnight, so their length grows by the second: by the hour it
    # tells them apart.
    key = ("drawn-counts", round(window.length / HOUR))
    version = (
        store.stamp("regions", "incidents"),
        at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0),
    )
    drawn = store.cached(key, version, lambda: _drawn(store, at, window))
    tree = region_tree(store, scope)
    counts = drawn.open.by_severity(tree, region_code)
    counts += drawn.ended.by_severity(tree, region_code)
    return {severity: int(counts[int(severity)]) for severity in Severity}


def _drawn(store: Store, at: datetime, window: Window) -> _Drawn:
    with store.read() as connection:
        now = moment(store, connection, at)
        if now.is_now:
            ended = connection.execute(_ended(store, now, window)).all()
            return _Drawn(placed_cases(store, connection), PlacedCases.of(store, ended))
    # As known then: every case has to be judged anew.
    points = open_incident_points(store, Scope.everything(), at, window)
    rows = zip(points.id.tolist(), points.region_codes, points.severity.tolist(), strict=True)
    return _Drawn(PlacedCases.of(store, list(rows)), PlacedCases.of(store, []))


def _ended(store: Store, now: Moment, window: Window) -> Select[Any]:
    table = store.tables.incidents
    newest = newest_reported(store, now, window)
    return select(table.c.id, table.c.region_code, table.c.severity).where(
        table.c.id.in_(select(newest.c.id)),
        table.c.ended_at.is_not(None),
        table.c.lon.is_not(None),
    )
