"""Every sensor with its latest reading, in memory, kept up to date by the change log.

Five thousand sensors are asked about at every drill and change a few at a time: the book is
read once, later only what changed is read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, select

from geo_data.instants import millis
from geo_data.records import Sensor, SensorState
from geo_data.store import Store
from geo_data.store.code_lists import one_of

NEVER = -(1 << 60)
"""Milliseconds that stand for "no reading yet"; far enough from overflow to subtract."""
Reading = tuple[str, float, datetime, datetime, int]
MANY = 2_000
"""Changes after which reading everything again is cheaper than following them."""


@dataclass(frozen=True, slots=True)
class SensorBook:
    """All sensors as columns of shape (n,) and as records, in the same order, by code.

    ``observed_ms`` and ``received_ms`` are :data:`NEVER` and ``value`` NaN where a sensor never
    reported; states and the states of ``records`` do not know lateness, which depends on the time
    asked about.
    """

    stamp: object
    seq: int
    records: tuple[Sensor, ...]
    index: dict[str, int]
    by_place: dict[str, list[int]]
    by_fid: dict[int, int]
    fid: npt.NDArray[np.int32]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    kinds: tuple[str, ...]
    kind_index: npt.NDArray[np.uint8]
    period_ms: npt.NDArray[np.int64]
    observed_ms: npt.NDArray[np.int64]
    received_ms: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    state: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.records)


def sensor_book(store: Store) -> SensorBook:
    """Return the book as of the newest commit."""
    stamp = store.stamp("sensors")
    version = (stamp, store.version("readings"))
    return store.cached("sensor-book", version, lambda: _newer(store, stamp))


def _newer(store: Store, stamp: object) -> SensorBook:
    book = store.held("sensor-book")
    with store.read() as connection:
        if not isinstance(book, SensorBook) or book.stamp != stamp:
            book = _read_sensors(store, connection, stamp)
            changed = None
        else:
            changed = _changed(store, connection, book)
        seq = connection.scalar(select(func.max(store.tables.changes.c.seq))) or 0
        return _with_readings(book, _readings(store, connection, changed), seq)


def _read_sensors(store: Store, connection: Connection, stamp: object) -> SensorBook:
    table = store.tables.sensors
    columns = [column for column in table.c if column.name not in ("geom", "pinyin")]
    rows = connection.execute(select(*columns).order_by(table.c.code)).mappings().all()
    kinds = tuple(sorted({row["kind"] for row in rows}))
    place_of: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if row["place_code"] is not None:
            place_of.setdefault(row["place_code"], []).append(index)
    n = len(rows)
    return SensorBook(
        stamp=stamp,
        seq=0,
        records=tuple(Sensor(**{name: row[name] for name in row if name != "fid"}) for row in rows),
        index={row["code"]: index for index, row in enumerate(rows)},
        by_place=place_of,
        by_fid={row["fid"]: index for index, row in enumerate(rows)},
        fid=np.array([row["fid"] for row in rows], dtype=np.int32),
        lon=np.array([row["lon"] for row in rows], dtype=np.float64),
        lat=np.array([row["lat"] for row in rows], dtype=np.float64),
        kinds=kinds,
        kind_index=np.array([kinds.index(row["kind"]) for row in rows], dtype=np.uint8),
        period_ms=np.array([row["period_s"] * 1000 for row in rows], dtype=np.int64),
        observed_ms=np.full(n, NEVER, dtype=np.int64),
        received_ms=np.full(n, NEVER, dtype=np.int64),
        value=np.full(n, np.nan),
        state=np.full(n, SensorState.OFFLINE, dtype=np.uint8),
    )


def _changed(store: Store, connection: Connection, book: SensorBook) -> list[str] | None:
    """Codes of sensors that reported since the book was read; ``None`` for too many to tell."""
    changes = store.tables.changes
    rows = connection.execute(
        select(changes.c.seq, changes.c.topic, changes.c.body)
        .where(changes.c.seq >= book.seq)
        .order_by(changes.c.seq)
        .limit(MANY)
    ).all()
    if len(rows) == MANY or not rows or rows[0].seq != book.seq:
        return None
    told = [(row.topic, json.loads(row.body)) for row in rows[1:] if row.topic != "incidents"]
    if any(body["layer"] == "readings" for topic, body in told if topic == "layers"):
        return None
    fids = {row[0] for topic, body in told if topic == "readings" for row in body["rows"]}
    return [book.records[book.by_fid[fid]].code for fid in fids if fid in book.by_fid]


def _readings(
    store: Store, connection: Connection, codes: Iterable[str] | None
) -> Sequence[Reading]:
    table = store.tables.readings
    names = ("sensor_code", "value", "observed_at", "received_at", "state")
    chosen = select(*(table.c[name] for name in names))
    if codes is not None:
        chosen = chosen.where(one_of(table.c.sensor_code, codes))
    return [tuple(row) for row in connection.execute(chosen)]


def _with_readings(book: SensorBook, rows: Sequence[Reading], seq: int) -> SensorBook:
    records = list(book.records)
    observed_ms, value, state = book.observed_ms.copy(), book.value.copy(), book.state.copy()
    received_ms = book.received_ms.copy()
    for code, reading, observed_at, received_at, judged in rows:
        index = book.index.get(code)
        if index is not None:
            observed_ms[index], value[index] = millis(observed_at), reading
            received_ms[index], state[index] = millis(received_at), judged
            records[index] = replace(
                records[index], value=reading, observed_at=observed_at, state=SensorState(judged)
            )
    return replace(
        book,
        seq=seq,
        records=tuple(records),
        observed_ms=observed_ms,
        received_ms=received_ms,
        value=value,
        state=state,
    )
