"""Which sensors there are, what they say, and whether they speak at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from geo_data.dictionaries import sensor_kinds
from geo_data.instants import instant, millis
from geo_data.queries.masking import mask
from geo_data.queries.places import codes_at_place, visible_places
from geo_data.queries.sensor_book import NEVER, SensorBook, sensor_book
from geo_data.records import Scope, Sensor, SensorState, Window
from geo_data.regions import region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of

LATE_PERIODS = 3
"""A sensor silent for more of its periods than this is offline."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class SensorPoints:
    """Sensors as columns of shape (n,), for binary buffers.

    ``state`` holds :class:`SensorState` numbers, ``kind_index`` indices of ``kinds``, ``slot``
    numbers of regions in drill order; ``observed_at`` is NaT and ``value`` NaN where a sensor had
    not reported, ``period_ms`` how often it should.
    """

    fid: npt.NDArray[np.int32]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    state: npt.NDArray[np.uint8]
    kind_index: npt.NDArray[np.uint8]
    kinds: tuple[str, ...]
    codes: Sequence[str]
    region_codes: Sequence[str]
    slot: npt.NDArray[np.int32]
    period_ms: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    observed_at: npt.NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.fid)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What of the sensors that a viewer may see stays while readings come, in the book's order."""

    rows: Rows
    codes: tuple[str, ...]
    region_codes: tuple[str, ...]
    slot: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Then:
    """What the sensors of a book said by some time: shape (n,) each."""

    observed_ms: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    state: npt.NDArray[np.uint8]


def sensor(store: Store, scope: Scope, code: str, at: datetime) -> Sensor | None:
    """Return a sensor with its reading and state at ``at``; ``None`` if it may not be seen."""
    book = sensor_book(store)
    index = book.index.get(code)
    if index is None or index not in _visible(store, scope, book):
        return None
    return _records(store, scope, book, [index], at)[0]


def sensors(store: Store, scope: Scope, region_code: str | None, at: datetime) -> list[Sensor]:
    """Return the sensors of a region, with everything below it, by code.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    region_code : str or None
        ``None`` is the viewer's root; a region that may not be seen has none.
    at : datetime
        The latest reading taken and received by then counts, and the state is OFFLINE where that
        is older than three of the sensor's periods.
    """
    book = sensor_book(store)
    rows = _visible(store, scope, book, region_code)
    return _records(store, scope, book, rows.tolist(), at)


def sensors_of_place(store: Store, scope: Scope, place_code: str, at: datetime) -> list[Sensor]:
    """Return the sensors at a place or at what stands in it, by code."""
    book = sensor_book(store)
    codes = codes_at_place(store, scope, place_code)
    there = {index for code in codes for index in book.by_place.get(code, ())}
    rows = sorted(there.intersection(_visible(store, scope, book).tolist()))
    return _records(store, scope, book, rows, at)


def sensor_points(store: Store, scope: Scope, at: datetime) -> SensorPoints:
    """Return every visible sensor as columns, by code, with its state at ``at``."""
    book = sensor_book(store)
    chosen = store.cached(
        ("sensors-chosen", scope),
        (store.stamp("regions"), book.stamp),
        lambda: _chosen(store, scope, book),
    )
    rows = chosen.rows
    then = _then(store, book, rows, at)
    observed_at = then.observed_ms[rows].astype("M8[ms]")
    observed_at[then.observed_ms[rows] == NEVER] = np.datetime64("NaT")
    return SensorPoints(
        fid=book.fid[rows],
        lon=book.lon[rows],
        lat=book.lat[rows],
        state=then.state[rows],
        kind_index=book.kind_index[rows],
        kinds=book.kinds,
        codes=chosen.codes,
        region_codes=chosen.region_codes,
        slot=chosen.slot,
        period_ms=book.period_ms[rows],
        value=then.value[rows],
        observed_at=observed_at,
    )


def sensor_state_counts(
    store: Store, scope: Scope, region_code: str, at: datetime
) -> npt.NDArray[np.int64]:
    """Count the sensors of a region, with everything below it, by their state at ``at``.

    Returns
    -------
    int64, shape (states,)
        By :class:`SensorState`; all 0 for a region that may not be seen.
    """
    tree, points = region_tree(store, scope), sensor_points(store, scope, at)
    states = points.state[tree.within(points.slot, region_code)]
    counts: npt.NDArray[np.int64] = np.bincount(states, minlength=len(SensorState))
    return counts


def _chosen(store: Store, scope: Scope, book: SensorBook) -> _Chosen:
    rows = _visible(store, scope, book)
    records = [book.records[row] for row in rows.tolist()]
    regions = tuple(one.region_code for one in records)
    slot = region_tree(store, scope).order(regions)
    return _Chosen(rows, tuple(one.code for one in records), regions, slot)


def visible_codes(store: Store, scope: Scope, sensor_codes: Iterable[str]) -> list[str]:
    """Return those of the sensors that there are and that may be seen, in the order given."""
    book = sensor_book(store)
    seen = frozenset(_visible(store, scope, book).tolist())
    return [code for code in sensor_codes if book.index.get(code) in seen]


