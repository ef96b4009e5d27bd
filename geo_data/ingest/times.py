"""Columns of times at the store's grain: aware UTC, whole milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from geo_data.instants import millis, to_grain
from geo_data.working_time import Millis

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["column_ms", "column_text", "frame_ms", "to_grain"]


def column_ms(times: Iterable[datetime]) -> Millis:
    """Return milliseconds since 1970-01-01 UTC, rounded down, one per time."""
    return np.array([millis(at) for at in times], dtype=np.int64)


def frame_ms(times: pd.Series) -> Millis:
    """Return milliseconds since 1970-01-01 UTC of a column of aware times.

    Raises
    ------
    ValueError
        The column holds anything else; naive times above all.
    """
    import pandas as pd

    if not isinstance(times.dtype, pd.DatetimeTZDtype) or times.hasnans:
        raise ValueError(f"column {times.name!r} must hold aware times, not {times.dtype}")
    utc = times.dt.tz_convert("UTC").dt.tz_localize(None)
    at_ms: Millis = utc.to_numpy().astype("M8[ms]").astype(np.int64)
    return at_ms


def column_text(at_ms: Millis) -> list[str]:
    """Return ISO texts as the store writes them, one per time."""
    texts: list[str] = np.datetime_as_string(at_ms.astype("M8[ms]"), timezone="UTC").tolist()
    return texts
