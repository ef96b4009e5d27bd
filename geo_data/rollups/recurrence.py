"""Where the same thing happens again: cases of one category at one place, one after the other.

Whether a case repeats another is no function of its own history, so the daily counts cannot hold
it. The cases of the last two months that have a place are kept in memory in the order of place,
category and time, and follow the change log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, func, select

from geo_data.case_stages import DROPPED
from geo_data.distinct import numbered
from geo_data.histories import NEVER, Flags, Rows
from geo_data.instants import instant, millis
from geo_data.records import Scope, Stage
from geo_data.regions import region_tree
from geo_data.rollups.case_log import RELOAD_MS, Slots, changed_cases
from geo_data.rollups.followers import Numbers
from geo_data.store import Store
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import iso_text
from geo_data.working_time import DAY_MS, Millis

AGAIN_MS = 30 * DAY_MS
"""A case repeats one of the same place and category reported no longer before it."""
OFTEN = 3
"""So many within that time make a hot spot (高发点)."""
KEPT_MS = 62 * DAY_MS
"""How far back from the newest data it is known which of the closed cases repeated another."""
OPEN_MS = 90 * DAY_MS
"""How much longer ago a case may have been reported for it to be looked at."""

_DROPPED_KEYS = sorted(str(stage) for stage in DROPPED)


@dataclass(frozen=True)
class Recurrence:
    """Cases in the order of spot (place and category), report and id, all of shape (n,).

    Parameters
    ----------
    stamp, seq
        Of which regions and which change.
    since_ms : int
        From here on every case that was closed or reported is known.
    n_slots : int
        How many regions there are.
    numbers : Numbers
        Of the spots.
    spot, reported_ms, case : int64
    slot : int32
        Region in drill order, -1 outside every region.
    closed_ms : int64
        ``NEVER`` where it stands open, was voided or merged.
    """

    stamp: object
    seq: int
    since_ms: int
    n_slots: int
    numbers: Numbers
    spot: Rows
    reported_ms: Millis
    case: Rows
    slot: Slots
    closed_ms: Millis

    @cached_property
    def repeats(self) -> Flags:
        """Which cases follow one of the same spot within 30 days."""
        again = np.zeros(len(self.case), dtype=bool)
        near = np.diff(self.reported_ms) <= AGAIN_MS
        again[1:] = (self.spot[1:] == self.spot[:-1]) & near
        return again

    @cached_property
    def _closed_repeats(self) -> tuple[Millis, Slots]:
        """When the cases that repeat another were closed, in that order, and their regions."""
        rows = np.flatnonzero(self.repeats)
        rows = rows[np.argsort(self.closed_ms[rows], kind="stable")]
        return self.closed_ms[rows], self.slot[rows]

    @cached_property
    def _hot_spells(self) -> tuple[Millis, Millis, Slots]:
        """When spots are hot, ``[start, end)``, and the region of the first of their cases then.

        A case with two more of its spot soon enough after makes it hot from the last of them until
        it is itself 30 days old; such times that touch are one. A moment is asked of these few.
        """
        more = OFTEN - 1
        lasts_ms = self.reported_ms[more:]
        n = len(lasts_ms)
        same = self.spot[more:] == self.spot[:n]
        rows = np.flatnonzero(same & (lasts_ms - self.reported_ms[:n] < AGAIN_MS))
        spot, slot = self.spot[rows], self.slot[rows]
        start, end = lasts_ms[rows], self.reported_ms[rows] + AGAIN_MS
        goes_on = np.zeros(len(rows), dtype=bool)
        goes_on[1:] = (spot[1:] == spot[:-1]) & (slot[1:] == slot[:-1]) & (start[1:] <= end[:-1])
        # While an earlier case of the spot is young enough, the region is that one's.
        start[1:] = np.where(spot[1:] == spot[:-1], np.maximum(start[1:], end[:-1]), start[1:])
        first = np.flatnonzero(~goes_on)
        last = np.append(first[1:], len(rows)) - 1
        return start[first], end[last[: len(first)]], slot[first]

    def repeated(self, start_ms: int, end_ms: int) -> Slots:
        """Return the region of every case closed in a span that repeats another."""
        closed_ms, slots = self._closed_repeats
        first, end = np.searchsorted(closed_ms, [start_ms, max(start_ms, end_ms)])
        return slots[first:end]

    def hot(self, at_ms: int) -> Slots:
        """Return the region of every spot with three cases in the 30 days before a moment.

        It is that of the first of them.
        """
        start, end, slots = self._hot_spells
        found: Slots = slots[(start <= at_ms) & (at_ms < end)]
        return found

    def replaced(self, changed: Sequence[int], new: Recurrence) -> Recurrence:
        """Return the cases with ``new`` in the place of the changed ones."""
        kept = ~np.isin(self.case, changed)
        if not len(new.case) and kept.all():
            return replace(self, seq=new.seq)
        spot = np.concatenate([self.spot[kept], new.spot])
        reported_ms = np.concatenate([self.reported_ms[kept], new.reported_ms])
        case = np.concatenate([self.case[kept], new.case])
        order = np.lexsort((case, reported_ms, spot))
        return replace(
            new,
            spot=spot[order],
            reported_ms=reported_ms[order],
            case=case[order],
            slot=np.concatenate([self.slot[kept], new.slot])[order],
            closed_ms=np.concatenate([self.closed_ms[kept], new.closed_ms])[order],
        )


def recurrence(store: Store) -> Recurrence:
    """Return the cases as of the newest commit."""
    layer = store.layers().get("incidents")
    newest = layer.data_at if layer else None
    since_ms = (millis(newest) - KEPT_MS) // RELOAD_MS * RELOAD_MS if newest else 0
    stamp = (store.stamp("regions"), since_ms)
    version = (stamp, store.version("incidents"))
    return store.cached("recurrence", version, lambda: _newer(store, stamp, since_ms))


def _newer(store: Store, stamp: object, since_ms: int) -> Recurrence:
    held = store.held("recurrence")
    table = store.tables.incidents
    with store.read() as connection:
        seq = connection.scalar(select(func.max(store.tables.changes.c.seq))) or 0
        changed = None
        if isinstance(held, Recurrence) and held.stamp == stamp:
            changed = changed_cases(store, connection, held.seq)
        reported = table.c.reported_at >= instant(since_ms - OPEN_MS)
        if isinstance(held, Recurrence) and changed is not None:
            # A server looks for a case in every month of its table, unless it is told which.
            chosen = and_(one_of(table.c.id, changed), reported)
            new = _read(store, connection, chosen, (stamp, seq, since_ms), held.numbers)
            return held.replaced(changed, new)
        return _read(store, connection, reported, (stamp, seq, since_ms), Numbers(()))


def _read(
    store: Store,
    connection: Connection,
    chosen: ColumnElement[bool],
    known: tuple[object, int, int],
    numbers: Numbers,
) -> Recurrence:
    table = store.tables.incidents
    columns: tuple[Any, ...] = (
        *(table.c.id, table.c.place_code, table.c.category),
        *(func.coalesce(table.c.region_code, ""), iso_text(table.c.reported_at)),
        *(iso_text(table.c.ended_at), table.c.stage),
    )
    wanted = select(*columns).where(
        chosen, table.c.place_code.is_not(None), table.c.stage != str(Stage.VOIDED)
    )
    rows = connection.execute(wanted).all()
    ids, places, categories, regions, reported, ended, stages = (
        zip(*rows, strict=True) if rows else [()] * 7
    )
    tree = region_tree(store, Scope.everything())
    region, codes = numbered(np.array(regions, dtype=object))
    slot = tree.order(codes.tolist())[region] if rows else np.zeros(0, dtype=np.int32)
    spot = numbers.of([f"{a} {b}" for a, b in zip(places, categories, strict=True)])
    case = np.array(ids, dtype=np.int64)
    reported_ms = np.array(reported, dtype="M8[ms]").astype(np.int64)
    closed_ms = np.array(ended, dtype="M8[ms]").astype(np.int64)
    # "No such time" of numpy is NEVER of the columns.
    closed_ms[np.isin(np.array(stages, dtype=object), _DROPPED_KEYS)] = NEVER
    order = np.lexsort((case, reported_ms, spot))
    stamp, seq, since_ms = known
    n_slots = tree.span(tree.root.code)[1]
    columns_ = (spot[order], reported_ms[order], case[order], slot[order], closed_ms[order])
    return Recurrence(stamp, seq, since_ms, n_slots, numbers, *columns_)
