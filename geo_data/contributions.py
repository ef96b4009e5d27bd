"""What each case adds to the daily counts: the one definition behind every rollup.

A contribution is a pure function of a case's whole history, so the counts can be kept up to
date by "what it is now minus what it was", whatever the order in which messages came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from geo_data.dictionaries import channels
from geo_data.histories import NEVER, STAGE_INDEX, Cases, Rows, Steps, Strings, Verdict
from geo_data.records import Stage
from geo_data.working_time import Millis, day_numbers

MEASURES = (
    "reported",
    "filed",
    "closed",
    "closed_on_time",
    "due",
    "reworked",
    "extended",
    "proactive",
    "hotline",
)
DIMENSIONS = ("category", "channel", "severity")
HOTLINE = "hotline"

Dated = tuple[str, Rows, Millis]
"""A measure, the rows of the cases that count once each, and when."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Additions to the daily rollups.

    Attributes
    ----------
    days, regions : shape (k,)
        Local day numbers and region codes (``""`` outside), each pair once.
    measures : int64, shape (k, 9)
        In the order of :data:`MEASURES`.
    dimensions : DataFrame
        Columns ``day, region_code, dimension, key, n``.
    """

    days: Millis
    regions: Strings
    measures: Rows
    dimensions: pd.DataFrame

    def __len__(self) -> int:
        return len(self.days)


def count(
    cases: Cases,
    steps: Steps,
    verdict: Verdict,
    zone: ZoneInfo,
    branch: Callable[[str], str],
) -> Counts:
    """Count cases into days.

    Per local day: ``reported``, ``hotline`` (by 12345) and the dimensions by ``reported_at``;
    ``filed`` and ``proactive`` (filed and found by patrol, sensors or AI) by the first filing;
    ``closed`` by ``ended_at`` of cases that stand closed; ``due`` (应结案: dispatched and not
    voided) and ``closed_on_time`` (of those, the ones closed by their limit) both by the day of
    ``due_at``, so that their ratio is a share; ``reworked`` and ``extended`` by each such step.

    Parameters
    ----------
    cases, steps, verdict
        Of the same cases; see :mod:`geo_data.histories`.
    zone : ZoneInfo
        Whose days.
    branch : callable
        Region code to the region of the level below the root that holds it (``""`` if none):
        dimensions are counted at that level.
    """
    parts = dated(cases, steps, verdict)
    rows = np.concatenate([part[1] for part in parts])
    measure = np.repeat([MEASURES.index(part[0]) for part in parts], [len(p[1]) for p in parts])
    days = day_numbers(np.concatenate([part[2] for part in parts]), zone)
    ones = np.ones(len(rows), dtype=np.int64)
    reported_days = days[: len(cases)]
    dimensions = _dimensions(cases, reported_days, branch)
    return _gather(days, cases.region_code[rows], measure, ones, dimensions)


def difference(new: Counts, old: Counts) -> Counts:
    """What must be added to counts that hold ``old`` so that they hold ``new``; zeros dropped."""
    days, regions = [
        np.concatenate([new.days, old.days]),
        np.concatenate([new.regions, old.regions]),
    ]
    matrix = np.concatenate([new.measures, -old.measures])
    row, measure = np.nonzero(matrix)
    frames = [new.dimensions, old.dimensions.assign(n=-old.dimensions["n"])]
    dimensions = pd.concat(frames, ignore_index=True)
    return _gather(days[row], regions[row], measure, matrix[row, measure], dimensions)


def dated(cases: Cases, steps: Steps, verdict: Verdict) -> list[Dated]:
    """Return what each measure counts, and when; :func:`count` says what the measures are."""
    everyone = np.arange(len(cases))
    codes, known = pd.factorize(cases.channel)
    proactive = np.array([channels()[key].proactive for key in known], dtype=bool)[codes]
    filed, filed_ms = _first(steps, Stage.FILED)
    hotline = np.flatnonzero(cases.channel == HOTLINE)
    voided = verdict.stage == STAGE_INDEX[Stage.VOIDED]
    closed = np.flatnonzero((verdict.ended_ms != NEVER) & ~voided)
    is_due = (verdict.due_ms != NEVER) & ~voided
    in_time = is_due & (verdict.ended_ms != NEVER) & (verdict.ended_ms <= verdict.due_ms)
    due, on_time = np.flatnonzero(is_due), np.flatnonzero(in_time)
    found = proactive[filed]
    return [
        ("reported", everyone, cases.reported_ms),
        ("filed", filed, filed_ms),
        ("closed", closed, verdict.ended_ms[closed]),
        ("closed_on_time", on_time, verdict.due_ms[on_time]),
        ("due", due, verdict.due_ms[due]),
        ("reworked", *_every(steps, Stage.REWORKED)),
        ("extended", *_every(steps, Stage.EXTENDED)),
        ("proactive", filed[found], filed_ms[found]),
        ("hotline", hotline, cases.reported_ms[hotline]),
    ]


def _every(steps: Steps, stage: Stage) -> tuple[Rows, Millis]:
    rows = np.flatnonzero(steps.stage == STAGE_INDEX[stage])
    return steps.case[rows], steps.at_ms[rows]


def _first(steps: Steps, stage: Stage) -> tuple[Rows, Millis]:
    case, at_ms = _every(steps, stage)
    # Steps are ordered by case and time: the first row of a case is its earliest.
    earliest = np.ones(len(case), dtype=bool)
    earliest[1:] = case[1:] != case[:-1]
    return case[earliest], at_ms[earliest]


def _dimensions(cases: Cases, days: Millis, branch: Callable[[str], str]) -> pd.DataFrame:
    codes, known = pd.factorize(cases.region_code)
    branches = np.array([branch(code) for code in known], dtype=object)[codes]
    columns: Sequence[Strings] = (
        cases.category,
        cases.channel,
        cases.severity.astype(str).astype(object),
    )
    return pd.concat(
        [
            pd.DataFrame(
                {"day": days, "region_code": branches, "dimension": name, "key": keys, "n": 1}
            )
            for name, keys in zip(DIMENSIONS, columns, strict=True)
        ],
        ignore_index=True,
    )


def _gather(
    days: Millis, regions: Strings, measure: Rows, n: Rows, dimensions: pd.DataFrame
) -> Counts:
    codes, known = pd.factorize(regions)
    pairs, pair = np.unique(days * max(len(known), 1) + codes, return_inverse=True)
    matrix = np.zeros((len(pairs), len(MEASURES)), dtype=np.int64)
    np.add.at(matrix, (pair, measure), n)
    day, region = np.divmod(pairs, max(len(known), 1))
    kept = matrix.any(axis=1)
    by = ["day", "region_code", "dimension", "key"]
    summed = dimensions.groupby(by, sort=False, as_index=False)["n"].sum()
    names = np.asarray(known, dtype=object)
    return Counts(day[kept], names[region[kept]], matrix[kept], summed[summed["n"] != 0])
