"""A small city to print, and one sheet of it that many tests look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geo_data.store import Store
from layers.print import Sheet
from tests.geo_data.lived_city import make_lived_city
from tests.layers.print.asking import sheet_of


@pytest.fixture(scope="package")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three towns, ten grids, a case in each; read only."""
    store = make_lived_city(tmp_path_factory.mktemp("print") / "city.gpkg")
    yield store
    store.close()


@pytest.fixture(scope="package")
def sheet(city: Store) -> Sheet:
    """The whole city on A3."""
    return sheet_of(city)
