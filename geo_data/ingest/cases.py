"""Cases while a batch is applied: what the store holds of them, and what the batch makes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, Table, delete, insert, select

from geo_data.histories import STAGE_INDEX, STAGES, Cases, Steps, order_steps
from geo_data.ingest.place import Spot
from geo_data.ingest.reports import IncidentReport, StageReport
from geo_data.ingest.times import column_ms, to_grain
from geo_data.instants import millis
from geo_data.records import Stage
from geo_data.rollups.rows import to_millis
from geo_data.store.code_lists import one_of
from geo_data.store.column_types import iso_text
from geo_data.store.tables import Tables

_NUMBERS = {str(stage): number for number, stage in enumerate(STAGES)}

Key = tuple[str, str]
"""Source and the source's own number."""
Step = tuple[int, int]
"""Which stage, by its place in :data:`~geo_data.histories.STAGES`, and when, in milliseconds."""
Row = dict[str, Any]

TOLD = (
    *("reported_at", "happened_at", "severity", "code", "title", "channel", "category"),
    *("address", "lon", "lat", "region_code", "place_code", "located_by"),
)
"""Columns a report speaks of, in the order in which two tellings of a case are compared."""


@dataclass(slots=True)
class NewStep:
    """A step its case does not have yet.

    ``recorded_at`` is when it came, ``waited`` whether the store kept it since.
    """

    report: StageReport
    recorded_at: datetime
    waited: bool = False


