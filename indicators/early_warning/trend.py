"""How a hot spot came about: a word for its weeks, and whether they rise or fall.

The words are those of emerging hot spot analysis, defined here for few weeks of small counts.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from indicators.early_warning.many_tests import q_values

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

Trend = Literal["new", "intensifying", "persistent", "diminishing", "sporadic"]
TRENDS: tuple[Trend, ...] = get_args(Trend)
MOST_BINS = 0.85
"""Hot in so many of its bins a place is hot all the time: seven of eight weeks."""
TREND_Q = 0.1
"""Of the places that are said to rise or fall one in ten may do so by chance."""


def mann_kendall(values: Floats) -> tuple[Floats, Floats]:
    """Return whether rows rise: the sum of signs S and its two-sided p, each shape (n,).

    Parameters
    ----------
    values : float64, shape (n, bins)
        In the order of time.

    Notes
    -----
    Mann (1945), Kendall (1975): S counts pairs that rise less pairs that fall; its variance is
    corrected for ties, and one is taken off its size for it moves in steps.
    """
    n_bins = values.shape[1]
    first, later = np.triu_indices(n_bins, 1)
    s = np.sign(values[:, later] - values[:, first]).sum(axis=1)
    spread = np.array([_variance(row) for row in values])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (s - np.sign(s)) / np.sqrt(spread)
    from scipy.stats import norm

    p = 2.0 * norm.sf(np.abs(z))
    p[~(spread > 0)] = 1.0
    return s, np.minimum(p, 1.0)


def _variance(row: Floats) -> float:
    n = len(row)
    ties = np.unique(row, return_counts=True)[1].astype(np.float64)
    whole = n * (n - 1) * (2 * n + 5)
    return float(whole - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18.0


def trends(hot: Flags, z: Floats) -> list[Trend | None]:
    """Return a word for the bins of each place; ``None`` where none of them fits.

    Parameters
    ----------
    hot : bool, shape (n, bins)
        Whether it was a hot spot in each bin, the last one is the newest.
    z : float64, shape (n, bins)
        How hot.

    Notes
    -----
    ``new``: hot in the newest bin and in none before. Hot in at least 85 % of the bins, it is
    ``intensifying`` where it is hot now and z rises, ``diminishing`` where z falls,
    and ``persistent`` otherwise. ``sporadic``: hot now, and now and then before.
    What was hot once and is no more has no word: it warns of nothing.

    Examples
    --------
    >>> hot = np.array([[0, 0, 0, 1], [0, 1, 0, 1], [1, 1, 1, 1], [1, 1, 0, 0]], dtype=bool)
    >>> trends(hot, np.ones((4, 4)))
    ['new', 'sporadic', 'persistent', None]
    """
    rises, p = mann_kendall(z)
    # What rises or falls by chance does neither.
    rises = np.where(q_values(p) <= TREND_Q, rises, 0.0)
    return [
        _trend(bool(row[-1]), bool(row[:-1].any()), bool(row.mean() >= MOST_BINS), float(s))
        for row, s in zip(hot, rises, strict=True)
    ]


def _trend(now: bool, before: bool, often: bool, rises: float) -> Trend | None:
    if often and rises < 0:
        return "diminishing"
    if often and rises > 0 and now:
        return "intensifying"
    if often:
        return "persistent"
    if not now:
        return None
    return "sporadic" if before else "new"
