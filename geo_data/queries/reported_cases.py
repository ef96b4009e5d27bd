"""Which cases were reported in a window, as columns: what statistics over places and time need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from geo_data.histories import Rows, Strings
from geo_data.records import Scope, Stage, Window
from geo_data.regions import region_codes, region_tree
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import iso_text

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReportedCases:
    """Cases as columns of shape (n,), in the order in which they were reported.

    ``region`` is the finest region at ingest, ``""`` outside every region; ``place`` is ``""``
    where none is known; ``lon`` and ``lat`` are NaN where there is no position; ``reported_ms``
    are milliseconds since 1970-01-01 UTC.
    """

    id: Rows
    reported_ms: Rows
    lon: Floats
    lat: Floats
    region: Strings
    place: Strings
    category: Strings
    channel: Strings

    def __len__(self) -> int:
        return len(self.id)


def reported_cases(
    store: Store, scope: Scope, window: Window, at: datetime, region_code: str | None = None
) -> ReportedCases:
    """Return the cases reported in a window that were known at ``at``.

    Parameters
    ----------
    store, scope
        Where, and who asks.
    window : Window
        When they were reported.
    at : datetime
        Cases that we learned of later are left out. So are voided ones, as far as is known now:
        nothing happened there.
    region_code : str, optional
        With everything below it; all that may be seen if left out.

    Raises
    ------
    KeyError
        The region is not visible.
    """
    tree, table = region_tree(store, scope), store.tables.incidents
    codes = region_codes(tree, region_code or tree.root.code)
    wanted: Any = select(
        *(table.c.id, iso_text(table.c.reported_at), table.c.lon, table.c.lat),
        *(func.coalesce(table.c[name], "") for name in ("region_code", "place_code")),
        *(table.c.category, table.c.channel),
    ).where(
        *(table.c.reported_at >= window.start, table.c.reported_at < window.end),
        *(table.c.recorded_at <= at, table.c.stage != str(Stage.VOIDED)),
    )
    if codes is not None:
        wanted = wanted.where(one_of(table.c.region_code, codes))
    with store.read() as connection:
        rows = connection.execute(wanted.order_by(table.c.reported_at, table.c.id)).all()
    ids, reported, lon, lat, *texts = zip(*rows, strict=True) if rows else [()] * 8
    return ReportedCases(
        np.array(ids, dtype=np.int64),
        np.array(reported, dtype="M8[ms]").astype(np.int64),
        np.array(lon, dtype=np.float64),
        np.array(lat, dtype=np.float64),
        *(np.array(column, dtype=object) for column in texts),
    )


def first_reported(store: Store) -> datetime | None:
    """Return when the first case of the city was reported: before it nobody counted."""
    with store.read() as connection:
        first: datetime | None = connection.scalar(
            select(func.min(store.tables.incidents.c.reported_at))
        )
    return first
