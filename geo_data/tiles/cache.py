"""What was made once is not made again: tiles up to a size, and every layer's newest form.

What many ask for at the same moment is made by one of them; the others wait for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Lock
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from geo_data.store import Store
from geo_data.tiles.archive import Archives

CACHE_BYTES = 96 << 20

Made = TypeVar("Made")


class Making:
    """Lets one thread make what several ask for."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._made = Condition(self.lock)
        self._making: set[object] = set()

    def once(
        self, key: object, held: Callable[[], Made], missing: Made, make: Callable[[], Made]
    ) -> Made:
        """Return what is held, or make it; ``held`` is called with the lock and may be ``missing``.

        ``make`` keeps what it makes; if it fails, the next who asks tries again.
        """
        with self.lock:
            while True:
                found = held()
                if found is not missing:
                    return found
                if key not in self._making:
                    break
                self._made.wait()
            self._making.add(key)
        try:
            return make()
        finally:
            with self.lock:
                self._making.discard(key)
                self._made.notify_all()


_MISSING = object()


class TileCache:
    """The tiles last asked for, up to a size."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._held: OrderedDict[object, bytes | None] = OrderedDict()
        self._making = Making()

    def get(self, key: object, make: Callable[[], bytes | None]) -> bytes | None:
        """Return the tile of ``key``; ``None`` where there is nothing in it."""

        def held() -> object:
            if key not in self._held:
                return _MISSING
            self._held.move_to_end(key)
            return self._held[key]

        def made() -> object:
            body = make()
            self._keep(key, body)
            return body

        return cast("bytes | None", self._making.once(key, held, _MISSING, made))

    def state(self) -> tuple[int, int]:
        """Return how many tiles are held, and their bytes."""
        with self._making.lock:
            return len(self._held), self._bytes

    def held(self, key: object) -> tuple[bool, bytes | None]:
        """Return whether a tile was made, and the tile."""
        with self._making.lock:
            if key not in self._held:
                return False, None
            self._held.move_to_end(key)
            return True, self._held[key]

    def _keep(self, key: object, body: bytes | None) -> None:
        with self._making.lock:
            self._held[key] = body
            self._bytes += _weight(body)
            while self._bytes > self._most:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= _weight(dropped)


class NewestCache:
    """The newest version of large things: an older one goes when the newer is asked for."""

    def __init__(self) -> None:
        self._held: dict[object, tuple[object, Any]] = {}
        self._making = Making()

    def get(self, key: object, version: object, make: Callable[[], Made]) -> Made:
        """Return what ``make()`` made for this version of ``key``."""

        def held() -> object:
            kept = self._held.get(key)
            return kept[1] if kept is not None and kept[0] == version else _MISSING

        def made() -> object:
            found = make()
            with self._making.lock:
                self._held[key] = (version, found)
            return found

        return cast("Made", self._making.once((key, version), held, _MISSING, made))


class Shelf:
    """Everything that is kept for the tiles of one store."""

    def __init__(self) -> None:
        self.tiles = TileCache()
        self.layers = NewestCache()
        self._archives: dict[Path, Archives] = {}

    def archives(self, folder: Path) -> Archives:
        """Return the archives of a folder."""
        return self._archives.setdefault(folder, Archives(folder))

    def close(self) -> None:
        """Close what is open."""
        for archives in self._archives.values():
            archives.close()


_shelves: WeakKeyDictionary[Store, Shelf] = WeakKeyDictionary()
_lock = Lock()


def shelf(store: Store) -> Shelf:
    """Return the shelf of an open store."""
    with _lock:
        return _shelves.setdefault(store, Shelf())


def _weight(body: bytes | None) -> int:
    # Even nothing takes the room of its key.
    return 200 + len(body or b"")
