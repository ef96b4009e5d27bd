"""What chances are worth among many: by hand, and against esda's cut-off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.early_warning.many_tests import q_values

CHANCES = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=40).map(np.array)


def test_by_hand() -> None:
    # 4 tests: 0.01 * 4 / 1, 0.02 * 4 / 2, 0.5 * 4 / 3, 0.9 * 4 / 4, from the last one down.
    p = np.array([0.5, 0.01, np.nan, 0.9, 0.02])
    assert q_values(p) == pytest.approx([2 / 3, 0.04, np.nan, 0.9, 0.04], nan_ok=True)


def test_nothing_was_tested() -> None:
    assert np.isnan(q_values(np.array([np.nan, np.nan]))).all()
    assert len(q_values(np.array([]))) == 0


@given(CHANCES)
def test_it_believes_what_esda_believes(p: np.ndarray) -> None:
    from esda import fdr

    believed = q_values(p) < 0.05
    if believed.any():
        assert (p[believed] < fdr(p, 0.05)).all()


@given(CHANCES)
def test_it_never_believes_more_than_the_tests_themselves(p: np.ndarray) -> None:
    q = q_values(p)
    assert (q >= p - 1e-12).all()
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= -1e-12).all()
