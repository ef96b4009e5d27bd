"""Tiles are made once, kept up to a size, and a failure blocks nobody."""

from __future__ import annotations

import threading

import pytest

from geo_data.tiles.cache import TileCache


def test_many_who_ask_at_once_wait_for_one_maker() -> None:
    cache = TileCache()
    made: list[int] = []
    together = threading.Barrier(6)
    release = threading.Event()

    def make() -> bytes:
        made.append(1)
        release.wait(5)
        return b"tile"

    got: list[bytes | None] = []

    def ask() -> None:
        together.wait(5)
        got.append(cache.get("key", make))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    together.wait(5)
    release.set()
    for thread in threads:
        thread.join(5)
    assert (got, made) == ([b"tile"] * 5, [1])


def test_a_maker_that_fails_leaves_the_way_free() -> None:
    cache = TileCache()

    def fail() -> bytes:
        raise OSError("locked")

    with pytest.raises(OSError, match="locked"):
        cache.get("key", fail)
    assert cache.get("key", lambda: b"later") == b"later"


def test_the_cache_lets_go_of_what_was_asked_for_longest_ago() -> None:
    cache = TileCache(most_bytes=3 * 1200)
    for key in range(4):
        cache.get(key, lambda: b"x" * 1000)
    calls: list[int] = []
    cache.get(3, lambda: calls.append(3) or b"")
    cache.get(0, lambda: calls.append(0) or b"")
    assert calls == [0]
