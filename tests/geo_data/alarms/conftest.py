"""The small city with rules, on both stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geo_data.store import Store, open_store
from tests.geo_data.alarms.noisy_city import with_rules
from tests.geo_data.small_city import make_small_city
from tests.stores import Address, Stores


@pytest.fixture(scope="module")
def empty(module_stores: Stores) -> Address:
    path = module_stores.new()
    make_small_city(path).close()
    return path


@pytest.fixture
def store(empty: Address, stores: Stores) -> Iterator[Store]:
    store = open_store(stores.copy(empty))
    with_rules(store)
    yield store
    store.close()
