"""Real Songjiang as a city of two levels: the file, the store, and a browser before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from geo_data.importer import import_city
from geo_data.store import Store, open_store
from tests.real.declaring import HEAD, POIS, VILLAGES


@pytest.fixture(scope="module")
def songjiang_path(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Path:
    """The store of the real district: towns, POIs, villages known by their town."""
    from tests.conftest import REAL

    folder = tmp_path_factory.mktemp("songjiang")
    city_file = folder / "songjiang.toml"
    city_file.write_text((HEAD + POIS + VILLAGES).format(data=REAL), encoding="utf-8")
    path = folder / "songjiang.gpkg"
    import_city(city_file, path, now)
    return path


@pytest.fixture(scope="module")
def songjiang(songjiang_path: Path) -> Iterator[Store]:
    """The real district's store, open."""
    store = open_store(songjiang_path)
    yield store
    store.close()
