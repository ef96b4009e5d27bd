"""Alarms about sensors that say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np

from geo_data.alarms.book import LINE, Place, Step, Subject, Up, difference
from geo_data.alarms.judging import by_silence, is_line_down
from geo_data.alarms.roster import Roster, Rows, Ruled, place_of
from geo_data.instants import millis
from geo_data.records import AlarmChange

Ups = Mapping[Subject, Up]
NEVER = -(1 << 60)
"""Milliseconds that stand for "no reading": far enough from overflow to subtract."""


def heard_again(
    roster: Roster,
    ruled: Ruled,
    rows: Rows,
    newest_ms: Rows,
    ups: Ups,
    at: datetime,
) -> Iterator[Step]:
    """End the silence of those that have told something new enough."""
    condition, key = ruled.rule.absence, ruled.rule.key
    assert condition is not None
    for row in rows.tolist():
        heard_ms = int(newest_ms[row])
        if by_silence(condition, millis(at) - heard_ms, heard_ms) is None:
            up = ups[key, str(roster.codes[row])]
            yield Step(AlarmChange.CLEARED, up, up.subject, up.place)


def silent(
    roster: Roster, newest_ms: Rows, ups: Ups, at: datetime, heard_from: datetime
) -> Iterator[Step]:
    """Raise the alarms of those that say nothing: of each, or of the line where most are."""
    for ruled in roster.ruled:
        if ruled.rule.absence is None:
            continue
        rows = ruled.rows[newest_ms[ruled.rows] != NEVER]
        line = ups.get((ruled.rule.key, LINE))
        # What is up goes on over a restart; nothing new is raised for a silence of our own.
        heard_ms = newest_ms[rows]
        since_ms = heard_ms if line else np.maximum(heard_ms, millis(heard_from))
        if is_line_down(ruled.rule.absence, millis(at) - since_ms):
            yield from _line_down(roster, ruled, rows, newest_ms, ups, at)
            continue
        if line:
            yield Step(AlarmChange.CLEARED, line, line.subject, line.place)
        yield from _each_silent(roster, ruled, rows, newest_ms, ups, at, heard_from)


def _line_down(
    roster: Roster,
    ruled: Ruled,
    rows: Rows,
    newest_ms: Rows,
    ups: Ups,
    at: datetime,
) -> Iterator[Step]:
    """One alarm of the line says it; those of its sensors would be as many."""
    condition, key = ruled.rule.absence, ruled.rule.key
    assert condition is not None
    heard_ms = newest_ms[rows]
    silent_ms = millis(at) - heard_ms
    standing = by_silence(condition, int(silent_ms.max()), int(np.median(heard_ms)))
    place = Place(str(roster.kinds[rows[0]]), ruled.rule.shown_unit)
    if step := difference((key, LINE), place, ups.get((key, LINE)), standing):
        yield step
    for row, quiet_ms in zip(rows.tolist(), silent_ms.tolist(), strict=True):
        up = ups.get((key, str(roster.codes[row])))
        # Those heard again end by themselves.
        if up and by_silence(condition, quiet_ms, 0):
            yield Step(AlarmChange.CLEARED, up, up.subject, up.place)


def _each_silent(
    roster: Roster,
    ruled: Ruled,
    rows: Rows,
    newest_ms: Rows,
    ups: Ups,
    at: datetime,
    heard_from: datetime,
) -> Iterator[Step]:
    condition, key = ruled.rule.absence, ruled.rule.key
    assert condition is not None
    for row in rows.tolist():
        subject = (key, str(roster.codes[row]))
        up, heard_ms = ups.get(subject), int(newest_ms[row])
        since_ms = heard_ms if up else max(heard_ms, millis(heard_from))
        found = by_silence(condition, millis(at) - since_ms, heard_ms)
        if found is None:
            continue
        if step := difference(subject, place_of(roster, ruled.rule, row), up, found):
            yield step
