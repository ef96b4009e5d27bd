"""A city with a past in both stores, for the tests of exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geo_data.settings import Settings
from geo_data.store import Store, open_store
from tests.dashboard.exporting.working import (
    SLOW,
    working,
)
from tests.geo_data.lived_city import make_lived_city, opened
from tests.stores import Stores


@pytest.fixture(scope="module")
def made(module_stores: Stores) -> Any:
    address = module_stores.new()
    make_lived_city(address).close()
    return address


@pytest.fixture
def store(stores: Stores, made: Any) -> Iterator[Store]:
    with opened(open_store(stores.copy(made))) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, cache_dir: Path) -> Settings:
    return Settings(data_dir=cache_dir, export_dir=tmp_path / "exports", export_workers=1)


@pytest.fixture
def slow_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that never comes to an end by itself."""
    working(monkeypatch, SLOW)
