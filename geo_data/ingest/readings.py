"""Readings of sensors: judged by their kind, kept as observations, the latest one at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from geo_data.alarms.watching import UNSAID, News
from geo_data.dictionaries import SensorKind, sensor_kinds
from geo_data.faults import Fault
from geo_data.histories import NEVER, Flags, Rows, Strings
from geo_data.ingest.reports import Reading
from geo_data.ingest.times import column_ms, column_text
from geo_data.instants import instant, millis, to_text
from geo_data.records import SensorState
from geo_data.rollups.rows import add_hours, branches_of, log_change, sum_hours
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.inserts import Clash, insert_rows
from geo_data.store.kept import kept_from, too_old
from geo_data.store.layer_rows import note_layer
from geo_data.store.tables import Tables
from geo_data.working_time import Millis

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The sensors of the city as columns, shape (n,); ``rows`` finds one by its code.

    ``kind`` is the index in ``kinds``, -1 for a kind no dictionary knows: its values are kept
    and always normal.
    """

    rows: Mapping[str, int]
    codes: Strings
    fids: Rows
    kind: Rows
    kinds: tuple[SensorKind, ...]
    metrics: Strings
    branches: Strings


@dataclass(frozen=True, slots=True)
class Batch:
    """Observations as columns: row of the catalog, value, when."""

    sensor: Rows
    values: Values
    observed_ms: Millis

    def __len__(self) -> int:
        return len(self.values)

    def only(self, wanted: Flags | Rows) -> Batch:
        """Return the wanted rows."""
        return Batch(self.sensor[wanted], self.values[wanted], self.observed_ms[wanted])


@dataclass(frozen=True, slots=True)
class Stored:
    """What of a batch was written.

    Parameters
    ----------
    new : bool, shape (n,)
        Which observations were new.
    newest : Batch
        Those that are now at hand, one of a sensor.
    more : int64, shape (k,)
        Rows of the catalog: sensors of which more came than the newest, between readings known
        before or between them and the newest.
    """

    new: Flags
    newest: Batch
    more: Rows


@dataclass(slots=True)
class Taken:
    """What became of a batch of readings."""

    accepted: int = 0
    repeated: int = 0
    refused: list[tuple[int, Fault]] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    news: News | None = None


def catalog_of(store: Store) -> Catalog:
    """Return the sensors of a store, read once per version of them."""
    stamp = store.stamp("sensors", "regions")
    return store.cached("sensor-catalog", stamp, lambda: _read_catalog(store))


def _read_catalog(store: Store) -> Catalog:
    table = store.tables.sensors
    columns = (table.c.code, table.c.fid, table.c.kind, table.c.metric, table.c.region_code)
    with store.read() as connection:
        rows = connection.execute(select(*columns).order_by(table.c.fid)).all()
    kinds = tuple(sensor_kinds().values())
    index = {kind.key: number for number, kind in enumerate(kinds)}
    branches = branches_of(store)
    return Catalog(
        rows={row.code: number for number, row in enumerate(rows)},
        codes=np.array([row.code for row in rows], dtype=object),
        fids=np.array([row.fid for row in rows], dtype=np.int64),
        kind=np.array([index.get(row.kind, -1) for row in rows], dtype=np.int64),
        kinds=kinds,
        metrics=np.array([row.metric for row in rows], dtype=object),
        branches=np.array([branches.get(row.region_code, "") for row in rows], dtype=object),
    )


def states_of(catalog: Catalog, batch: Batch) -> npt.NDArray[np.uint8]:
    """State of each observation, judged by the kind of its sensor."""
    states = np.full(len(batch), SensorState.NORMAL, dtype=np.uint8)
    kind = catalog.kind[batch.sensor]
    for number in np.unique(kind[kind >= 0]):
        mine = kind == number
        states[mine] = catalog.kinds[number].judge(batch.values[mine])
    return states


def plausible(catalog: Catalog, batch: Batch) -> Flags:
    """Which observations a sensor of that kind can make at all."""
    fine = np.isfinite(batch.values)
    kind = catalog.kind[batch.sensor]
    for number in np.unique(kind[kind >= 0]):
        mine = kind == number
        fine[mine] = catalog.kinds[number].is_plausible(batch.values[mine])
    return fine


