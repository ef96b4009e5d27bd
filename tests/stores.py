"""Where tests keep their stores: files in a folder, or databases of the throw-away server.

A test that asks for ``stores`` (or ``module_stores`` for what its module shares) runs once with
each. ``new()`` gives an address for ``open_store``, ``copy(address)`` a copy of a closed store.
"""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from typing import Protocol

from geo_data.store import Store
from geo_data.store.embedded import EmbeddedStore
from geo_data.store.server import ServerStore
from tests.postgis_server import PostgisServer

Address = Path | str


def address_of(store: Store) -> Address:
    """Where an open store lies, to open it once more."""
    if isinstance(store, EmbeddedStore):
        return store.path
    assert isinstance(store, ServerStore)
    return store.url.render_as_string(hide_password=False)


class Stores(Protocol):
    """Gives addresses of one kind of store, and takes everything away at the end."""

    kind: str

    def new(self) -> Address: ...

    def copy(self, address: Address) -> Address: ...

    def remove(self) -> None: ...


class Files:
    """Stores in a folder; pytest takes that away."""

    kind = "embedded"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def new(self) -> Path:
        folder = self._folder / f"store-{next(self._numbers)}"
        folder.mkdir()
        return folder / "city.gpkg"

    def copy(self, address: Address) -> Path:
        return Path(shutil.copy(address, self.new()))

    def remove(self) -> None:
        pass


class Databases:
    """Stores on the server, each in its own database."""

    kind = "postgis"

    def __init__(self, server: PostgisServer) -> None:
        self._server = server
        self._made: list[str] = []

    def new(self) -> str:
        return self._kept(self._server.fresh())

    def copy(self, address: Address) -> str:
        return self._kept(self._server.fresh(str(address).rpartition("/")[2]))

    def remove(self) -> None:
        for name in self._made:
            self._server.drop(name)

    def _kept(self, name: str) -> str:
        self._made.append(name)
        return self._server.url(name)
