"""What is done by the clock goes on after a failure, and says what failed."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from dashboard import chores
from dashboard.chores import Chore, Chores, chores_of, settle_garbage
from dashboard.context import Context
from geo_data.faults import Fault, InputError
from geo_data.records import Scope
from geo_data.rollups.followers import Follower
from geo_data.settings import Settings
from indicators import engine
from tests.dashboard.worked_city import NOW, make_worked_city


@pytest.mark.parametrize(
    ("error", "key"),
    [(InputError(Fault("store-full"), exit_code=3), "store-full"), (KeyError("x"), "chore-failed")],
)
def test_a_chore_that_fails_is_told_of_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception, key: str
) -> None:
    monkeypatch.setattr(chores, "RETRY_S", 0.01)
    times = 0
    told: list[str] = []

    def do() -> None:
        nonlocal times
        times += 1
        if times < 3:
            raise error

    async def run() -> None:
        kept = Chores((Chore("retention", do, 0.0, 60.0),))
        kept.start()
        while times < 3:
            told.extend(fault.key for fault in kept.troubles())
            await asyncio.sleep(0.001)
        while kept.troubles():
            await asyncio.sleep(0.001)
        await kept.stop()

    asyncio.run(asyncio.wait_for(run(), 20))
    assert set(told) == {key}


def test_the_counts_of_a_year_are_read_before_anybody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_worked_city(tmp_path / "city.gpkg")
    known = chores_of(Context(Settings(data_dir=tmp_path), store, lambda: NOW)).chores
    (year,) = (one for one in known if one.name == "year")
    read: list[int] = []
    reach_back = Follower._reach_back

    def count(self: Follower, *given: object) -> None:
        before = self._since
        reach_back(self, *given)  # type: ignore[arg-type]
        read.extend([1] if self._since != before else [])

    monkeypatch.setattr(Follower, "_reach_back", count)
    year.do()
    assert read
    read.clear()
    engine.board(store, Scope.everything(), "c", "this-year", NOW)
    assert not read
    store.close()


def test_what_lives_for_long_is_not_searched_for_garbage() -> None:
    class Ring:
        own: Ring

    ring = Ring()
    ring.own = ring
    gone = weakref.ref(ring)
    del ring
    try:
        settle_garbage()
        assert gone() is None
        assert gc.get_freeze_count() > 1_000
        before = gc.get_freeze_count()
        settle_garbage()
        assert gc.get_freeze_count() < 2 * before
    finally:
        gc.unfreeze()
