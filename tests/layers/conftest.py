"""The small city with a past, shared by the tests of how it is drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geo_data.store import Store
from tests.geo_data.lived_city import make_lived_city


@pytest.fixture(scope="package")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three towns, ten grids, a case in each; read only."""
    store = make_lived_city(tmp_path_factory.mktemp("layers") / "city.gpkg")
    yield store
    store.close()