@dataclass(slots=True)
class Case:
    """One case of a batch.

    Attributes
    ----------
    row, steps
        As the batch leaves it; ``row`` is ``None`` while only steps of it are known.
    old_row, old_steps
        As the store holds it.
    new_steps
        To be written.
    """

    row: Row | None = None
    steps: set[Step] = field(default_factory=set)
    old_row: Row | None = None
    old_steps: frozenset[Step] = frozenset()
    new_steps: list[NewStep] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Whether the batch brought the case."""
        return self.row is not None and self.old_row is None

    @property
    def is_touched(self) -> bool:
        """Whether the batch changed anything that is known of the case."""
        return self.row is not None and (self.row is not self.old_row or bool(self.new_steps))

    def tell(self, report: IncidentReport, spot: Spot) -> bool:
        """Take in a telling of the case; whether it changed anything but the steps.

        Of two tellings the one reported later holds; of equally late ones the greater by
        :data:`TOLD`, which means nothing but is the same in whatever order they come.
        """
        row = _row(report, spot)
        if self.row is not None and not _holds(row, self.row):
            return False
        self.row = {**(self.row or {}), **row}
        return True

    def step(self, report: StageReport, recorded_at: datetime, waited: bool = False) -> bool:
        """Take in a step; whether it was not known. Actor and note of its first telling stay."""
        step = (STAGE_INDEX[report.stage], millis(report.happened_at))
        if step in self.steps:
            return False
        self.steps.add(step)
        self.new_steps.append(NewStep(report, recorded_at, waited))
        return True


def _row(report: IncidentReport, spot: Spot) -> Row:
    return {
        "source": report.source,
        "source_id": report.source_id,
        "code": report.code,
        "title": report.title,
        "channel": report.channel,
        "category": report.category,
        "severity": int(report.severity),
        "happened_at": to_grain(report.happened_at),
        "reported_at": to_grain(report.reported_at),
        "address": report.address,
        **spot._asdict(),
    }


def _holds(row: Row, known: Row) -> bool:
    """Whether a telling takes the place of one that is known."""
    told, before = row["reported_at"], known["reported_at"]
    if told != before:
        return bool(told > before)
    return _rank(row) > _rank(known)


def _rank(row: Row) -> tuple[tuple[bool, Any], ...]:
    return tuple((row[name] is not None, row[name]) for name in TOLD)


def read_cases(connection: Connection, tables: Tables, keys: Iterable[Key]) -> dict[Key, Case]:
    """Return every case named, as the store holds it; an empty one where it holds nothing."""
    cases = {key: Case() for key in keys}
    incidents = tables.incidents
    wanted = select(*(column for column in incidents.c if column.name != "geom"))
    for found in _rows_of(connection, wanted, incidents, cases):
        cases[found["source"], found["source_id"]] = Case(row=found, old_row=found)
    by_id = {case.row["id"]: case for case in cases.values() if case.row}
    for incident_id, steps in _read_steps(connection, tables, list(by_id)).items():
        by_id[incident_id].steps = steps
        by_id[incident_id].old_steps = frozenset(steps)
    pending = tables.pending_stages
    unknown = [key for key, case in cases.items() if case.row is None]
    for found in _rows_of(connection, select(pending), pending, unknown):
        report = {name: found[name] for name in ("source", "source_id", "actor", "note")}
        step = StageReport(**report, stage=Stage(found["stage"]), happened_at=found["happened_at"])
        cases[step.source, step.source_id].step(step, found["recorded_at"], waited=True)
    return cases


def _rows_of(
    connection: Connection, wanted: Select[Any], table: Table, keys: Iterable[Key]
) -> Iterator[Row]:
    by_source: dict[str, list[str]] = {}
    for source, source_id in keys:
        by_source.setdefault(source, []).append(source_id)
    for source, ids in by_source.items():
        mine = (table.c.source == source) & one_of(table.c.source_id, ids)
        found = connection.execute(wanted.where(mine))
        names = tuple(found.keys())
        yield from (dict(zip(names, row, strict=True)) for row in found)


def _read_steps(connection: Connection, tables: Tables, ids: Sequence[int]) -> dict[int, set[Step]]:
    table = tables.incident_stages
    found: dict[int, set[Step]] = {}
    wanted = select(table.c.incident_id, table.c.stage, iso_text(table.c.happened_at))
    rows = connection.execute(wanted.where(one_of(table.c.incident_id, ids))).all() if ids else ()
    if not rows:
        return found
    owners, stages, happened = zip(*rows, strict=True)
    steps = zip(map(_NUMBERS.__getitem__, stages), to_millis(happened).tolist(), strict=True)
    for owner, step in zip(owners, steps, strict=True):
        found.setdefault(owner, set()).add(step)
    return found


def case_columns(rows: Sequence[Row]) -> Cases:
    """Return cases as columns for :mod:`geo_data.histories`."""
    return Cases(
        column_ms(row["happened_at"] for row in rows),
        column_ms(row["reported_at"] for row in rows),
        np.array([row["channel"] for row in rows], dtype=object),
        np.array([row["category"] for row in rows], dtype=object),
        np.array([row["severity"] for row in rows], dtype=np.int64),
        np.array([row["region_code"] or "" for row in rows], dtype=object),
    )


def step_columns(histories: Sequence[Collection[Step]]) -> Steps:
    """Return what happened to cases as columns, in order; ``histories`` one a case."""
    lengths = [len(history) for history in histories]
    # Number after number: of a list of pairs numpy would look at each pair.
    flat = chain.from_iterable(chain.from_iterable(histories))
    told = np.fromiter(flat, dtype=np.int64, count=2 * sum(lengths)).reshape(-1, 2)
    case = np.repeat(np.arange(len(histories)), lengths)
    ordered, _ = order_steps(len(histories), case, told[:, 0].astype(np.uint8), told[:, 1])
    return ordered


def write_steps(connection: Connection, tables: Tables, cases: Iterable[Case]) -> None:
    """Append the new steps of cases that are known; they wait no longer."""
    rows, arrived = [], []
    for case in cases:
        assert case.row is not None
        rows += [{"incident_id": case.row["id"], **_step_row(step)} for step in case.new_steps]
        if any(step.waited for step in case.new_steps):
            arrived.append((case.row["source"], case.row["source_id"]))
    if rows:
        connection.execute(insert(tables.incident_stages), rows)
    pending = tables.pending_stages
    for source, source_id in arrived:
        mine = (pending.c.source == source) & (pending.c.source_id == source_id)
        connection.execute(delete(pending).where(mine))


def keep_for_later(connection: Connection, tables: Tables, cases: Iterable[Case]) -> None:
    """Keep the steps that came with this batch for cases nobody has told of yet."""
    rows = [
        {"source": step.report.source, "source_id": step.report.source_id, **_step_row(step)}
        for case in cases
        for step in case.new_steps
        if not step.waited
    ]
    if rows:
        connection.execute(insert(tables.pending_stages), rows)


def _step_row(step: NewStep) -> Row:
    return {
        "stage": str(step.report.stage),
        "happened_at": to_grain(step.report.happened_at),
        "recorded_at": step.recorded_at,
        "actor": step.report.actor,
        "note": step.report.note,
    }
