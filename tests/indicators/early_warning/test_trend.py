"""How a hot spot came about: Mann and Kendall's test, and the words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indicators.early_warning.trend import Trend, mann_kendall, trends

ROWS = arrays(np.float64, (3, 8), elements=st.integers(-5, 5).map(float))


def test_by_hand() -> None:
    # 1 2 3 4: all six pairs rise, the variance is 4 * 3 * 13 / 18, so z = 5 / 2.944.
    s, p = mann_kendall(np.array([[1.0, 2, 3, 4], [4, 3, 2, 1], [2, 2, 2, 2]]))
    assert s.tolist() == [6, -6, 0]
    assert p == pytest.approx([0.0894, 0.0894, 1.0], abs=1e-4)


@given(ROWS)
def test_s_is_kendalls(rows: np.ndarray) -> None:
    from scipy.stats import kendalltau

    s, _ = mann_kendall(rows)
    for row, own in zip(rows, s, strict=True):
        if np.ptp(row) > 0:
            tau = kendalltau(np.arange(8), row, variant="c").statistic
            # tau-c is S over the pairs there can be, for as many levels as are seen.
            levels = min(8, len(np.unique(row)))
            assert own == pytest.approx(tau * 64 * (levels - 1) / levels / 2)


@given(ROWS)
def test_time_turned_round_turns_the_trend_round(rows: np.ndarray) -> None:
    s, p = mann_kendall(rows)
    back, back_p = mann_kendall(rows[:, ::-1])
    assert back.tolist() == (-s).tolist()
    assert back_p == pytest.approx(p)


@pytest.mark.parametrize(
    ("weeks", "z", "word"),
    [
        ("00000001", "12121212", "new"),
        ("00010001", "12121212", "sporadic"),
        ("11111111", "12121212", "persistent"),
        ("01111111", "12345678", "intensifying"),
        ("11111111", "87654321", "diminishing"),
        ("11111110", "87654321", "diminishing"),
        # Hot in six weeks of eight is on and off.
        ("00111111", "12345678", "sporadic"),
        # Hot until last week and calm now: no reason to warn.
        ("00111110", "12345678", None),
        ("00000000", "12345678", None),
    ],
)
def test_a_word_for_the_weeks(weeks: str, z: str, word: Trend | None) -> None:
    hot = np.array([[one == "1" for one in weeks]])
    assert trends(hot, np.array([[float(one) for one in z]])) == [word]
