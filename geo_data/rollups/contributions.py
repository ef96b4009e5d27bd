"""What each case adds to the daily counts: the one definition behind every rollup.

A contribution is a pure function of a case's whole history, so the counts can be kept up to
date by "what it is now minus what it was", whatever the order in which messages came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from geo_data.case_stages import DROPPED
from geo_data.dictionaries import channels
from geo_data.distinct import numbered
from geo_data.histories import (
    NEVER,
    STAGE_INDEX,
    STAGES,
    Cases,
    Flags,
    Notes,
    Rows,
    Steps,
    Strings,
    Verdict,
)
from geo_data.records import Severity, Stage
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
    "filed_of_reported",
    "hotline_due",
    "hotline_on_time",
    "sign_due",
    "signed_in_time",
    "contact_due",
    "contacted_in_time",
    "resolved",
    "explained",
    "satisfied",
    "fairly_satisfied",
    "neutral",
    "unsatisfied",
)
ANSWERS = ("satisfied", "fairly_satisfied", "neutral", "unsatisfied")
"""Measures of what citizens said when asked afterwards, best first."""
DIMENSIONS = ("category", "channel", "severity")
HOTLINE = "hotline"
_DROPPED = np.array([stage in DROPPED for stage in STAGES])
_OUTCOMES = {"resolved": Stage.RESOLVED, "explained": Stage.EXPLAINED}
_ANSWERS = {
    "satisfied": Stage.SATISFIED,
    "fairly_satisfied": Stage.FAIRLY_SATISFIED,
    "neutral": Stage.NEUTRAL,
    "unsatisfied": Stage.UNSATISFIED,
}

Dated = tuple[str, Rows, Millis]
"""A measure, the rows of the cases that count once each, and when."""


class Cells(NamedTuple):
    """Additions to the dimensions as columns of shape (k,), each cell once.

    ``dimension`` is the index in :data:`DIMENSIONS`, ``regions`` are of the level below the root.
    """

    days: Millis
    regions: Strings
    dimension: Rows
    keys: Strings
    n: Rows


@dataclass(frozen=True, slots=True)
class Counts:
    """Additions to the daily rollups.

    Attributes
    ----------
    days, regions : shape (k,)
        Local day numbers and region codes (``""`` outside), each pair once.
    measures : int64, shape (k, measures)
        In the order of :data:`MEASURES`.
    dimensions : Cells
        What was reported, by dimension.
    """

    days: Millis
    regions: Strings
    measures: Rows
    dimensions: Cells

    def __len__(self) -> int:
        return len(self.days)

    def since(self, first_day: int) -> Counts:
        """Return what is counted on a day and later."""
        days, cells = self.days >= first_day, self.dimensions.days >= first_day
        found = self.dimensions
        rest = Cells(
            found.days[cells],
            found.regions[cells],
            found.dimension[cells],
            found.keys[cells],
            found.n[cells],
        )
        return Counts(self.days[days], self.regions[days], self.measures[days], rest)


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
    ``closed`` by ``ended_at`` of cases that stand closed; ``due`` (应结案: dispatched, and
    neither voided nor merged) and ``closed_on_time`` (of those, the ones closed by their limit)
    both by the day of ``due_at``, so that their ratio is a share, ``hotline_due`` and
    ``hotline_on_time`` those of them by 12345; ``reworked`` and ``extended`` by each such step.
    ``filed_of_reported`` are the cases that were filed, by ``reported_at``.

    Of cases neither voided nor merged: ``sign_due`` and of those ``signed_in_time`` by the day on
    which the unit had to have signed, ``contact_due`` and ``contacted_in_time`` of 12345 cases by
    the day on which the citizen had to have been spoken to; and by when it was last told of a
    case, what came of it (``resolved``, ``explained``) and what the citizen said (``satisfied``,
    ``fairly_satisfied``, ``neutral``, ``unsatisfied``).

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
    cells = _cells(cases, reported_days, branch)
    return _gather(days, cases.region_code[rows], measure, ones, cells)


def difference(new: Counts, old: Counts) -> Counts:
    """What must be added to counts that hold ``old`` so that they hold ``new``; zeros dropped."""
    days, regions = [
        np.concatenate([new.days, old.days]),
        np.concatenate([new.regions, old.regions]),
    ]
    matrix = np.concatenate([new.measures, -old.measures])
    row, measure = np.nonzero(matrix)
    less = old.dimensions._replace(n=-old.dimensions.n)
    both = zip(new.dimensions, less, strict=True)
    cells = Cells(*(np.concatenate(columns) for columns in both))
    return _gather(days[row], regions[row], measure, matrix[row, measure], cells)


def dated(cases: Cases, steps: Steps, verdict: Verdict) -> list[Dated]:
    """Return what each measure counts, and when; :func:`count` says what the measures are."""
    everyone = np.arange(len(cases))
    codes, known = numbered(cases.channel)
    proactive = np.array([channels()[key].proactive for key in known], dtype=bool)[codes]
    filed, filed_ms = _first(steps, Stage.FILED)
    hotline = np.flatnonzero(cases.channel == HOTLINE)
    counts = ~_DROPPED[verdict.stage]
    closed = np.flatnonzero((verdict.ended_ms != NEVER) & counts)
    is_due = (verdict.due_ms != NEVER) & counts
    in_time = is_due & (verdict.ended_ms != NEVER) & (verdict.ended_ms <= verdict.due_ms)
    due, on_time = np.flatnonzero(is_due), np.flatnonzero(in_time)
    found = proactive[filed]
    by_hotline = cases.channel == HOTLINE
    of_due, of_on_time = np.flatnonzero(is_due & by_hotline), np.flatnonzero(in_time & by_hotline)
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
        ("filed_of_reported", filed, cases.reported_ms[filed]),
        ("hotline_due", of_due, verdict.due_ms[of_due]),
        ("hotline_on_time", of_on_time, verdict.due_ms[of_on_time]),
        *_answered(steps.notes, verdict, counts, counts & by_hotline),
    ]


def _answered(notes: Notes, verdict: Verdict, counts: Flags, calls: Flags) -> list[Dated]:
    """Return what was noted of the cases that count: in time or not, and what came of them."""
    sign = np.flatnonzero(counts & (verdict.sign_ms != NEVER))
    call = np.flatnonzero(calls & (verdict.contact_ms != NEVER))
    case, at_ms = notes.case, notes.at_ms
    signs = (at_ms >= verdict.sent_ms[case]) & (at_ms <= verdict.sign_ms[case])
    signed = _noted(notes, Stage.SIGNED, signs & counts[case])
    contacts = at_ms <= verdict.contact_ms[case]
    contacted = _noted(notes, Stage.CONTACTED, contacts & calls[case])
    return [
        ("sign_due", sign, verdict.sign_ms[sign]),
        ("signed_in_time", signed, verdict.sign_ms[signed]),
        ("contact_due", call, verdict.contact_ms[call]),
        ("contacted_in_time", contacted, verdict.contact_ms[contacted]),
        *_latest(notes, _OUTCOMES, counts),
        *_latest(notes, _ANSWERS, counts),
    ]


def _noted(notes: Notes, stage: Stage, wanted: Flags) -> Rows:
    """Return the cases of which a stage was noted, each once."""
    cases: Rows = np.unique(notes.case[wanted & (notes.stage == STAGE_INDEX[stage])])
    return cases


def _latest(notes: Notes, kinds: Mapping[str, Stage], counts: Flags) -> list[Dated]:
    """Return the latest note of each case that is of these kinds, by measure."""
    wanted = np.isin(notes.stage, [STAGE_INDEX[stage] for stage in kinds.values()])
    rows = np.flatnonzero(wanted & counts[notes.case])
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = notes.case[rows[1:]] != notes.case[rows[:-1]]
    rows = rows[last]
    found = notes.stage[rows]
    return [
        (measure, notes.case[mine], notes.at_ms[mine])
        for measure, stage in kinds.items()
        for mine in [rows[found == STAGE_INDEX[stage]]]
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


def _cells(cases: Cases, days: Millis, branch: Callable[[str], str]) -> Cells:
    codes, known = numbered(cases.region_code)
    branches = np.array([branch(code) for code in known], dtype=object)[codes]
    severity = np.array([str(int(one)) for one in Severity], dtype=object)[cases.severity - 1]
    n = len(cases)
    return Cells(
        np.tile(days, 3),
        np.tile(branches, 3),
        np.repeat(np.arange(3), n),
        np.concatenate([cases.category, cases.channel, severity]),
        np.ones(3 * n, dtype=np.int64),
    )


def _gather(days: Millis, regions: Strings, measure: Rows, n: Rows, cells: Cells) -> Counts:
    codes, known = numbered(regions)
    pairs, first, pair = np.unique(
        days * max(len(known), 1) + codes, return_index=True, return_inverse=True
    )
    place = pair * len(MEASURES) + measure
    # Sums of whole numbers far below 2**53 are whole.
    sums = np.bincount(place, weights=n, minlength=len(pairs) * len(MEASURES))
    matrix = sums.astype(np.int64).reshape(-1, len(MEASURES))
    kept = matrix.any(axis=1)
    first = first[kept]
    return Counts(days[first], regions[first], matrix[kept], _merged(cells))


def _merged(cells: Cells) -> Cells:
    """Return each cell once, those that come to nothing left out."""
    region, regions = numbered(cells.regions)
    key, keys = numbered(cells.keys)
    place = cells.days * max(len(regions), 1) + region
    place = (place * len(DIMENSIONS) + cells.dimension) * max(len(keys), 1) + key
    _, first, cell = np.unique(place, return_index=True, return_inverse=True)
    n = np.bincount(cell, weights=cells.n, minlength=len(first)).astype(np.int64)
    first = first[n != 0]
    return Cells(
        days=cells.days[first],
        regions=cells.regions[first],
        dimension=cells.dimension[first],
        keys=cells.keys[first],
        n=n[n != 0],
    )
