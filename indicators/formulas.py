"""The few formulas that most indicators share. Arrays in, array of the same shape out."""

from __future__ import annotations

import numpy as np

from indicators.spec import Array

PERCENT = 100.0


def count(n: Array) -> Array:
    """Return how many there are: the number itself.

    Parameters
    ----------
    n : array
        Counts; NaN where nobody knows.

    Examples
    --------
    >>> count(np.array([3.0, 0.0])).tolist()
    [3.0, 0.0]
    """
    return n


def both(one: Array, other: Array) -> Array:
    """Return the sum of two counts that share nothing.

    Examples
    --------
    >>> both(np.array([2.0]), np.array([1.0])).tolist()
    [3.0]
    """
    return one + other


def quotient(part: Array, whole: Array, scale: float = 1.0) -> Array:
    """Return ``scale × part / whole``; NaN where the whole is zero or missing.

    Nothing out of nothing is neither 0 % nor 100 %: it is unknown.

    Examples
    --------
    >>> quotient(np.array([1.0, 0.0]), np.array([4.0, 0.0]), 100).tolist()
    [25.0, nan]
    """
    known = np.where(whole > 0, whole, np.nan)
    return np.asarray(scale * part / known, dtype=np.float64)


def share(part: Array, whole: Array) -> Array:
    """Return the part in percent of the whole.

    Examples
    --------
    >>> share(np.array([1.0]), np.array([8.0])).tolist()
    [12.5]
    """
    return quotient(part, whole, PERCENT)


def mean(total: Array, n: Array) -> Array:
    """Return the mean of readings from their sum and number; NaN where there were none.

    Examples
    --------
    >>> mean(np.array([90.0, 0.0]), np.array([4.0, 0.0])).tolist()
    [22.5, nan]
    """
    return quotient(total, n)


def highest(high: Array) -> Array:
    """Return the highest reading.

    Examples
    --------
    >>> highest(np.array([35.5])).tolist()
    [35.5]
    """
    return high


ADDITIVE = frozenset({count, both})
"""Formulas under which the values of children add up to the parent's."""
