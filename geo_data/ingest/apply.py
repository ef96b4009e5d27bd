"""The one transaction of ingest: rows, histories, rollups and the change log, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, func, insert, select

from geo_data.alarms.book import write_alarms
from geo_data.alarms.roster import Roster, roster_of
from geo_data.alarms.watching import watch
from geo_data.faults import Fault
from geo_data.histories import STAGES, Verdict, judge, known_instant
from geo_data.ingest import readings
from geo_data.ingest.cases import (
    Case,
    Row,
    case_columns,
    keep_for_later,
    read_cases,
    step_columns,
    write_steps,
)
from geo_data.ingest.letters import Refusal, Unread, bury, letters_of
from geo_data.ingest.place import Ground, ground_of, locate
from geo_data.ingest.reports import IncidentReport, Reading, Report, StageReport
from geo_data.ingest.times import to_grain
from geo_data.instants import instant, to_text
from geo_data.rollups.contributions import Counts, count, difference
from geo_data.rollups.rows import add_counts, log_change
from geo_data.rollups.verdicts import note_clock
from geo_data.store import Store
from geo_data.store.geopackage import Geometries
from geo_data.store.inserts import update_rows
from geo_data.store.kept import kept_from, too_old
from geo_data.store.layer_rows import note_layer


@dataclass(slots=True)
class Outcome:
    """What became of a batch.

    Attributes
    ----------
    accepted, repeated : int
        Reports that told something new, and those that told nothing new.
    refused : list of (int, Fault)
        Which reports were put aside among the dead letters, and why.
    repeats : list of int
        Which reports told nothing new.
    """

    accepted: int = 0
    repeated: int = 0
    refused: list[Refusal] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)

    def tally(self, row: int, is_new: bool) -> None:
        """Count one report."""
        self.accepted += is_new
        self.repeated += not is_new
        if not is_new:
            self.repeats.append(row)


def apply(
    store: Store,
    reports: Sequence[Report],
    received_at: datetime,
    unread: Sequence[Unread] = (),
    teller: str | None = None,
    beside: Callable[[Connection, Outcome], None] | None = None,
    place: Callable[[int, Fault], Fault] | None = None,
) -> Outcome:
    """Take a batch of reports into the store: one transaction, all of it or nothing.

    The same reports in any order, any number of times and cut into any batches leave the same
    cases, histories, readings and rollups. (Only who is kept as actor of a step, and which of
    two contradicting values of one sensor at one moment, is decided by who came first.)

    Parameters
    ----------
    store : Store
        The store.
    reports : sequence of IncidentReport, StageReport or Reading
        Checked by :mod:`geo_data.ingest.parse`. A step of a case nobody has told of waits in
        the store until somebody does.
    received_at : datetime
        Now, aware.
    unread : sequence of Unread
        Messages of the batch that could not be read; kept among the dead letters.
    teller : str, optional
        Who sent the batch: the source of its dead letters, that of each report unless said.
    beside : callable, optional
        Called at the end of the transaction, with what became of the batch.
    place : callable, optional
        Number of a report and its fault -> the fault where its source will find it.

    Raises
    ------
    InputError
        Exit code 3: the store is locked or damaged; nothing was written.
    """
    received_at = to_grain(received_at)
    outcome = Outcome()
    told = [(row, one) for row, one in enumerate(reports) if not isinstance(one, Reading)]
    measured = [(row, one) for row, one in enumerate(reports) if isinstance(one, Reading)]
    ground = ground_of(store)
    catalog = readings.catalog_of(store) if measured else None
    roster = roster_of(store, received_at) if measured else None
    with store.write() as connection:
        if told:
            _apply_cases(connection, store, ground, told, received_at, outcome)
        if catalog and roster:
            _apply_readings(connection, store, (catalog, roster), measured, received_at, outcome)
        outcome.refused = _placed(outcome.refused, place)
        letters = [*unread, *letters_of(reports, outcome.refused, teller)]
        bury(connection, store.tables, letters, received_at)
        if beside is not None:
            beside(connection, outcome)
    return outcome


def _placed(
    refused: Sequence[Refusal], place: Callable[[int, Fault], Fault] | None
) -> list[Refusal]:
    """Return refusals in the order of their rows, each where its source will find it."""
    put = place or (lambda _row, fault: fault)
    return [(row, put(row, fault)) for row, fault in sorted(refused, key=lambda one: one[0])]


def _apply_readings(
    connection: Connection,
    store: Store,
    known: tuple[readings.Catalog, Roster],
    measured: Sequence[tuple[int, Reading]],
    received_at: datetime,
    outcome: Outcome,
) -> None:
    """Take readings, and raise or end the alarms that follow from them."""
    catalog, roster = known
    found = readings.apply_readings(connection, store, catalog, measured, received_at)
    outcome.accepted += found.accepted
    outcome.repeated += found.repeated
    outcome.refused += found.refused
    outcome.repeats += found.repeats
    if found.news:
        steps = watch(connection, store.tables, roster, found.news, received_at)
        write_alarms(connection, store, steps, received_at)


def _apply_cases(
    connection: Connection,
    store: Store,
    ground: Ground,
    told: Sequence[tuple[int, IncidentReport | StageReport]],
    received_at: datetime,
    outcome: Outcome,
) -> None:
    tables = store.tables
    cases = read_cases(connection, tables, {(one.source, one.source_id) for _, one in told})
    kept = kept_from(connection, tables, "incidents")
    incidents = [(row, one) for row, one in told if isinstance(one, IncidentReport)]
    spots = locate(connection, store, ground, [one for _, one in incidents])
    placed = dict(zip((row for row, _ in incidents), spots, strict=True))
    for row, report in told:
        case = cases[report.source, report.source_id]
        if isinstance(report, StageReport):
            outcome.tally(row, case.step(report, received_at))
            continue
        spot = placed[row]
        if kept is not None and case.row is None and report.reported_at < kept:
            # It may have been here, and was counted then.
            spot = too_old("reported_at", kept)
        if isinstance(spot, Fault):
            outcome.refused.append((row, spot))
            continue
        news = [case.step(step, received_at) for step in report.stages]
        outcome.tally(row, case.tell(report, spot) or any(news))
    keep_for_later(connection, tables, [case for case in cases.values() if case.row is None])
    touched = [case for case in cases.values() if case.is_touched]
    if touched:
        _write(connection, store, ground, touched, received_at)


def _write(
    connection: Connection,
    store: Store,
    ground: Ground,
    touched: Sequence[Case],
    received_at: datetime,
) -> None:
    tables, zone = store.tables, store.city.zone
    rows = [case.row for case in touched if case.row is not None]
    columns, steps = case_columns(rows), step_columns([case.steps for case in touched])
    verdict = judge(columns, steps, store.city.case_clock)
    change = count(columns, steps, verdict, zone, ground.branch)
    known = [case for case in touched if case.old_row is not None]
    if known:
        change = difference(change, _old_counts(known, store, ground))
    settled = _settle(touched, verdict, received_at)
    last_id = _write_rows(connection, store, touched)
    write_steps(connection, tables, touched)
    body = {"rows": [_told(case, received_at) for case in touched]}
    seq = log_change(connection, tables, "incidents", body, received_at)
    add_counts(connection, tables, change, seq)
    latest = max(row[name] for row in settled for name in ("reported_at", "stage_at"))
    data_at = min(latest, received_at)
    note_layer(connection, tables, "incidents", at=received_at, data_at=data_at, rows=last_id)


def _old_counts(known: Sequence[Case], store: Store, ground: Ground) -> Counts:
    rows = [case.old_row for case in known if case.old_row is not None]
    columns, steps = case_columns(rows), step_columns([case.old_steps for case in known])
    verdict = judge(columns, steps, store.city.case_clock)
    return count(columns, steps, verdict, store.city.zone, ground.branch)


def _settle(touched: Iterable[Case], verdict: Verdict, received_at: datetime) -> list[Row]:
    """Write what the histories amount to into the rows."""
    settled: list[Row] = []
    for number, case in enumerate(touched):
        assert case.row is not None
        case.row = {
            "recorded_at": received_at,
            **case.row,
            "stage": str(STAGES[verdict.stage[number]]),
            "stage_at": instant(int(verdict.stage_ms[number])),
            "due_at": known_instant(verdict.due_ms[number]),
            "due_soon_at": known_instant(verdict.soon_ms[number]),
            "ended_at": known_instant(verdict.ended_ms[number]),
        }
        settled.append(case.row)
    return settled


def _write_rows(connection: Connection, store: Store, touched: Sequence[Case]) -> int:
    """Insert the new cases and change the others; returns the last number given."""
    table = store.tables.incidents
    last_id = int(connection.execute(select(func.max(table.c.id))).scalar() or 0)
    new = [case.row for case in touched if case.is_new and case.row is not None]
    for number, row in enumerate(new, start=last_id + 1):
        row["id"] = number
    if new and not last_id:
        note_clock(connection, store.tables, store.city.case_clock)
    if new:
        connection.execute(insert(table), _with_points(store, new))
    _change_rows(connection, store, [case for case in touched if not case.is_new])
    return last_id + len(new)


def _change_rows(connection: Connection, store: Store, known: Iterable[Case]) -> None:
    """Write what became another; the index of what did not is left alone."""
    table = store.tables.incidents
    told = [column.name for column in table.c if column.name not in ("id", "recorded_at", "geom")]
    alike: dict[tuple[str, ...], list[Row]] = {}
    for case in known:
        row, old = case.row, case.old_row
        assert row is not None
        assert old is not None
        names = tuple(name for name in told if row[name] != old[name])
        if names:
            alike.setdefault(names, []).append({**row, "old_reported_at": old["reported_at"]})
    for names, rows in alike.items():
        columns: dict[str, Sequence[Any]] = {
            name: _stored([row[name] for row in rows]) for name in names
        }
        if "lon" in names or "lat" in names:
            columns["geom"] = store.encoded(_points(rows))
        # A server cuts the table by the time of the report.
        before = _stored([row["old_reported_at"] for row in rows])
        keys = {"id": [row["id"] for row in rows], "reported_at": before}
        update_rows(connection, table, keys, columns)


def _stored(values: Sequence[Any]) -> list[Any]:
    """Return values as a store's driver takes them."""
    return [to_text(value) if isinstance(value, datetime) else value for value in values]


def _with_points(store: Store, rows: Sequence[Row]) -> list[Row]:
    shapes = store.encoded(_points(rows))
    return [{**row, "geom": shape} for row, shape in zip(rows, shapes, strict=True)]


def _points(rows: Sequence[Row]) -> Geometries:
    known = np.array([row["lon"] is not None for row in rows])
    points = np.full(len(rows), None, dtype=object)
    points[known] = shapely.points(
        [(row["lon"], row["lat"]) for row in rows if row["lon"] is not None] or np.empty((0, 2))
    )
    return points


def _told(case: Case, received_at: datetime) -> dict[str, Any]:
    row = case.row
    assert row is not None
    due_at, ended_at = row["due_at"], row["ended_at"]
    return {
        "id": row["id"],
        "lon": row["lon"],
        "lat": row["lat"],
        "severity": row["severity"],
        "stage": row["stage"],
        "overdue": ended_at is None and due_at is not None and received_at > due_at,
        "reported_at": to_text(row["reported_at"]),
        "region": row["region_code"],
        "new": case.is_new,
    }
