"""Hot spots and repeats beside the plain definition, over any cases."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo_data.histories import NEVER
from geo_data.rollups.followers import Numbers
from geo_data.rollups.recurrence import AGAIN_MS, OFTEN, Recurrence
from geo_data.working_time import DAY_MS

HALF_DAYS = st.integers(0, 150)
CASES = st.lists(st.tuples(st.integers(0, 4), HALF_DAYS, st.none() | HALF_DAYS), max_size=30)
"""Spot, report and end of each, by half days."""


def ms(half_days: int) -> int:
    return half_days * DAY_MS // 2


@given(cases=CASES, at=HALF_DAYS, length=st.integers(0, 40))
def test_by_the_plain_definition(
    cases: list[tuple[int, int, int | None]], at: int, length: int
) -> None:
    # In the order of spot, report and number; the slot says which case it was.
    ordered = sorted(enumerate(cases), key=lambda one: (one[1][0], one[1][1], one[0]))
    found = Recurrence(
        stamp=None,
        seq=0,
        since_ms=0,
        n_slots=len(cases),
        numbers=Numbers(()),
        spot=np.array([spot for _, (spot, _, _) in ordered], dtype=np.int64),
        reported_ms=np.array([ms(told) for _, (_, told, _) in ordered], dtype=np.int64),
        case=np.array([number for number, _ in ordered], dtype=np.int64),
        slot=np.arange(len(cases), dtype=np.int32),
        closed_ms=np.array(
            [NEVER if ended is None else ms(ended) for _, (_, _, ended) in ordered], dtype=np.int64
        ),
    )
    rows = [one for _, one in ordered]

    def near(spot: int) -> list[int]:
        """Cases of a spot in the 30 days that end at the moment."""
        return [
            row
            for row, (mine, told, _) in enumerate(rows)
            if mine == spot and ms(at) - AGAIN_MS < ms(told) <= ms(at)
        ]

    hot = [near(spot)[0] for spot in range(5) if len(near(spot)) >= OFTEN]
    assert found.hot(ms(at)).tolist() == hot

    repeats = [
        row
        for row, (spot, told, ended) in enumerate(rows)
        if ended is not None
        and at <= ended < at + length
        and row > 0
        and rows[row - 1][0] == spot
        and ms(told) - ms(rows[row - 1][1]) <= AGAIN_MS
    ]
    assert sorted(found.repeated(ms(at), ms(at + length)).tolist()) == repeats