def implausible(catalog: Catalog, batch: Batch, row: int) -> Fault:
    """Say what is wrong with an observation that is not plausible."""
    value = float(batch.values[row])
    if not np.isfinite(value):
        return Fault("endless-number", field="value")
    kind = catalog.kinds[catalog.kind[batch.sensor[row]]]
    low, high = kind.plausible
    values: dict[str, object] = {"got": value, "unit": kind.unit, "low": low, "high": high}
    return Fault("implausible-value", field="value", values=values)


def apply_readings(
    connection: Connection,
    store: Store,
    catalog: Catalog,
    measured: Sequence[tuple[int, Reading]],
    received_at: datetime,
) -> Taken:
    """Take readings into the open transaction.

    Parameters
    ----------
    measured : sequence of (int, Reading)
        With their numbers in the batch, for the refusals.
    """
    taken = Taken()
    measured = _of_known_sensors(catalog, measured, taken)
    batch = Batch(
        np.array([catalog.rows[one.sensor_code] for _, one in measured], dtype=np.int64),
        np.array([one.value for _, one in measured], dtype=np.float64),
        column_ms(one.observed_at for _, one in measured),
    )
    fine = plausible(catalog, batch)
    for row in np.flatnonzero(~fine).tolist():
        taken.refused.append((measured[row][0], implausible(catalog, batch, row)))
    kept = kept_from(connection, store.tables, "observations")
    if kept is not None:
        old = fine & (batch.observed_ms < millis(kept))
        fine &= ~old
        numbers = (measured[row][0] for row in np.flatnonzero(old))
        taken.refused += [(number, too_old("observed_at", kept)) for number in numbers]
    stored = take(connection, store, catalog, batch.only(fine), received_at)
    new = stored.new
    taken.repeats = [measured[row][0] for row in np.flatnonzero(fine)[~new].tolist()]
    taken.accepted, taken.repeated = int(new.sum()), len(taken.repeats)
    taken.news = _news(catalog, stored)
    return taken


def _news(catalog: Catalog, stored: Stored) -> News:
    """Return what there is to be judged: the newest readings, and who told more than those."""
    newest = stored.newest
    only = np.setdiff1d(stored.more, newest.sensor)
    return News(
        catalog.codes[np.concatenate([newest.sensor, only])].tolist(),
        np.concatenate([newest.observed_ms, np.full(len(only), UNSAID, dtype=np.int64)]),
        np.concatenate([newest.values, np.full(len(only), np.nan)]),
        np.concatenate([np.isin(newest.sensor, stored.more), np.ones(len(only), dtype=bool)]),
    )


def take(
    connection: Connection,
    store: Store,
    catalog: Catalog,
    batch: Batch,
    received_at: datetime,
    received_ms: Millis | None = None,
) -> Stored:
    """Take observations of known sensors into the open transaction.

    Parameters
    ----------
    received_at : datetime
        Now.
    received_ms : int64, shape (n,), optional
        When each observation came, for history; now unless said.

    """
    latest_ms = _latest(connection, store.tables, catalog, batch)
    new = _new(connection, store.tables, catalog, batch, latest_ms)
    if not new.any():
        nothing = np.empty(0, dtype=np.int64)
        return Stored(new, batch.only(nothing), nothing)
    if received_ms is None:
        received = [to_text(received_at)] * int(new.sum())
    else:
        received = column_text(received_ms[new])
    told = batch.only(new)
    newest = _write(connection, store, catalog, told, latest_ms, received, received_at)
    return Stored(new, newest, _more(told, latest_ms))


def _more(told: Batch, latest_ms: Millis) -> Rows:
    """Sensors that told something older than was at hand, or more than once."""
    sensors, times = np.unique(told.sensor, return_counts=True)
    late = told.sensor[told.observed_ms < latest_ms[told.sensor]]
    more: Rows = np.union1d(sensors[times > 1], late)
    return more


def _of_known_sensors(
    catalog: Catalog, measured: Sequence[tuple[int, Reading]], taken: Taken
) -> list[tuple[int, Reading]]:
    known = []
    for row, reading in measured:
        if reading.sensor_code in catalog.rows:
            known.append((row, reading))
        else:
            values: dict[str, object] = {"key": reading.sensor_code}
            taken.refused.append((row, Fault("unknown-sensor", field="sensor_code", values=values)))
    return known


def _latest(connection: Connection, tables: Tables, catalog: Catalog, batch: Batch) -> Millis:
    """When each sensor of the catalog was last read, NEVER where not or not asked about."""
    table = tables.readings
    latest_ms = np.full(len(catalog.codes), NEVER, dtype=np.int64)
    asked = one_of(table.c.sensor_code, catalog.codes[np.unique(batch.sensor)].tolist())
    wanted = select(table.c.sensor_code, table.c.observed_at).where(asked)
    for code, observed_at in connection.execute(wanted):
        latest_ms[catalog.rows[code]] = millis(observed_at)
    return latest_ms


