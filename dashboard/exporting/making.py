"""One export made: from its request to its file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from geo_data.exports import DATA_FORMATS, ExportRequest
from geo_data.extracts import FORMATS, write_tables
from geo_data.records import Scope
from geo_data.store import Store
from layers import extracts

Tell = Callable[[str, float], None]
"""Told a step and the share done."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Parameters
    ----------
    number, request, scope
        Of its record.
    made_at : datetime
        Now, aware.
    link : str
        Where people find the record.
    folder : Path
        Where the file goes.
    """

    number: str
    request: ExportRequest
    scope: Scope
    made_at: datetime
    link: str
    folder: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{self.number}{ending(self.request)}"


@dataclass(frozen=True, slots=True)
class Made:
    """The file that was made."""

    file: str
    bytes: int
    sha256: str


def ending(request: ExportRequest) -> str:
    """Return the ending of the file of a request, with the point."""
    return FORMATS[request.format].ending


def media_type(request: ExportRequest) -> str:
    """Return what HTTP calls the file of a request."""
    return FORMATS[request.format].media_type


def check(store: Store, scope: Scope, request: ExportRequest, now: datetime) -> ExportRequest:
    """Return a request that can be made, with its region and moment.

    Raises
    ------
    InputError
        It cannot; says why and what to do.
    """
    return extracts.checked_request(store, scope, request, now)


def make(store: Store, order: Order, tell: Tell) -> Made:
    """Make the file of an order.

    Raises
    ------
    InputError
        It cannot be made; no file is left.
    """
    assert order.request.format in DATA_FORMATS
    tell("read", 0.05)
    tables = extracts.tables_of(store, order.scope, order.request)
    cover = extracts.cover_of(
        store, order.scope, order.request, tables, order.number, order.made_at
    )
    tell("write", 0.5)
    write_tables(order.request.format, tables, cover, order.path)
    tell("check", 0.95)
    return noted(order.path)


def noted(path: Path) -> Made:
    """Return size and digest of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Made(path.name, path.stat().st_size, digest)
