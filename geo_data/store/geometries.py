"""Geometries past SQLAlchemy's types: a hundred thousand outlines are decoded all at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, type_coerce
from sqlalchemy.types import NullType

from geo_data.store.geopackage import Geometries, from_blobs


def undecoded(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a geometry column as the driver gives it, to be selected for :func:`decoded`."""
    return type_coerce(column, NullType())


def decoded(values: Iterable[bytes | str | None]) -> Geometries:
    """Return shapely geometries of what a store's driver gave.

    Parameters
    ----------
    values : iterable of bytes, str or None
        Blobs of a GeoPackage, or hexadecimal EWKB of a server.
    """
    given: list[Any] = list(values)
    # A driver gives all of them alike.
    if isinstance(next((one for one in given if one is not None), None), str):
        return np.asarray(shapely.from_wkb(np.array(given, dtype=object)), dtype=object)
    return from_blobs(given)
