"""A city with a past in both stores, for the tests of exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_data.settings import Settings
from geo_data.store import Store
from tests.dashboard.exporting.working import (
    SLOW,
    working,
)


@pytest.fixture
def store(lived_store: Store) -> Store:
    return lived_store


@pytest.fixture
def settings(tmp_path: Path, cache_dir: Path) -> Settings:
    return Settings(data_dir=cache_dir, export_dir=tmp_path / "exports", export_workers=1)


@pytest.fixture
def slow_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that never comes to an end by itself."""
    working(monkeypatch, SLOW)
