"""What happened to cases lately, to the millisecond: what counts per day cannot say.

The last 24 hours, this morning against yesterday morning, how many cases stood open at noon:
the cases that are open or that moved in the last days are kept in memory as sorted instants,
one column per measure. They follow the change log; the counts are the same as the rollups'
because both come from :mod:`geo_data.contributions`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Text, func, or_, select, type_coerce

from geo_data.code_lists import one_of
from geo_data.contributions import dated
from geo_data.dictionaries import dictionary
from geo_data.histories import NEVER, STAGE_INDEX, Cases, Rows, Steps, judge, order_steps
from geo_data.instants import instant, millis
from geo_data.records import FUNCTIONAL, Scope, Window
from geo_data.regions import RegionTree, region_tree
from geo_data.store import Store
from geo_data.working_time import DAY_MS, Millis

Slots = npt.NDArray[np.int32]
Traits = Mapping[str, npt.NDArray[np.int64]]
Standing = Literal["open", "overdue"]
Trait = Literal["category", "channel", "severity"]

KEPT_MS = 16 * DAY_MS
"""How far back from the newest data the instants reach at least: a week and the week before."""
RELOAD_MS = 7 * DAY_MS
"""They are read anew once in such a time, so that they do not grow for ever."""
MANY = 1_000
"""Changes after which reading everything again is cheaper than following them."""
OUTSIDE = -1
"""Slot of cases outside every region."""

_DICTIONARIES = {"category": "categories", "channel": "channels"}
_STAGE_NUMBERS = {str(stage): number for stage, number in STAGE_INDEX.items()}
_BEGINS = {"open": "opened", "overdue": "late"}
_ENDS = {"open": "ended", "overdue": "late-ended"}


class Events(NamedTuple):
    """Instants of one measure, ascending, all of shape (n,); ``case`` is the incident's id."""

    at_ms: Millis
    case: Rows
    slot: Slots
    traits: Traits
    """Category, channel and severity as :func:`_numbers`, for the measure ``reported`` only."""


@dataclass(frozen=True, slots=True)
class _Log:
    """The instants of the whole city, as of the change ``seq``."""

    stamp: object
    seq: int
    since_ms: int
    n_slots: int
    events: Mapping[str, Events]


class Lately:
    """The instants as one viewer may see them.

    Parameters
    ----------
    log : _Log
        Of the whole city.
    tree : RegionTree
        What the viewer may see.
    """

    def __init__(self, log: _Log, tree: RegionTree) -> None:
        self._log = log
        self._tree = tree

    @property
    def since(self) -> datetime:
        """From here on every case is known; counts of earlier spans would be too low."""
        return instant(self._log.since_ms)

    def counts(self, measure: str, region_code: str, spans: Sequence[Window]) -> Rows:
        """Count what happened in each span, in a region with everything below it.

        Parameters
        ----------
        measure : str
            One of :data:`geo_data.contributions.MEASURES`.
        region_code : str
            Visible; the city's root includes cases outside every region.
        spans : sequence of Window
            None of them before :attr:`since`.

        Returns
        -------
        int64, shape (spans,)
        """
        return self._in_spans(self._log.events[measure], region_code, spans)

    def counts_of(
        self, trait: Trait, keys: Iterable[str], region_code: str, spans: Sequence[Window]
    ) -> Rows:
        """Count the cases reported in each span whose trait is one of ``keys``."""
        return self._in_spans(self._with_trait(trait, keys), region_code, spans)

    def standing(self, what: Standing, region_code: str, moments: Sequence[datetime]) -> Rows:
        """Count the cases that stood open, or open and past their limit, at each moment."""
        at_ms = _all_millis(moments) + 1
        begun, over = (self._log.events[names[what]] for names in (_BEGINS, _ENDS))
        before = np.zeros_like(at_ms) + np.iinfo(np.int64).min
        inside = self._inside(region_code)
        return _in_spans(begun, inside, before, at_ms) - _in_spans(over, inside, before, at_ms)

    def counts_each(self, measure: str, codes: Sequence[str], span: Window) -> Rows:
        """Count what happened in a span in each region, shape (codes,)."""
        return self._in_each(self._log.events[measure], codes, millis(span.start), millis(span.end))

    def counts_of_each(
        self, trait: Trait, keys: Iterable[str], codes: Sequence[str], span: Window
    ) -> Rows:
        """Do what :meth:`counts_of` does for one span in each region."""
        chosen = self._with_trait(trait, keys)
        return self._in_each(chosen, codes, millis(span.start), millis(span.end))

    def standing_each(self, what: Standing, codes: Sequence[str], moment: datetime) -> Rows:
        """Do what :meth:`standing` does at one moment in each region."""
        before, after = np.iinfo(np.int64).min, millis(moment) + 1
        begun, over = (self._log.events[names[what]] for names in (_BEGINS, _ENDS))
        return self._in_each(begun, codes, before, after) - self._in_each(
            over, codes, before, after
        )

    def _with_trait(self, trait: Trait, keys: Iterable[str]) -> Events:
        reported = self._log.events["reported"]
        return _chosen(reported, np.isin(reported.traits[trait], _numbers(trait, keys)))

    def _in_spans(self, events: Events, region_code: str, spans: Sequence[Window]) -> Rows:
        starts = _all_millis([span.start for span in spans])
        ends = _all_millis([span.end for span in spans])
        return _in_spans(events, self._inside(region_code), starts, ends)

    def _inside(self, region_code: str) -> npt.NDArray[np.bool_] | None:
        """Which slots count for a region, the last for outside; ``None`` is all of them."""
        tree = self._tree
        if self._is_everything(region_code):
            return None
        inside = np.zeros(self._log.n_slots + 1, dtype=bool)
        if region_code in {area.code for area in tree.functional}:
            inside[tree.order(tree.subtree(region_code))] = True
        else:
            inside[slice(*tree.span(region_code))] = True
        inside[OUTSIDE] = False
        return inside

    def _is_everything(self, region_code: str) -> bool:
        return self._tree.is_whole_city and region_code == self._tree.root.code

    def _in_each(self, events: Events, codes: Sequence[str], start_ms: int, end_ms: int) -> Rows:
        first, last = np.searchsorted(events.at_ms, [start_ms, end_ms])
        slots = events.slot[first:last]
        per_slot = np.bincount(slots[slots >= 0], minlength=self._log.n_slots)
        running = np.concatenate([[0], np.cumsum(per_slot)])
        return np.array([self._of(code, per_slot, running, len(slots)) for code in codes], np.int64)

    def _of(self, code: str, per_slot: Rows, running: Rows, everything: int) -> int:
        region = self._tree.get(code)
        if region is None:
            return 0
        if region.level == FUNCTIONAL:
            return int(per_slot[self._tree.order(self._tree.subtree(code))].sum())
        if self._is_everything(code):
            return everything
        start, end = self._tree.span(code)
        return int(running[end] - running[start])


