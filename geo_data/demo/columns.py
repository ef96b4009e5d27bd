"""Columns of frames, made the cheap way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def text(values: Sequence[str | None] | NDArray[np.object_]) -> pd.Series:
    """Return texts as a column of Python strings.

    Left to itself pandas keeps text in Arrow; a million of them there and back, only to be
    written to a data base, costs seconds.
    """
    return pd.Series(values, dtype=object)


def running(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the members of each group from 1, in the order they come."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.diff(np.concatenate((starts, [len(group)])))
    number = np.empty(len(group), dtype=np.int64)
    number[order] = np.arange(len(group)) - np.repeat(starts, sizes) + 1
    return number