def _new(
    connection: Connection, tables: Tables, catalog: Catalog, batch: Batch, latest_ms: Millis
) -> Flags:
    """Which observations the store does not hold; of equal ones in the batch the first."""
    order = np.lexsort((np.arange(len(batch)), batch.observed_ms, batch.sensor))
    sensor, at = batch.sensor[order], batch.observed_ms[order]
    new = np.ones(len(batch), dtype=bool)
    new[order[1:][(np.diff(sensor) == 0) & (np.diff(at) == 0)]] = False
    # What is later than the latest cannot be there: only stragglers must be looked up.
    late = np.flatnonzero(new & (batch.observed_ms <= latest_ms[batch.sensor]))
    if len(late):
        held = _held(connection, tables, catalog, batch.only(late))
        for row in late.tolist():
            new[row] = (batch.sensor[row], batch.observed_ms[row]) not in held
    return new


def _held(
    connection: Connection, tables: Tables, catalog: Catalog, late: Batch
) -> set[tuple[int, int]]:
    """Sensor and time of everything held of the sensors in the span of a batch."""
    table = tables.observations
    first, last = instant(late.observed_ms.min()), instant(late.observed_ms.max())
    asked = one_of(table.c.sensor_code, catalog.codes[np.unique(late.sensor)].tolist())
    mine = asked & table.c.observed_at.between(first, last)
    rows = connection.execute(select(table.c.sensor_code, table.c.observed_at).where(mine))
    return {(catalog.rows[code], millis(observed_at)) for code, observed_at in rows}


def _write(
    connection: Connection,
    store: Store,
    catalog: Catalog,
    batch: Batch,
    latest_ms: Millis,
    received: list[str],
    received_at: datetime,
) -> Batch:
    """Write new observations; returns those that are now at hand."""
    tables = store.tables
    _insert_observations(connection, tables, catalog, batch, received)
    rows = _newest_rows(batch)
    rows = rows[batch.observed_ms[rows] > latest_ms[batch.sensor[rows]]]
    newest = batch.only(rows)
    states = states_of(catalog, newest).tolist()
    _put_at_hand(connection, tables, catalog, newest, states, [received[row] for row in rows])
    fids = catalog.fids[newest.sensor].tolist()
    told = zip(fids, newest.values.tolist(), states, strict=True)
    seq = log_change(
        connection, tables, "readings", {"rows": [list(one) for one in told]}, received_at
    )
    branches, metrics = catalog.branches[batch.sensor], catalog.metrics[batch.sensor]
    hours = sum_hours(batch.observed_ms, branches, metrics, batch.values)
    add_hours(connection, tables, hours, seq)
    data_at = min(instant(batch.observed_ms.max()), received_at)
    note_layer(connection, tables, "readings", at=received_at, data_at=data_at)
    return newest


def _newest_rows(batch: Batch) -> Rows:
    """Row of the newest observation of each sensor in a batch."""
    order = np.lexsort((batch.observed_ms, batch.sensor))
    ends = np.append(np.flatnonzero(np.diff(batch.sensor[order])), len(order) - 1)
    newest: Rows = order[ends]
    return newest


def _insert_observations(
    connection: Connection, tables: Tables, catalog: Catalog, batch: Batch, received: list[str]
) -> None:
    columns: dict[str, Sequence[object]] = {
        "sensor_code": catalog.codes[batch.sensor].tolist(),
        "observed_at": column_text(batch.observed_ms),
        "value": batch.values.tolist(),
        "received_at": received,
    }
    insert_rows(connection, tables.observations, columns)


def _put_at_hand(
    connection: Connection,
    tables: Tables,
    catalog: Catalog,
    newest: Batch,
    states: list[int],
    received: list[str],
) -> None:
    """Put observations newer than what is at hand there."""
    columns: dict[str, Sequence[object]] = {
        "sensor_code": catalog.codes[newest.sensor].tolist(),
        "value": newest.values.tolist(),
        "observed_at": column_text(newest.observed_ms),
        "received_at": received,
        "state": states,
    }
    names = ("value", "observed_at", "received_at", "state")
    insert_rows(connection, tables.readings, columns, Clash(replace=names))