def lately(store: Store, scope: Scope) -> Lately:
    """Return what happened lately, as of the newest commit.

    Raises
    ------
    InputError
        As :func:`geo_data.regions.region_tree` does.
    """
    stamp = (store.stamp("regions"), _since_ms(store))
    version = (stamp, store.version("incidents"))
    log = store.cached("lately", version, lambda: _newer(store, stamp))
    return Lately(log, region_tree(store, scope))


def _since_ms(store: Store) -> int:
    layer = store.layers().get("incidents")
    newest = layer.data_at if layer else None
    return (millis(newest) - KEPT_MS) // RELOAD_MS * RELOAD_MS if newest else 0


def _newer(store: Store, stamp: tuple[object, int]) -> _Log:
    log = store.held("lately")
    with store.read() as connection:
        seq = connection.scalar(select(func.max(store.tables.changes.c.seq))) or 0
        changed = None
        if isinstance(log, _Log) and log.stamp == stamp:
            changed = _changed(store, connection, log.seq)
        if isinstance(log, _Log) and changed is not None:
            new = _read(store, connection, one_of(store.tables.incidents.c.id, changed))
            events = {
                measure: _replaced(held, new[measure], changed)
                for measure, held in log.events.items()
            }
            return replace(log, seq=seq, events=events)
        since_ms = stamp[1]
        moved = _moved_since(store, instant(since_ms))
        tree = region_tree(store, Scope.everything())
        n_slots = tree.span(tree.root.code)[1]
        return _Log(stamp, seq, since_ms, n_slots, _read(store, connection, moved))


def _changed(store: Store, connection: Connection, seq: int) -> list[int] | None:
    """Ids of the cases changed since; ``None`` if that cannot be told from the log."""
    changes = store.tables.changes
    oldest = connection.scalar(select(func.min(changes.c.seq)))
    newer = select(changes.c.topic, changes.c.body).where(
        changes.c.seq > seq, changes.c.topic != "readings"
    )
    rows = connection.execute(newer.order_by(changes.c.seq).limit(MANY)).all()
    if len(rows) == MANY or oldest is None or oldest > seq + 1:
        return None
    ids: set[int] = set()
    for topic, text in rows:
        body = json.loads(text)
        if topic == "incidents":
            ids.update(row["id"] for row in body["rows"])
        elif body["layer"] == "incidents":
            # A history was loaded whole: its cases are not listed one by one.
            return None
    return sorted(ids)


def _moved_since(store: Store, since: datetime) -> ColumnElement[bool]:
    """Cases that are open or of which anything happened, or falls due, from ``since`` on."""
    table = store.tables.incidents
    return or_(
        table.c.ended_at.is_(None),
        table.c.reported_at >= since,
        table.c.stage_at >= since,
        table.c.due_at >= since,
    )


def _read(store: Store, connection: Connection, chosen: ColumnElement[bool]) -> dict[str, Events]:
    ids, cases = _read_cases(store, connection, chosen)
    steps = _read_steps(store, connection, ids)
    tree = region_tree(store, Scope.everything())
    codes, number = np.unique(cases.region_code, return_inverse=True)
    slots = tree.order(codes)[number] if len(codes) else np.zeros(0, dtype=np.int32)
    traits: Traits = {
        "category": _numbers("category", cases.category),
        "channel": _numbers("channel", cases.channel),
        "severity": cases.severity,
    }
    return {
        measure: _sorted(ids[rows], slots[rows], at_ms, traits if measure == "reported" else {})
        for measure, rows, at_ms in _instants(store, cases, steps)
    }


