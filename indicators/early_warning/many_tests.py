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
    from scipy.stats import false_discovery_control

    q: Floats = np.full(len(p), np.nan)
    known = ~np.isnan(p)
    if known.any():
        q[known] = false_discovery_control(p[known])
    return q
