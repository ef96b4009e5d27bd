"""A cube holds what was put in last, cell by cell, in whatever parts it came."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo_data.rollups.cubes import PART, SMALL, Cube, Points

SLOTS, COLUMNS = 3, 2
COUNTS = st.sampled_from([0, 1, 7, SMALL // 2, SMALL, SMALL + 1])
ROWS = st.dictionaries(
    st.tuples(st.integers(0, SLOTS - 1), st.sampled_from([0, 1, PART - 1, PART, PART + 1, 500])),
    st.tuples(COUNTS, COUNTS),
    max_size=12,
)


@given(parts=st.lists(ROWS, max_size=4), by_rows=st.booleans())
def test_cells_hold_what_was_put_last(
    parts: list[dict[tuple[int, int], tuple[int, int]]], by_rows: bool
) -> None:
    cube = Cube(SLOTS, COLUMNS)
    held: dict[tuple[int, int], tuple[int, int]] = {}
    for part in parts:
        held |= part
        rows = sorted(part.items(), key=lambda row: row[0][1])
        slot = np.array([slot for (slot, _), _ in rows], dtype=np.int64)
        day = np.array([day for (_, day), _ in rows], dtype=np.int64)
        values = np.array([told for _, told in rows], dtype=np.int64).reshape(-1, COLUMNS)
        if by_rows:
            cube.put_rows(slot, day, values.T)
        else:
            column = np.tile(np.arange(COLUMNS), len(rows))
            each = np.repeat(slot, COLUMNS), column, np.repeat(day, COLUMNS)
            cube.put(Points(*each, values.ravel()))
    for first in range(SLOTS):
        for last_day in (0, PART, 500):
            mine = [
                told
                for (slot, day), told in held.items()
                if first <= slot < SLOTS and day <= last_day
            ]
            expected = np.array(mine, dtype=np.int64).reshape(-1, COLUMNS).sum(axis=0)
            assert cube.totals(first, SLOTS, 0, last_day).tolist() == expected.tolist()


def test_nothing_is_copied_for_nothing() -> None:
    cube = Cube(SLOTS, COLUMNS)
    cube.put_rows(np.array([1]), np.array([5]), np.array([[1], [2]]))
    before = cube._sums
    cube.add_slots(0)
    cube.add_columns(0)
    assert cube._sums is before
