"""What is done by the clock goes on after a failure, and says what failed."""

from __future__ import annotations

import asyncio

import pytest

from dashboard import chores
from dashboard.chores import Chore, Chores
from geo_data.faults import Fault, InputError


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
