"""Rows of cases and of their steps, written as whole columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from geo_data.histories import NEVER, STAGES, Cases, Steps, Strings, Verdict
from geo_data.ingest.times import column_text, frame_ms
from geo_data.rollups.contributions import Counts
from geo_data.store.inserts import insert_rows
from geo_data.store.tables import Tables
from geo_data.working_time import Millis

Columns = dict[str, Sequence[Any]]
KEYS = [str(stage) for stage in STAGES]
"""The stages as they are stored, in the order of their numbers."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Cases ready to be written; ``stages`` is in the order of ``steps``."""

    incidents: pd.DataFrame
    stages: pd.DataFrame
    spots: Mapping[str, Any]
    cases: Cases
    steps: Steps
    verdict: Verdict
    counts: Counts


def strings(frame: pd.DataFrame, name: str) -> Strings:
    """Return a column of text, ``None`` where empty or absent."""
    if name not in frame:
        return np.full(len(frame), None, dtype=object)
    values = frame[name].astype(object)
    return np.array(values.where(frame[name].notna(), None), dtype=object)


def write_incidents(connection: Connection, tables: Tables, part: Judged, last_id: int) -> None:
    """Write the cases; the first gets the number after ``last_id``."""
    incidents, spots, cases, verdict = part.incidents, part.spots, part.cases, part.verdict
    recorded = incidents.get("recorded_at")
    texts = ("source", "source_id", "code", "title")
    columns: Columns = {name: incidents[name].tolist() for name in texts}
    columns |= {
        "id": range(last_id + 1, last_id + 1 + len(incidents)),
        "geom": spots["shapes"],
        "channel": cases.channel.tolist(),
        "category": cases.category.tolist(),
        "severity": cases.severity.tolist(),
        "stage": np.array(KEYS, dtype=object)[verdict.stage].tolist(),
        "stage_at": column_text(verdict.stage_ms),
        "happened_at": column_text(cases.happened_ms),
        "reported_at": column_text(cases.reported_ms),
        "recorded_at": column_text(cases.reported_ms if recorded is None else frame_ms(recorded)),
        "address": strings(incidents, "address").tolist(),
        "due_at": _optional_text(verdict.due_ms),
        "due_soon_at": _optional_text(verdict.soon_ms),
        "ended_at": _optional_text(verdict.ended_ms),
    }
    names = ("lon", "lat", "region_code", "place_code", "located_by")
    columns |= {name: spots[name].tolist() for name in names}
    insert_rows(connection, tables.incidents, columns)


def write_steps(connection: Connection, tables: Tables, part: Judged, last_id: int) -> None:
    """Write the steps; the first of the cases gets the number after ``last_id``."""
    stages, steps = part.stages, part.steps
    recorded = stages.get("recorded_at")
    # In the order of the table's key: pages are filled once, from the left.
    spelling, notes = np.argsort(np.argsort(KEYS)), steps.notes
    case = np.concatenate([steps.case, notes.case])
    stage = np.concatenate([steps.stage, notes.stage])
    at_ms = np.concatenate([steps.at_ms, notes.at_ms])
    order = np.lexsort((at_ms, spelling[stage], case))
    happened = column_text(at_ms[order])
    columns: Columns = {
        "incident_id": (case[order] + last_id + 1).tolist(),
        "stage": np.array(KEYS, dtype=object)[stage[order]].tolist(),
        "happened_at": happened,
        "recorded_at": happened if recorded is None else column_text(frame_ms(recorded)[order]),
        "actor": strings(stages, "actor")[order].tolist(),
        "note": strings(stages, "note")[order].tolist(),
    }
    insert_rows(connection, tables.incident_stages, columns)


def _optional_text(at_ms: Millis) -> list[str | None]:
    known = at_ms != NEVER
    texts = np.full(len(at_ms), None, dtype=object)
    texts[known] = column_text(at_ms[known])
    listed: list[str | None] = texts.tolist()
    return listed