def _instants(store: Store, cases: Cases, steps: Steps) -> list[tuple[str, Rows, Millis]]:
    """Every measure with the rows of its cases and when; the beginnings and ends of standing."""
    verdict = judge(cases, steps, store.city.zone)
    everyone = np.arange(len(cases))
    # A case that ends before it is reported never stood open.
    ended_ms = np.maximum(verdict.ended_ms, cases.reported_ms)
    ended = np.flatnonzero(verdict.ended_ms != NEVER)
    # Past its limit from the first millisecond after it.
    late_ms = np.maximum(verdict.due_ms + 1, cases.reported_ms)
    is_open = verdict.ended_ms == NEVER
    late = np.flatnonzero((verdict.due_ms != NEVER) & (is_open | (ended_ms > late_ms)))
    late_ended = late[~is_open[late]]
    return [
        *dated(cases, steps, verdict),
        ("opened", everyone, cases.reported_ms),
        ("ended", ended, ended_ms[ended]),
        ("late", late, late_ms[late]),
        ("late-ended", late_ended, ended_ms[late_ended]),
    ]


def _numbers(trait: str, keys: Iterable[str]) -> Rows:
    """Return keys of a dictionary as numbers, which compare faster; -1 for one not in it."""
    if trait == "severity":
        return np.array([int(key) for key in keys], dtype=np.int64)
    known = {key: number for number, key in enumerate(dictionary(_DICTIONARIES[trait]))}
    return np.array([known.get(key, -1) for key in keys], dtype=np.int64)


def _read_cases(
    store: Store, connection: Connection, chosen: ColumnElement[bool]
) -> tuple[Rows, Cases]:
    table = store.tables.incidents
    columns = (
        *(table.c.id, _text(table.c.happened_at), _text(table.c.reported_at)),
        *(table.c.channel, table.c.category, table.c.severity),
        func.coalesce(table.c.region_code, ""),
    )
    rows = connection.execute(select(*columns).where(chosen).order_by(table.c.id)).all()
    ids, happened, reported, *traits, region = zip(*rows, strict=True) if rows else [()] * 7
    channel, category, severity = traits
    return np.array(ids, dtype=np.int64), Cases(
        _parsed(happened),
        _parsed(reported),
        np.array(channel, dtype=object),
        np.array(category, dtype=object),
        np.array(severity, dtype=np.int64),
        np.array(region, dtype=object),
    )


def _read_steps(store: Store, connection: Connection, ids: Rows) -> Steps:
    table = store.tables.incident_stages
    columns = (table.c.incident_id, table.c.stage, _text(table.c.happened_at))
    mine = one_of(table.c.incident_id, ids.tolist())
    rows = connection.execute(select(*columns).where(mine)).all()
    owners, stages, happened = zip(*rows, strict=True) if rows else [()] * 3
    case = np.searchsorted(ids, np.array(owners, dtype=np.int64))
    stage = np.array([_STAGE_NUMBERS[key] for key in stages], dtype=np.uint8)
    return order_steps(len(ids), case, stage, _parsed(happened))[0]


def _text(column: Any) -> Any:
    # Without the Z numpy reads the text itself, a million of them a second.
    return func.substr(type_coerce(column, Text), 1, 23)


def _parsed(texts: Sequence[str]) -> Millis:
    return np.array(texts, dtype="M8[ms]").astype(np.int64)


def _sorted(case: Rows, slot: Slots, at_ms: Millis, traits: Traits) -> Events:
    order = np.argsort(at_ms, kind="stable")
    listed = {name: values[order] for name, values in traits.items()}
    return Events(at_ms[order], case[order], slot[order], listed)


def _replaced(held: Events, new: Events, changed: Sequence[int]) -> Events:
    """Return the events held with those of the changed cases put in their place."""
    kept = _chosen(held, ~np.isin(held.case, changed))
    at = np.searchsorted(kept.at_ms, new.at_ms)
    return Events(
        np.insert(kept.at_ms, at, new.at_ms),
        np.insert(kept.case, at, new.case),
        np.insert(kept.slot, at, new.slot),
        {name: np.insert(kept.traits[name], at, new.traits[name]) for name in kept.traits},
    )


def _chosen(events: Events, wanted: npt.NDArray[np.bool_]) -> Events:
    traits = {name: values[wanted] for name, values in events.traits.items()}
    return Events(events.at_ms[wanted], events.case[wanted], events.slot[wanted], traits)


def _in_spans(
    events: Events, inside: npt.NDArray[np.bool_] | None, starts: Millis, ends: Millis
) -> Rows:
    at_ms = events.at_ms if inside is None else events.at_ms[inside[events.slot]]
    counts: Rows = np.searchsorted(at_ms, ends) - np.searchsorted(at_ms, starts)
    return counts


def _all_millis(moments: Iterable[datetime]) -> Millis:
    return np.array([millis(moment) for moment in moments], dtype=np.int64)