def observations(
    store: Store, scope: Scope, sensor_code: str, window: Window
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]:
    """Return what a sensor observed in a window, oldest first.

    Returns
    -------
    observed_at : datetime64[ms], shape (n,)
        UTC.
    value : float64, shape (n,)
        In the sensor's unit. Both are empty for a sensor that may not be seen.
    """
    book = sensor_book(store)
    table = store.tables.observations
    index = book.index.get(sensor_code)
    if index is None or index not in _visible(store, scope, book):
        return np.empty(0, dtype="M8[ms]"), np.empty(0)
    chosen = select(table.c.observed_at, table.c.value).where(
        table.c.sensor_code == sensor_code,
        table.c.observed_at >= window.start,
        table.c.observed_at < window.end,
    )
    with store.read() as connection:
        rows = connection.execute(chosen.order_by(table.c.observed_at)).all()
    times = np.array([millis(observed_at) for observed_at, _ in rows], dtype="M8[ms]")
    return times, np.array([value for _, value in rows], dtype=np.float64)


def _visible(store: Store, scope: Scope, book: SensorBook, region_code: str | None = None) -> Rows:
    """Rows of the book that may be seen, of one region if one is given, ascending."""
    tree = region_tree(store, scope)
    stamp = (store.stamp("regions"), book.stamp)
    order = store.cached(
        ("sensor-order", tree.root.code),
        stamp,
        lambda: tree.order(one.region_code for one in book.records),
    )
    chosen = order >= 0
    if scope.kinds is not None:
        chosen &= np.array([scope.sees_kind(kind) for kind in book.kinds], dtype=bool)[
            book.kind_index
        ]
    if region_code is not None:
        chosen &= tree.within(order, region_code)
    return np.flatnonzero(chosen)


def _then(store: Store, book: SensorBook, rows: Rows, at: datetime) -> _Then:
    at_ms = millis(at)
    said = _Then(book.observed_ms, book.value, book.state)
    # Taken later, or taken before but heard of later.
    later = rows[np.maximum(book.observed_ms, book.received_ms)[rows] > at_ms]
    if len(later):
        # A page asks several times. The book is kept, so that no other can have its identity.
        version = (at_ms, id(book), later.tobytes())
        said, _ = store.cached(
            "sensors-then", version, lambda: (_look_back(store, book, later, at), book)
        )
    late = at_ms - said.observed_ms > LATE_PERIODS * book.period_ms
    state = np.where(late, np.uint8(SensorState.OFFLINE), said.state)
    return _Then(said.observed_ms, said.value, state)


def _look_back(store: Store, book: SensorBook, rows: Rows, at: datetime) -> _Then:
    """Return what sensors were known by ``at`` to say where the newest reading came later."""
    observed_ms, value, state = book.observed_ms.copy(), book.value.copy(), book.state.copy()
    observed_ms[rows], value[rows] = NEVER, np.nan
    table = store.tables.observations
    codes = [book.records[row].code for row in rows.tolist()]
    last = (
        select(table.c.sensor_code, func.max(table.c.observed_at).label("observed_at"))
        .where(
            one_of(table.c.sensor_code, codes),
            table.c.observed_at <= at,
            table.c.received_at <= at,
        )
        .group_by(table.c.sensor_code)
        .subquery()
    )
    with store.read() as connection:
        found = connection.execute(
            select(table.c.sensor_code, table.c.observed_at, table.c.value).join(
                last,
                (table.c.sensor_code == last.c.sensor_code)
                & (table.c.observed_at == last.c.observed_at),
            )
        ).all()
    heard = np.array([book.index[code] for code, _, _ in found], dtype=np.intp)
    observed_ms[heard] = [millis(observed_at) for _, observed_at, _ in found]
    value[heard] = [said for _, _, said in found]
    state[heard] = SensorState.NORMAL
    for number, kind in enumerate(book.kinds):
        of_kind = heard[book.kind_index[heard] == number]
        if kind in sensor_kinds():
            state[of_kind] = sensor_kinds()[kind].judge(value[of_kind])
    return _Then(observed_ms, value, state)


def _records(
    store: Store, scope: Scope, book: SensorBook, rows: Sequence[int], at: datetime
) -> list[Sensor]:
    then = _then(store, book, np.array(rows, dtype=np.intp), at)
    differs = (then.state != book.state) | (then.observed_ms != book.observed_ms)
    found = [
        _replaced(book.records[row], then, row) if differs[row] else book.records[row]
        for row in rows
    ]
    return [mask(one, scope) for one in _without_hidden_places(store, scope, found)]


def _replaced(one: Sensor, then: _Then, row: int) -> Sensor:
    known = then.observed_ms[row] != NEVER
    return replace(
        one,
        value=float(then.value[row]) if known else None,
        observed_at=instant(then.observed_ms[row]) if known else None,
        state=SensorState(int(then.state[row])),
    )


def _without_hidden_places(store: Store, scope: Scope, found: Iterable[Sensor]) -> Iterable[Sensor]:
    if scope.kinds is None:
        return found
    found = list(found)
    with store.read() as connection:
        shown = visible_places(store, scope, connection, [one.place_code for one in found])
    assert shown is not None
    return [one if one.place_code in shown else replace(one, place_code=None) for one in found]
