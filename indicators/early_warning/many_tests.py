"""What a p-value is worth among many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def q_values(p: Floats) -> Floats:
    """Return the false discovery rate at which each test is the last to be believed.

    Parameters
    ----------
    p : float64, shape (n,)
        NaN where nothing was tested.

    Notes
    -----
    Benjamini and Hochberg (1995): of the tests with ``q <= 0.05`` at most one in twenty is
    expected to be chance; where nothing at all is the matter, one look in twenty finds anything.

    Examples
    --------
    >>> q_values(np.array([0.01, 0.04, 0.03, np.nan])).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    capped: Floats = np.minimum(q, 1.0)
    return capped
