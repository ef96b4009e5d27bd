"""Places: found by code, listed by kind and region, counted, and masked where told so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geo_data.queries import place, place_counts, place_shape, places
from geo_data.records import Scope
from geo_data.store import Store
from tests.geo_data.lived_city import make_lived_city
from tests.geo_data.small_city import cell
from tests.stores import Stores

ALL = Scope.everything()


@pytest.fixture(scope="module")
def store(module_stores: Stores) -> Iterator[Store]:
    store = make_lived_city(module_stores.new())
    yield store
    store.close()


def test_a_place_with_all_that_is_known(store: Store) -> None:
    found = place(store, ALL, "shelter-1")
    assert found is not None
    assert (found.kind, found.region_code, found.site_code) == (
        "shelter",
        "t1g0",
        "residential-1",
    )
    assert found.attributes == {"phone": "13800000001", "beds": 1}
    assert found.bbox == pytest.approx(cell(2.1, 0.1, 0.2, 0.2).bounds)
    assert place_shape(store, ALL, "shelter-1") == cell(2.1, 0.1, 0.2, 0.2)


def test_no_such_place(store: Store) -> None:
    assert place(store, ALL, "nothing") is None
    assert place_shape(store, ALL, "nothing") is None


def test_withheld_fields(store: Store) -> None:
    found = place(store, Scope(masked=frozenset({"phone", "address"})), "shelter-1")
    assert found is not None
    assert found.attributes == {"phone": "***", "beds": 1}
    assert (found.address, found.name) == ("***", "新桥shelter1")
    frame = places(store, Scope(masked=frozenset({"name"})), ["shelter"])
    assert frame["name"].unique().tolist() == ["***"]


def test_places_of_some_kinds_in_a_region(store: Store) -> None:
    frame = places(store, ALL, ["shelter", "building"], "t0")
    assert frame["code"].tolist() == ["b0", "shelter-0"]
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.iloc[1] == cell(0.1, 0.1, 0.2, 0.2)
    assert list(frame.columns) == [
        *("fid", "code", "kind", "name", "region_code", "site_code"),
        *("floors", "use", "lon", "lat", "geometry"),
    ]


@pytest.mark.parametrize(
    ("region", "found"),
    [(None, 3), ("c", 3), ("t1", 1), ("t1g0", 1), ("t1g1", 0), ("f", 2), ("nowhere", 0)],
)
def test_a_region_holds_what_is_below_it(store: Store, region: str | None, found: int) -> None:
    frame = places(store, ALL, ["residential"], region)
    assert len(frame) == found
    assert frame.crs.to_epsg() == 4326


def test_counts_are_those_of_the_lists(store: Store) -> None:
    kinds = ["village", "building", "residential", "shelter"]
    for region in ("c", "t0", "t1", "t2", "t0g0", "t1g1", "f"):
        listed = places(store, ALL, kinds, region)["kind"].value_counts().to_dict()
        assert place_counts(store, ALL, region) == listed
    assert place_counts(store, ALL, "nowhere") == {}
    assert place_counts(store, Scope(kinds=frozenset({"shelter"})), "c") == {"shelter": 3}
