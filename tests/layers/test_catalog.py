"""Layers are declared once and follow the city's own levels and kinds."""

from __future__ import annotations

from geo_data.city import Basemap
from geo_data.store import Store
from layers import catalog
from tests.geo_data.small_city import CITY


def keys(*arguments: object) -> list[str]:
    return [layer.key for layer in catalog.layers(*arguments)]


def test_every_level_of_the_chain_is_a_layer_named_as_the_city_names_it(clearbay: Store) -> None:
    regions = [layer for layer in catalog.layers(clearbay.city) if layer.geometry == "region"]
    assert [layer.level for layer in regions] == list(clearbay.city.level_keys)
    assert [layer.name for layer in regions] == [level.name for level in clearbay.city.levels]


def test_kinds_nobody_named_become_layers_of_points_that_are_off() -> None:
    layers = {layer.key: layer for layer in catalog.layers(CITY, ["shelter", "village"])}
    assert layers["place-shelter"].geometry == "point"
    assert layers["place-shelter"].name("en") == "Shelter"
    assert not layers["place-shelter"].default_on
    assert layers["place-village"].geometry == "area"
    assert "place-shelter" not in keys(CITY)


def test_a_base_map_is_offered_where_the_city_has_one() -> None:
    assert "basemap" not in keys(CITY)
    with_map = CITY.model_copy(update={"basemap": Basemap(url="http://maps.local/{z}/{x}/{y}")})
    assert keys(with_map)[0] == "basemap"


def test_kinds_of_a_store(lived: Store) -> None:
    assert catalog.place_kinds(lived) == ("building", "residential", "shelter", "village")


def test_keys_are_fit_for_a_url() -> None:
    found = keys(CITY, ["bus-stop"])
    assert len(found) == len(set(found))
    assert all(key.replace("-", "").isalnum() for key in found)
