"""Cases that lie on each other: gathered, counted, and never a grave one among them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layers.print import signs
from layers.print.gathering import LEAST, crowd_mm, crowds

KINDS = sorted(kind for kind in signs.looks() if kind.startswith("case-"))
CASES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(KINDS)), max_size=80
)


def gathered(cases: list[tuple[int, int, str]], unit_m: float = 1.0) -> list[list[int]]:
    at = np.array([case[:2] for case in cases], dtype=np.float64).reshape(-1, 2) / 3
    return [list(crowd.rows) for crowd in crowds(at, at, [case[2] for case in cases], unit_m)]


@given(CASES)
def test_nobody_is_counted_twice_and_no_grave_one_is_hidden(
    cases: list[tuple[int, int, str]],
) -> None:
    found = gathered(cases)
    rows = [row for crowd in found for row in crowd]
    assert len(rows) == len(set(rows))
    assert all(len(crowd) >= LEAST for crowd in found)
    for row in rows:
        assert cases[row][2].startswith(("case-3", "case-4"))
        assert not cases[row][2].endswith("overdue")


@given(CASES)
def test_signs_of_crowds_do_not_lie_on_each_other(cases: list[tuple[int, int, str]]) -> None:
    at = np.array([case[:2] for case in cases], dtype=np.float64).reshape(-1, 2) / 3
    found = crowds(at, at, [case[2] for case in cases], 1.0)
    for place, one in enumerate(found):
        assert (one.lon, one.lat) == tuple(at[list(one.rows)].mean(axis=0))
        for other in found[place + 1 :]:
            apart = np.hypot(one.lon - other.lon, one.lat - other.lat)
            assert apart >= 0.949 * (crowd_mm(len(one)) + crowd_mm(len(other)))


@given(CASES, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_where_the_sheet_lies_does_not_matter(
    cases: list[tuple[int, int, str]], east: float, north: float
) -> None:
    at = np.array([case[:2] for case in cases], dtype=np.float64).reshape(-1, 2)
    kinds = [case[2] for case in cases]
    moved = np.round(np.array([east, north]))
    here = [crowd.rows for crowd in crowds(at, at, kinds, 1.3)]
    assert [crowd.rows for crowd in crowds(at, at + moved, kinds, 1.3)] == here


def test_three_in_a_heap_are_one_sign_two_are_two() -> None:
    heap = [(0, 0, "case-4-0"), (1, 1, "case-4-1"), (0, 1, "case-3-0")]
    assert gathered(heap) == [[0, 1, 2]]
    assert gathered(heap[:2]) == []
    far = [(0, 0, "case-4-0"), (20, 0, "case-4-0"), (40, 0, "case-4-0")]
    assert gathered(far) == []
    assert gathered(far, unit_m=20.0) == [[0, 1, 2]]


def test_the_sign_grows_with_the_number() -> None:
    sizes = [crowd_mm(count) for count in (3, 10, 20, 30)]
    assert sizes == sorted(sizes)
    assert sizes[-1] <= 4.5
