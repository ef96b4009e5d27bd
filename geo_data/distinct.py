"""Values numbered in the order in which they first appear."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MANY = 300_000
"""From here on pandas, which takes half a second to load, is the quicker way."""


def numbered(
    values: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Return the number of each value, shape (n,), and the different values by their numbers.

    Parameters
    ----------
    values : array of object, shape (n,)
        Hashable; ``None`` is a value like others.
    """
    if len(values) >= MANY:
        import pandas as pd

        codes, known = pd.factorize(values, use_na_sentinel=False)
        return codes.astype(np.int64), np.asarray(known, dtype=object)
    listed = values.tolist()
    different = dict.fromkeys(listed)
    numbers: dict[Any, int] = dict(zip(different, range(len(different)), strict=True))
    # Looked up twice, but never by a line of Python for each: half the time.
    codes = np.fromiter(map(numbers.__getitem__, listed), dtype=np.int64, count=len(values))
    known = np.empty(len(numbers), dtype=object)
    known[:] = list(numbers)
    return codes, known
