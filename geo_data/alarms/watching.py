"""Who must be judged, and what becomes of their alarms.

In the transaction of ingest only the sensors of ruled kinds are looked at that have just told
something, and of those mostly none needs a second look: a calm value without an alarm, or a value
on the level that is up. The others are judged by their readings in the store. Every few seconds
:func:`look_over` judges everybody, for what the clock alone brings about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from geo_data.alarms.book import LINE, Step, Up, alarms_up, difference
from geo_data.alarms.judging import (
    QUIET_PERIODS,
    Moment,
    Series,
    history_ms,
    is_calm,
    levels_of,
    stand,
)
from geo_data.alarms.roster import Flags, Roster, Rows, Ruled, place_of
from geo_data.alarms.rules import Rule
from geo_data.alarms.silence import NEVER, Ups, heard_again, silent
from geo_data.instants import instant, millis
from geo_data.records import AlarmChange
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import iso_text
from geo_data.store.tables import Tables

UNSAID = NEVER
"""Stands for the time of a newest reading that was at hand before."""


@dataclass(frozen=True, slots=True)
class News:
    """What sensors have just told, a row each.

    Parameters
    ----------
    codes : sequence of str
        The sensors.
    at_ms, values : shape (n,)
        The newest of each; :data:`UNSAID` and NaN where that was at hand before.
    more : bool, shape (n,)
        Who told more than that: something older than what was at hand, or several readings.
    """

    codes: Sequence[str]
    at_ms: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    more: Flags


@dataclass(frozen=True, slots=True)
class _Newest:
    """What is known of every sensor of a roster; shape (n,) each."""

    at_ms: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    more: Flags
    touched: Flags


def watch(
    connection: Connection, tables: Tables, roster: Roster, news: News, at: datetime
) -> list[Step]:
    """Return what becomes of alarms by what sensors have just told.

    Parameters
    ----------
    connection : Connection
        Of the transaction in which it was written.
    at : datetime
        Now, aware.
    """
    index = roster.index
    told = [(index[code], row) for row, code in enumerate(news.codes) if code in index]
    if not told:
        return []
    rows, given = np.array(told, dtype=np.int64).T
    newest = _newest(len(roster.codes))
    newest.at_ms[rows], newest.values[rows] = news.at_ms[given], news.values[given]
    newest.more[rows], newest.touched[rows] = news.more[given], True
    unsaid = rows[news.at_ms[given] == UNSAID]
    if len(unsaid):
        _take_at_hand(connection, tables, roster, newest, unsaid)
    return _judged(connection, tables, roster, newest, alarms_up(connection, tables), at)


def look_over(
    connection: Connection,
    tables: Tables,
    roster: Roster,
    at: datetime,
    heard_from: datetime,
    *,
    whole: bool,
) -> list[Step]:
    """Return what becomes of alarms by the clock.

    Parameters
    ----------
    heard_from : datetime
        Since when this program has been listening: silence before it is its own.
    whole : bool
        Judge windows of time too of sensors that told nothing new: after a start, a change of
        the rules or a bulk load.
    """
    ups = alarms_up(connection, tables)
    newest = _newest(len(roster.codes))
    rows = np.array(sorted(roster.index.values()), dtype=np.int64)
    _take_at_hand(connection, tables, roster, newest, rows)
    newest.touched[:] = newest.at_ms != NEVER
    return [
        *_astray(roster, ups),
        *_judged(connection, tables, roster, newest, ups, at, windows=whole),
        *silent(roster, newest.at_ms, ups, at, heard_from),
    ]


def _newest(n: int) -> _Newest:
    return _Newest(
        np.full(n, NEVER, dtype=np.int64), np.full(n, np.nan), np.zeros(n, bool), np.zeros(n, bool)
    )


def _take_at_hand(
    connection: Connection, tables: Tables, roster: Roster, newest: _Newest, rows: Rows
) -> None:
    table, index = tables.readings, roster.index
    mine = one_of(table.c.sensor_code, roster.codes[rows].tolist())
    wanted = select(table.c.sensor_code, iso_text(table.c.observed_at), table.c.value).where(mine)
    found = connection.execute(wanted).all()
    if found:
        codes, times, values = zip(*found, strict=True)
        at = [index[code] for code in codes]
        newest.at_ms[at], newest.values[at] = _parsed(times), values


def _parsed(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.array(texts, dtype="M8[ms]").astype(np.int64)


def _judged(
    connection: Connection,
    tables: Tables,
    roster: Roster,
    newest: _Newest,
    ups: Ups,
    at: datetime,
    *,
    windows: bool = True,
) -> list[Step]:
    """Judge the sensors of which something may have become by their readings."""
    found: list[Step] = []
    for ruled in roster.ruled:
        mine = ruled.rows[newest.touched[ruled.rows]]
        up = np.array(
            [_number(ups.get((ruled.rule.key, str(code)))) for code in roster.codes[mine]],
            dtype=np.int64,
        )
        if ruled.rule.absence is not None:
            found += heard_again(roster, ruled, mine[up > 0], newest.at_ms, ups, at)
            continue
        asked = mine[_asked(ruled.rule, newest.values[mine], newest.more[mine], up, windows)]
        found += _by_readings(connection, tables, roster, ruled, asked, newest, ups, at)
    return found


def _number(up: Up | None) -> int:
    return int(up.level) if up else 0


def _asked(
    rule: Rule,
    values: npt.NDArray[np.float64],
    more: Flags,
    up: npt.NDArray[np.int64],
    windows: bool,
) -> Flags:
    """Who needs a second look: shape (n,)."""
    asked: Flags = up > 0
    for condition in rule.any_of:
        if condition.measure == "value":
            asked = asked | ~is_calm(condition, values)
        elif windows or condition.hold_ms:
            asked = np.ones(len(values), dtype=bool)
    if len(rule.any_of) == 1 and rule.any_of[0].measure == "value":
        steady = (levels_of(rule.any_of[0], values) == up) & (up > 0)
        asked = asked & (more | ~steady)
    return asked


def _by_readings(
    connection: Connection,
    tables: Tables,
    roster: Roster,
    ruled: Ruled,
    rows: Rows,
    newest: _Newest,
    ups: Ups,
    at: datetime,
) -> Iterator[Step]:
    rule = ruled.rule
    histories = _histories(connection, tables, roster, rule, rows, newest.at_ms)
    for row in rows.tolist():
        code, period_ms = str(roster.codes[row]), int(roster.period_ms[row])
        series = histories.get(code)
        if series is None:
            continue
        up = ups.get((rule.key, code))
        moment = Moment(max(millis(at), int(series.at_ms[-1])), QUIET_PERIODS * period_ms)
        standing = stand(rule, series, moment, period_ms, up.standing if up else None)
        if step := difference((rule.key, code), place_of(roster, rule, row), up, standing):
            yield step


def _histories(
    connection: Connection,
    tables: Tables,
    roster: Roster,
    rule: Rule,
    rows: Rows,
    newest_ms: npt.NDArray[np.int64],
) -> dict[str, Series]:
    """Return as much of the sensors' readings as a rule needs.

    Those whose newest readings are of about one time are read at once: one of last year among
    them would make all of them be read since then.
    """
    found: dict[str, Series] = {}
    if not len(rows):
        return found
    needed_ms = np.array([history_ms(rule, int(one)) for one in roster.period_ms[rows]])
    table = tables.observations
    about = newest_ms[rows] // int(needed_ms.max())
    for number in np.unique(about):
        some = rows[about == number]
        begin_ms = int((newest_ms[rows] - needed_ms)[about == number].min())
        mine = one_of(table.c.sensor_code, roster.codes[some].tolist())
        wanted = (
            select(table.c.sensor_code, iso_text(table.c.observed_at), table.c.value)
            .where(mine, table.c.observed_at > instant(begin_ms))
            .order_by(table.c.sensor_code, table.c.observed_at)
        )
        found |= _cut(connection.execute(wanted).all())
    return found


def _cut(told: Sequence[Sequence[object]]) -> dict[str, Series]:
    if not told:
        return {}
    codes, times, values = zip(*told, strict=True)
    at_ms, measured = _parsed(times), np.array(values, dtype=np.float64)
    names = np.array(codes, dtype=object)
    starts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]
    return {
        str(names[start]): Series(at_ms[start:end], measured[start:end])
        for start, end in pairwise(starts)
    }


def _astray(roster: Roster, ups: Ups) -> Iterator[Step]:
    """End the alarms of rules that hold no longer, and of sensors that are not under them."""
    for (key, code), up in ups.items():
        ruled = roster.by_rule.get(key)
        is_there = ruled is not None and (
            code == LINE or (code in roster.index and roster.index[code] in ruled.rows)
        )
        if not is_there:
            yield Step(AlarmChange.CLEARED, up, up.subject, up.place)
