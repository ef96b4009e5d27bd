"""How much of taking reports in, and of what follows, is the rollups."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest

from geo_data.rollups.followers import Follower


@contextmanager
def timed_rollups(took: list[float]) -> Iterator[None]:
    """Time what of it is counting cases before and after, writing counts, and following them."""
    applying = sys.modules["geo_data.ingest.apply"]
    parts = (
        *((applying, name) for name in ("_old_counts", "count", "difference", "add_counts")),
        (Follower, "_follow"),
    )

    def timed(whole: Callable[..., object]) -> Callable[..., object]:
        def part(*given: object, **named: object) -> object:
            began = perf_counter()
            nested = len(took)
            try:
                return whole(*given, **named)
            finally:
                # The cases as they were are counted by one of the others: once is enough.
                del took[nested:]
                took.append(perf_counter() - began)

        return part

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in parts:
            patch.setattr(owner, name, timed(getattr(owner, name)))
        yield
