"""Values numbered: the short way and the long one come to the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_data import distinct

VALUES = st.lists(st.sampled_from(["", "a", "b", "310117", None]), max_size=40)


@given(VALUES)
def test_numbers_lead_back_to_the_values(values: list[str | None]) -> None:
    codes, known = distinct.numbered(np.array(values, dtype=object))
    assert known[codes].tolist() == values
    assert known.tolist() == list(dict.fromkeys(values))


@given(VALUES)
def test_many_are_numbered_as_few(values: list[str | None]) -> None:
    few = distinct.numbered(np.array(values, dtype=object))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "MANY", 0)
        many = distinct.numbered(np.array(values, dtype=object))
    assert many[0].tolist() == few[0].tolist()
    assert [None if one is None or one != one else one for one in many[1]] == few[1].tolist()
