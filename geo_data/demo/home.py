"""The plan of the home district: what is publicly known of Songjiang, out of ``songjiang.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo_data.crs import WGS_84
from geo_data.demo.lines import Floats, drawn
from geo_data.demo.outline import Outline
from geo_data.demo.plan import Plan, Seat, Spots

HOME_ADCODE = "310117"


def plan_home(outline: Outline, waves: Floats, random: np.random.Generator) -> Plan:
    """Lay out the true seats, centres, industry, rivers, roads and metro stops.

    Parameters
    ----------
    outline : Outline
        The district.
    waves : ndarray
        Of the plan's noise.
    random : Generator
        Frays the lines.
    """
    text = (files("geo_data.demo") / "songjiang.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    towns = table["towns"]
    at = _metres([town["at"] for town in towns], outline)
    seats = tuple(
        Seat(town["code"], town["name"], float(x), float(y), float(town["area-km2"]))
        for town, (x, y) in zip(towns, at, strict=True)
    )
    lines = tuple(
        drawn(
            entry["name"],
            entry["kind"],
            float(entry["width-m"]),
            _metres(entry["path"], outline),
            random,
        )
        for entry in table["lines"]
    )
    stops = _metres([stop["at"] for stop in table["metro"]], outline)
    metro = tuple(
        (stop["name"], float(x), float(y))
        for stop, (x, y) in zip(table["metro"], stops, strict=True)
    )
    area = table["functional"]
    return Plan(
        outline=outline,
        seats=seats,
        centres=_spots(table["centres"], outline),
        industry=_spots(table["industry"], outline),
        lines=lines,
        metro=metro,
        functional=(area["code"], area["name"], frozenset(area["zones"])),
        population=table["population"],
        home=True,
        waves=waves,
    )


def _metres(lon_lat: list[list[float]], outline: Outline) -> Floats:
    """Return ``lon, lat`` pairs as metres, shape (n, 2)."""
    points = gpd.GeoSeries(shapely.points(np.array(lon_lat)), crs=WGS_84)
    at: Floats = shapely.get_coordinates(points.to_crs(outline.metric_crs).to_numpy())
    return at


def _spots(entries: list[Mapping[str, Any]], outline: Outline) -> Spots:
    at = _metres([entry["at"] for entry in entries], outline)
    return Spots(
        tuple(entry["name"] for entry in entries),
        at[:, 0],
        at[:, 1],
        np.array([float(entry["weight"]) for entry in entries]),
        np.array([float(entry["radius-m"]) for entry in entries]),
    )
