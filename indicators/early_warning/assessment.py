"""One look at a city: every kind of signal, every forecast, worked out once an hour and version."""

from __future__ import annotations

from datetime import datetime, timedelta

from geo_data.records import Scope
from geo_data.store import Store
from geo_data.words import Label
from indicators.early_warning.anomalies import anomalies
from indicators.early_warning.clusters import cluster_signals
from indicators.early_warning.forecasts import forecasts_of
from indicators.early_warning.hot_spots import hot_spots
from indicators.early_warning.past import past
from indicators.early_warning.repeated_places import repeated_places
from indicators.early_warning.signal import KINDS, Assessment
from indicators.early_warning.wording import sentence

LATE = timedelta(hours=3)
"""Data older than this are late: a city reports by the hour."""


def assess(store: Store, scope: Scope, at: datetime) -> Assessment:
    """Return everything that is found at one look; takes seconds the first time.

    Parameters
    ----------
    store, scope
        Where, and who asks: nothing beyond it has any part in the result.
    at : datetime
        As known at this time.
    """
    return store.cached(_key(scope), version(store, at), lambda: _assessed(store, scope, at))


def held(store: Store, scope: Scope) -> Assessment | None:
    """Return what was last worked out, of whatever time; ``None`` before the first."""
    found = store.held(_key(scope))
    return found if isinstance(found, Assessment) else None


def hold(store: Store, scope: Scope, found: Assessment) -> None:
    """Keep what another process worked out."""
    store.cached(_key(scope), found.version, lambda: found)


def version(store: Store, at: datetime) -> tuple[object, ...]:
    """Return what an assessment is of: the data, and the hour."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return (store.version("incidents"), store.stamp("regions"), hour)


def _key(scope: Scope) -> object:
    return ("early-warning", scope)


def _assessed(store: Store, scope: Scope, at: datetime) -> Assessment:
    made_of = version(store, at)
    layer = store.layers().get("incidents")
    data_at = layer.data_at if layer else None
    # Where no data came for hours the last of them are unknown, not calm.
    late_notes: list[Label] = []
    until = at
    if data_at is not None and at - data_at > LATE:
        until = data_at + timedelta(milliseconds=1)
        local = data_at.astimezone(store.city.zone)
        late_notes = [sentence("note-late", {"data": f"{local:%m-%d %H:%M}"})]
    known = past(store, scope, until)
    if not len(known.cases):
        return Assessment(at, data_at, notes=(sentence("note-no-cases", {}),), version=made_of)
    places = hot_spots(store, scope, known)
    heaps, heap_notes = cluster_signals(store, known)
    rises, rise_notes = anomalies(known)
    found = [*places.signals, *heaps, *rises, *repeated_places(store, scope, known)]
    # Stable: within a kind the strongest stays first.
    ordered = sorted(found, key=lambda one: KINDS.index(one.kind))
    return Assessment(
        at,
        data_at,
        tuple(one.of(at, data_at) for one in ordered),
        forecasts_of(known),
        places.spots or {},
        (*late_notes, *places.notes, *heap_notes, *rise_notes),
        made_of,
    )
