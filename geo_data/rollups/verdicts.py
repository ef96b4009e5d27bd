"""What is stored of each case's verdict, and by which clock it was judged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, select, update

from geo_data.case_clock import CaseClock
from geo_data.city import City
from geo_data.faults import Fault
from geo_data.histories import STAGES, Rows, Verdict, known_instant
from geo_data.store import Store
from geo_data.store.column_types import iso_text
from geo_data.store.file import city_text
from geo_data.store.meta import keep, kept
from geo_data.store.tables import Tables
from geo_data.working_time import Millis

CLOCK = "case-clock"
"""Key in ``meta``: stamp of the clock by which the due times were judged."""
_TIMES = ("stage_at", "due_at", "ended_at", "due_soon_at")
_KEYS = np.array([str(stage) for stage in STAGES], dtype=object)


def note_clock(connection: Connection, tables: Tables, clock: CaseClock) -> None:
    """Keep by which clock every case of the store is judged."""
    keep(connection, tables, CLOCK, clock.stamp)


def is_outdated(store: Store) -> bool:
    """Whether there are cases judged by another calendar, other limits or an older program."""
    with store.read() as connection:
        if kept(connection, store.tables, CLOCK) == store.city.case_clock.stamp:
            return False
        return connection.scalar(select(store.tables.incidents.c.id).limit(1)) is not None


def clock_notices(store: Store) -> list[Fault]:
    """Return what is to be said where the due times are out of date."""
    return [Fault("clock-outdated")] if is_outdated(store) else []


def adopt_clock(store: Store, city: City) -> None:
    """Put the calendar and the limits of a city file in the place of the store's.

    The cases are judged by them from the next recount on.
    """
    taken = {"calendar": city.calendar, "time_limits": city.time_limits}
    # Read anew: a copy would keep the clock that was made of the old ones.
    store.city = City.model_validate_json(city_text(store.city.model_copy(update=taken)))
    with store.write() as connection:
        keep(connection, store.tables, "city", city_text(store.city))


def settle(connection: Connection, tables: Tables, ids: Rows, verdict: Verdict) -> int:
    """Write verdicts into the rows of the cases that say otherwise.

    Parameters
    ----------
    ids : int64, shape (n,)
        Of the cases, ascending.
    verdict : Verdict
        Of the same cases.

    Returns
    -------
    int
        How many rows were changed.
    """
    table = tables.incidents
    columns = (table.c.stage, *(iso_text(table.c[name]) for name in _TIMES))
    within = (table.c.id >= int(ids[0]), table.c.id <= int(ids[-1]))
    rows = connection.execute(select(*columns).where(*within).order_by(table.c.id)).all()
    stages, *texts = zip(*rows, strict=True)
    times = (verdict.stage_ms, verdict.due_ms, verdict.ended_ms, verdict.soon_ms)
    differs = np.array(stages, dtype=object) != _KEYS[verdict.stage]
    for told, judged in zip(texts, times, strict=True):
        differs |= _millis(told) != judged
    changed = np.flatnonzero(differs)
    if len(changed):
        names = ("stage", *_TIMES)
        statement = update(table).where(table.c.id == bindparam("row_id"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in names})
        connection.execute(
            statement, [_row(ids, verdict.stage, times, row) for row in changed.tolist()]
        )
    return len(changed)


def _millis(texts: tuple[str | None, ...]) -> Millis:
    # "No such time" of numpy is NEVER of the columns.
    return np.array(texts, dtype="M8[ms]").astype(np.int64)


def _row(
    ids: Rows, stage: npt.NDArray[np.uint8], times: tuple[Millis, ...], row: int
) -> dict[str, object]:
    told = {
        f"new_{name}": known_instant(int(at_ms[row]))
        for name, at_ms in zip(_TIMES, times, strict=True)
    }
    return {"row_id": int(ids[row]), "new_stage": _KEYS[stage[row]], **told}
