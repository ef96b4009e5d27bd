"""A table that is about to become a file, and what the file says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_data.store.geopackage import SRS_ID, Geometries

Kind = Literal["text", "whole", "number", "flag", "time"]
_DTYPES = {"text": "object", "whole": "Int64", "number": "float64", "flag": "boolean"}
TIMES = "datetime64[ms, UTC]"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    key : str
        What programs call it: snake_case, the same in every language.
    label : str
        What people call it.
    kind : str
        ``text``, ``whole``, ``number``, ``flag`` (yes or no) or ``time``.
    unit : str
        Of numbers.
    """

    key: str
    label: str
    kind: Kind = "text"
    unit: str = ""

    @property
    def head(self) -> str:
        """Label and unit, as the head of a column."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one layer.

    Parameters
    ----------
    key, name : str
        What programs and people call it.
    columns : tuple of Column
        In order. ``lon`` and ``lat`` are the point of a row whatever its shape.
    frame : GeoDataFrame
        Those columns and ``geometry`` in EPSG:4326, ``None`` where a row has no place.
    source : str
        Where the rows come from.
    data_at : datetime or None
        The time its newest row speaks of.
    rule : str
        How it was chosen and counted (口径), in a sentence.
    """

    key: str
    name: str
    columns: tuple[Column, ...]
    frame: gpd.GeoDataFrame
    source: str
    data_at: datetime | None
    rule: str

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a file says of itself; ``key`` is for programs."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Cover:
    """What a file says of itself.

    Parameters
    ----------
    title, about : str
        What it shows, and the heading of the sheet that says so.
    lines : tuple of Line
        Number, time, region, CRS, unit, secrecy ... in order.
    made_at : datetime
        When, aware.
    zone : ZoneInfo
        The clock of local times.
    language : str
        It is written in.
    """

    title: str
    about: str
    lines: tuple[Line, ...]
    made_at: datetime
    zone: ZoneInfo
    language: str

    def text(self) -> str:
        """Return it as a page of plain text."""
        return "\n".join([self.title, "", *(f"{one.label}: {one.value}" for one in self.lines), ""])

    def values(self) -> dict[str, str]:
        """Return it for programs."""
        return {"title": self.title} | {one.key: one.value for one in self.lines}


def framed(
    columns: Sequence[Column], values: Mapping[str, Sequence[Any]], shapes: Geometries
) -> gpd.GeoDataFrame:
    """Return values as a frame whose columns have the types that their kinds say.

    Parameters
    ----------
    columns : sequence of Column
        Every one has values.
    values : Mapping
        Key -> values, ``None`` where nobody knows.
    shapes : array of shapely geometries in EPSG:4326, shape (n,)
    """
    typed = {one.key: _typed(one.kind, values[one.key]) for one in columns}
    return gpd.GeoDataFrame(typed, geometry=gpd.GeoSeries(shapes, crs=SRS_ID), crs=SRS_ID)


def _typed(kind: Kind, values: Sequence[Any]) -> pd.Series[Any]:
    if kind == "time":
        # To the millisecond, as the store keeps them.
        naive = [None if one is None else np.datetime64(_utc(one), "ms") for one in values]
        return pd.Series(np.array(naive, dtype="datetime64[ms]")).dt.tz_localize("UTC")
    return pd.Series(list(values), dtype=_DTYPES[kind])


def _utc(at: datetime) -> datetime:
    return at.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
